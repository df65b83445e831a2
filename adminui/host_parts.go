package adminui

import (
	"net/url"
	"strings"
	"unicode"
)

// Image is an image of the host.
type Image struct {
	Path string // on the same origin, such as "/logo.svg"; it begins with a slash
	Text string // says what the image shows, for people who do not see it
}

// Link is a link to a page of the host.
type Link struct {
	Path string // on the same origin, such as "/"; it begins with a slash
	Text string // what it leads to
}

// checkHostParts refuses parts of the host that the pages cannot show.
func checkHostParts(o *Options) error {
	switch {
	case o.StyleSheet != "" && !isLocal(o.StyleSheet):
		return invalid("Options.StyleSheet %q is not a path that begins with one slash", o.StyleSheet)
	case o.Logo != Image{} && (!isLocal(o.Logo.Path) || !isLine(o.Logo.Text)):
		return invalid("Options.Logo %+q is not a path that begins with one slash and a text", o.Logo)
	case o.BackTo != Link{} && (!isLocal(o.BackTo.Path) || !isLine(o.BackTo.Text)):
		return invalid("Options.BackTo %+q is not a path that begins with one slash and a text", o.BackTo)
	}
	return nil
}

// isLocal reports whether a text is a path on the same origin. Browsers read two slashes, and a slash with a backslash, as the name
// of another host.
func isLocal(text string) bool {
	_, err := url.Parse(text)
	return err == nil && strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") && !strings.Contains(text, `\`)
}

// isLine reports whether a text is one line that shows something.
func isLine(text string) bool {
	return strings.TrimSpace(text) != "" && !strings.ContainsFunc(text, unicode.IsControl)
}
