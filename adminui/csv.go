package adminui

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
)

var csvHeader = []string{
	"id", "owner", "name", "kind", "status", "created_at", "created_by", "expires_at", "last_used_at", "revoked_at", "revoked_by", "hint",
	"resource", "description",
}

// download streams the tokens of the inventory as CSV (RFC 4180).
func (v *visit) download() error {
	chosen, q, err := v.readFilters(v.r.URL.Query())
	if err != nil {
		return err
	}
	if chosen.Status == "" {
		q.Status = ""
	}
	if chosen.Order == "" {
		q.Order = apitoken.OrderOldest
	}
	q.Limit = 1000
	return newFile(v, "tokens.csv", v.opts.CSVColumns.header()).stream(v.csvRecords(q))
}

func csvRecord(t apitoken.Token, now time.Time) []string {
	cells := []string{
		t.ID.String(), string(t.Owner), t.Name, string(t.Kind), string(t.Status(now)), csvTime(t.CreatedAt), string(t.CreatedBy),
		csvTime(t.ExpiresAt), csvTime(t.LastUsedAt), csvTime(t.RevokedAt), string(t.RevokedBy), t.Hint,
		t.Resource, t.Description,
	}
	return safeCells(cells)
}

// safeCells returns cells in which spreadsheets find no formula.
func safeCells(cells []string) []string {
	for i, cell := range cells {
		cells[i] = withoutFormulas(cell)
	}
	return cells
}

// Spreadsheets split cells at the separator of their locale, even inside quotation marks, and read a cell that begins with one of
// these characters as a formula. The wide forms are used with Chinese, Japanese and Korean.
const (
	separators     = ",;|\t\r\n"
	formulaStarts  = "=+-@\t\r＝＋－＠"
	beforeFormulas = ` "` // may precede a formula
)

// withoutFormulas returns a cell in which spreadsheets find no formula. It adds an apostrophe where a formula would begin: at the
// start of the cell and after each separator. It doubles an apostrophe that is already there, so that the text can be restored.
func withoutFormulas(cell string) string {
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
