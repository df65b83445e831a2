// Package german has the pages of package adminui in German:
//
//	pages, err := adminui.New(m, &adminui.Options{
//		Translations: []adminui.Translation{german.Translation()},
//		...
//	})
//
// It is a package of its own so that a host without it does not link it, and a model for other languages.
package german

import (
	"maps"

	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// Translation returns the texts of all pages in German. The caller may change it.
func Translation() adminui.Translation {
	return adminui.Translation{Language: "de", Texts: maps.Clone(texts)}
}
