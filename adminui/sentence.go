package adminui

import (
	"fmt"
	"html/template"
)

// sentence writes ids and names into a text of the pages. Each stands in an element of its own, so that one that is written from
// right to left does not turn the words around it. The format is from here, and never from a person.
func sentence(format string, values ...any) template.HTML {
	escaped := make([]any, len(values))
	for i, value := range values {
		if text, is := value.(string); is {
			value = "<bdi>" + template.HTMLEscapeString(text) + "</bdi>"
		}
		escaped[i] = value
	}
	return template.HTML(fmt.Sprintf(format, escaped...))
}
