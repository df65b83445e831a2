package adminui

import (
	"encoding/csv"
	"net/http"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

var csvHeader = []string{
	"id", "owner", "name", "kind", "status", "created_at", "created_by", "expires_at", "last_used_at", "revoked_at", "revoked_by", "hint",
	"resource",
}

// download sends the tokens of the inventory as CSV (RFC 4180), each as it comes from the store. Where the store fails on
// the way, the connection is cut, so that nobody takes a part for the whole.
func (v *visit) download() error {
	_, q, err := v.readFilters()
	if err != nil {
		return err
	}
	q.Limit = 1000
	out := csv.NewWriter(v.w)
	begun := false
	for t, err := range v.manager.Tokens(v.r.Context(), v.actor, q) {
		if err != nil && !begun {
			return err
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if !begun {
			begin(v.w, out)
			begun = true
		}
		_ = out.Write(record(t, v.now)) // a browser that is gone is nobody to tell
	}
	if !begun {
		begin(v.w, out)
	}
	out.Flush()
	return nil
}

func begin(w http.ResponseWriter, out *csv.Writer) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="tokens.csv"`)
	_ = out.Write(csvHeader)
}

func record(t apitoken.Token, now time.Time) []string {
	cells := []string{
		t.ID.String(), string(t.Owner), t.Name, string(t.Kind), string(t.Status(now)), csvTime(t.CreatedAt), string(t.CreatedBy),
		csvTime(t.ExpiresAt), csvTime(t.LastUsedAt), csvTime(t.RevokedAt), string(t.RevokedBy), t.Hint,
		t.Resource,
	}
	for i, cell := range cells {
		cells[i] = inert(cell)
	}
	return cells
}

// inert keeps a spreadsheet from taking a cell for a formula: it begins with an apostrophe then, and so does one that began
// with an apostrophe, so that what was can be told.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@'\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
