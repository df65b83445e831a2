package adminui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxAccepted is how many languages of a header are read, so that a long header costs little.
const maxAccepted = 20

// acceptedLanguages returns the tags in a header Accept-Language, the preferred ones first. Those that are refused, and the wildcard,
// are left out.
func acceptedLanguages(header string) (tags []string) {
	type weighed struct {
		tag    string
		weight float64
	}
	var all []weighed
	for _, part := range strings.SplitN(header, ",", maxAccepted+1)[:min(maxAccepted, strings.Count(header, ",")+1)] {
		tag, parameter, _ := strings.Cut(part, ";")
		w := weighed{strings.TrimSpace(tag), 1}
		if q, found := strings.CutPrefix(strings.TrimSpace(parameter), "q="); found {
			w.weight, _ = strconv.ParseFloat(q, 64)
		}
		if w.tag != "" && w.tag != "*" && w.weight > 0 {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	for _, w := range all {
		tags = append(tags, w.tag)
	}
	return tags
}
