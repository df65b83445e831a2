package adminui

import (
	"maps"
	"slices"
)

// Routes are the patterns of all pages, in order.
func Routes() []string { return slices.Sorted(maps.Keys(pages())) }

// Since says how long ago something was.
var Since = since

// Inert is what a cell of the CSV file becomes.
func Inert(cell string) string { return inert(cell) }
