package adminui

import (
	"errors"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// refusedField returns the field that an error is about, in the words of the Manager: "name", "exemption until". Empty: none, or
// several. Numbers of limits and exemptions are left out, because a form has one of them.
func refusedField(err error) string {
	var over *apitoken.LifetimeError
	var invalid *apitoken.InvalidError
	switch {
	case errors.As(err, &over):
		return "lifetime"
	case errors.Is(err, apitoken.ErrExists):
		return "name"
	case !errors.As(err, &invalid):
		return ""
	}
	words := strings.Fields(invalid.Field)
	if len(words) == 3 && (words[0] == "limit" || words[0] == "exemption") {
		return words[0] + " " + words[2]
	}
	return invalid.Field
}
