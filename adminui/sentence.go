package adminui

import (
	"fmt"
	"html/template"
)

// sentence formats a text with ids and names, each isolated in an element of its own. Otherwise a name in a right-to-left script
// would change the order of the words around it. The format must come from this package and never from a user.
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
