package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table is what a measurement found out, ready to be shown.
type table struct {
	title   string
	columns []string
	rows    []row
	note    string // what else there is to tell; may be empty
}

type row struct {
	name  string
	cells []string // one for each column
}

// print writes a table for a terminal.
func (t table) print(w io.Writer) {
	fmt.Fprintln(w, t.title)
	tabs := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tabs, "%s\t  case\n", strings.Join(t.columns, "\t"))
	for _, r := range t.rows {
		fmt.Fprintf(tabs, "%s\t  %s\n", strings.Join(r.cells, "\t"), r.name)
	}
	_ = tabs.Flush()
	if t.note != "" {
		fmt.Fprintln(w, t.note)
	}
	fmt.Fprintln(w)
}

// markdown is a table for a page.
func (t table) markdown() string {
	var text strings.Builder
	line := func(name string, cells []string) {
		text.WriteString("| " + escape(name) + " |")
		for _, cell := range cells {
			text.WriteString(" " + escape(cell) + " |")
		}
		text.WriteByte('\n')
	}
	line("", t.columns)
	text.WriteString("|---|" + strings.Repeat("---:|", len(t.columns)) + "\n")
	for _, r := range t.rows {
		line(r.name, r.cells)
	}
	return text.String()
}

// escaper makes each character that Markdown, or HTML within it, takes for something else stand for itself.
var escaper = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", `\|`, `\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`,
	"~", `\~`, "\n", " ",
)

func escape(text string) string { return escaper.Replace(text) }
