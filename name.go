package apitoken

import (
	"unicode"
	"unicode/utf8"
)

const maxTokenNameRunes = 100

// checkName holds a text that people give a thing to the rules for names: 1 to most characters of valid UTF-8, no space
// at either end, and nothing that a reader cannot see.
func checkName(field, name string, most int) error {
	if name == "" {
		return invalid(field, "is empty")
	}
	if n := utf8.RuneCountInString(name); n > most {
		return invalid(field, "is %d characters long, at most %d are allowed", n, most)
	}
	first, _ := utf8.DecodeRuneInString(name)
	last, _ := utf8.DecodeLastRuneInString(name)
	if unicode.IsSpace(first) || unicode.IsSpace(last) {
		return invalid(field, "begins or ends with a space")
	}
	return checkVisible(field, name)
}

const maxResourceBytes = 255

// checkResource holds what a token is bound to, if it is bound, to its rules: those for names, counted in bytes like the
// host's other identifiers. A space at either end would make two resources of what everybody reads as one.
func checkResource(resource string) error {
	const field = "resource"
	if n := len(resource); n > maxResourceBytes {
		return invalid(field, "is %d bytes long, at most %d are allowed", n, maxResourceBytes)
	}
	if resource == "" {
		return nil
	}
	return checkName(field, resource, maxResourceBytes)
}

// checkVisible refuses what is not UTF-8, and control, format, private-use, unassigned and zero-width characters: they make two different names
// look alike, turn text around, or break a line of a log.
func checkVisible(field, text string) error {
	if !utf8.ValidString(text) {
		return invalid(field, "is not valid UTF-8")
	}
	for _, r := range text {
		if !unicode.IsGraphic(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return invalid(field, "contains the invisible character %U", r)
		}
	}
	return nil
}
