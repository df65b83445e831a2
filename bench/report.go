package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
	"unicode"
)

// report is what is written down of a run. Nothing in it was typed by hand but the text of the template.
type report struct {
	Began    time.Time
	Took     time.Duration
	Machine  machine
	Rounds   int
	Slice    time.Duration
	Rows     int
	Aims     []judgement
	Left     []error
	chapters []chapter
}

// chapter is what was measured in memory, or on one engine.
type chapter struct {
	title    string
	sections []section
}

type section struct {
	table   table
	plotted *results // nil: there is nothing to plot
}

func (b *bench) report(began time.Time) report {
	return report{
		Began: began, Took: time.Since(began), Machine: thisMachine(), Rounds: b.rounds, Slice: b.slice, Rows: b.rows,
		Aims: b.verdicts, Left: b.left, chapters: b.chapters,
	}
}

// pictures is the folder of the pictures, beside the page. All pictures in it are of the last run.
const pictures = "performance"

// write writes performance.md and its pictures into a folder, and removes the pictures of an earlier run.
func (r report) write(folder string) error {
	page, files, err := r.render()
	if err != nil {
		return err
	}
	dir := filepath.Join(folder, pictures)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	if err != nil {
		return err
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	for name, picture := range files {
		if err := os.WriteFile(filepath.Join(dir, name), picture, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "performance.md"), page, 0o644)
}

//go:embed performance.md.tmpl
var pageText string

// escape is the only way of a text of the run into the page.
var pageTemplate = template.Must(template.New("performance.md").Funcs(template.FuncMap{
	"escape": func(text any) string { return escape(fmt.Sprint(text)) },
}).Parse(pageText))

// chapterOnPage and sectionOnPage are what the template sees.
type (
	chapterOnPage struct {
		Title    string
		Sections []sectionOnPage
	}
	sectionOnPage struct {
		Title, Table, Note, Picture string
	}
)

// render makes the page, and its pictures by their file names.
func (r report) render() (page []byte, files map[string][]byte, err error) {
	files = map[string][]byte{}
	var chapters []chapterOnPage
	for _, c := range r.chapters {
		on := chapterOnPage{Title: c.title}
		drawn, err := plots(c.sections)
		if err != nil {
			return nil, nil, err
		}
		for i, s := range c.sections {
			shown := sectionOnPage{Title: s.table.title, Table: s.table.markdown(), Note: s.table.note}
			if drawn[i] != nil {
				name := unused(files, slug(s.table.title))
				files[name] = drawn[i]
				shown.Picture = pictures + "/" + name
			}
			on.Sections = append(on.Sections, shown)
		}
		chapters = append(chapters, on)
	}
	var text bytes.Buffer
	err = pageTemplate.Execute(&text, struct {
		report
		Chapters []chapterOnPage
	}{r, chapters})
	return text.Bytes(), files, err
}

// Missed is how many aims were missed.
func (r report) Missed() (n int) {
	for _, v := range r.Aims {
		if v.Word == "MISSED" {
			n++
		}
	}
	return n
}

// Short reports whether there were fewer rounds or rows than usual.
func (r report) Short() bool { return r.Rounds < usualRounds || r.Rows < usualRows }

// slug makes a file name of a title, without the numbers, which differ from run to run.
func slug(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(c rune) bool {
		return c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c)
	})
	var kept []string
	for _, word := range words {
		if strings.Trim(word, "0123456789") != "" {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, "-")
}

// unused is a file name that no picture has.
func unused(files map[string][]byte, name string) string {
	file := name + ".svg"
	for n := 2; files[file] != nil; n++ {
		file = fmt.Sprintf("%s-%d.svg", name, n)
	}
	return file
}
