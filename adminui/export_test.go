package adminui

import (
	"maps"
	"slices"
)

// Routes returns the patterns of all pages, sorted.
func Routes() []string { return slices.Sorted(maps.Keys(pages())) }

var AgoText = inEnglish.ago

var WithoutFormulas = withoutFormulas
