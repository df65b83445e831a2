package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/template"
	"time"
)

// report is the content of the page. Every number on the page comes from it.
type report struct {
	Began    time.Time
	Took     time.Duration
	Machine  machine // before the run
	Rounds   int     // each case runs one slice a round
	Slice    time.Duration
	Rows     int // of the large table
	Costs    []cost
	Aims     []judgement
	Missing  []error // engines that are not installed
	Chapters []chapter
}

// chapter holds what was measured in memory or on one engine.
type chapter struct {
	Title  string
	Tables []table
}

// write writes performance.md into a folder.
func (r report) write(folder string) error {
	page, err := r.render()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "performance.md"), page, 0o644)
}

//go:embed performance.md.tmpl
var pageText string

// The template escapes every text of the run.
var pageTemplate = template.Must(template.New("performance.md").Funcs(template.FuncMap{
	"escape": func(text any) string { return escape(fmt.Sprint(text)) },
}).Parse(pageText))

func (r report) render() ([]byte, error) {
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, r)
	return page.Bytes(), err
}

// Missed returns the aims that were missed.
func (r report) Missed() []judgement {
	return slices.DeleteFunc(slices.Clone(r.Aims), func(j judgement) bool { return j.Met })
}

// Met returns the aims that were met.
func (r report) Met() []judgement {
	return slices.DeleteFunc(slices.Clone(r.Aims), func(j judgement) bool { return !j.Met })
}

// Short reports whether the run had fewer rounds or rows than usual.
func (r report) Short() bool { return r.Rounds < usualRounds || r.Rows < usualRows }
