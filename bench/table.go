package main

import (
	"fmt"
	"strings"
)

// table shows the results of a group.
type table struct {
	title   string
	columns []string
	rows    []row
}

type row struct {
	name  string
	cells []string // one for each column
}

// Markdown returns the table for a page, under a heading.
func (t table) Markdown() string {
	var text strings.Builder
	line := func(name string, cells []string) {
		text.WriteString("| " + escape(name) + " |")
		for _, cell := range cells {
			text.WriteString(" " + escape(cell) + " |")
		}
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, "### %s\n\n", escape(t.title))
	line("", t.columns)
	text.WriteString("|---|" + strings.Repeat("---:|", len(t.columns)) + "\n")
	for _, r := range t.rows {
		line(r.name, r.cells)
	}
	return text.String()
}

// escaper keeps Markdown and HTML from interpreting a text.
var escaper = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", `\|`, `\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`,
	"~", `\~`, "\n", " ",
)

func escape(text string) string { return escaper.Replace(text) }
