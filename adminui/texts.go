package adminui

import (
	_ "embed"
	"strings"
)

//go:embed texts.txt
var allTexts string

// Texts returns the English text of everything that the pages say, sorted: the keys of [Translation.Texts]. In a text, each %s stands
// for a name, a number or another text. A text ends with its line.
//
// Some texts are not words: "," is the separator of thousands, and "2 Jan 2006, 15:04", "2 January 2006" and "2 Jan" are layouts of
// package time, whose months are texts too.
func Texts() []string { return strings.Split(strings.TrimSuffix(allTexts, "\n"), "\n") }
