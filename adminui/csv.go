package adminui

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
)

var csvHeader = []string{
	"id", "owner", "name", "kind", "status", "created_at", "created_by", "expires_at", "last_used_at", "revoked_at", "revoked_by", "hint",
	"resource",
}

// download sends the tokens of the inventory as CSV (RFC 4180), each as it comes from the store. If the store fails on the way,
// the connection is cut, so that a part does not pass for the whole.
func (v *visit) download() error {
	_, q, err := v.readFilters()
	if err != nil {
		return err
	}
	q.Limit = 1000
	f := newFile(v)
	for t, err := range v.manager.Tokens(v.r.Context(), v.actor, q) {
		if err != nil && !f.sent {
			f.end()
			v.w.Header().Del("Content-Disposition")
			return err
		}
		if err != nil || f.add(record(t, v.now)) != nil {
			f.cut()
		}
	}
	if f.finish() != nil {
		f.cut()
	}
	return nil
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

// Spreadsheets split a file at the separator of their locale, whatever the quotation marks say, and take what begins with
// one of these characters for a formula. The wide forms count where people write Chinese, Japanese or Korean.
const (
	separators     = ",;|\t\r\n"
	formulaStarts  = "=+-@\t\r＝＋－＠"
	beforeFormulas = ` "` // these may stand before it
)

// inert keeps a spreadsheet from finding a formula in a cell. It puts an apostrophe where a formula would begin: at the
// start of the cell and behind each separator. It also puts one before an apostrophe there, so that the original text can be
// restored.
func inert(cell string) string {
	var b strings.Builder
	start := true
	for i := range len(cell) {
		if start && (cell[i] == '\'' || isFormula(cell[i:])) {
			b.WriteByte('\'')
		}
		b.WriteByte(cell[i])
		start = strings.IndexByte(separators, cell[i]) >= 0
	}
	return b.String()
}

func isFormula(text string) bool {
	text = strings.TrimLeft(text, beforeFormulas)
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && strings.ContainsRune(formulaStarts, first)
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
