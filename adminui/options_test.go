package adminui_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func noValues(context.Context, []apitoken.Token) ([][]string, error) { return nil, nil }

func TestInvalidOptions(t *testing.T) {
	m := tokentest.New(t).Manager
	actor := func(*http.Request) (apitoken.Actor, error) { return apitoken.Actor{}, nil }
	for name, opts := range map[string]*adminui.Options{
		"nil":                        nil,
		"no actor":                   {},
		"a prefix without a slash":   {Actor: actor, Prefix: "admin"},
		"a prefix that ends in one":  {Actor: actor, Prefix: "/admin/"},
		"the root as a slash":        {Actor: actor, Prefix: "/"},
		"a prefix that is not clean": {Actor: actor, Prefix: "/a//b"},
		"a prefix with a wildcard":   {Actor: actor, Prefix: "/{tenant}"},
		"a prefix that is encoded":   {Actor: actor, Prefix: "/%C3%BC"},
		"a prefix that is not UTF-8": {Actor: actor, Prefix: "/\xff"},
		"a prefix with a line break": {Actor: actor, Prefix: "/a\nb"},
		"a prefix with a backslash":  {Actor: actor, Prefix: `/a\b`},
		"an origin without a scheme": {Actor: actor, TrustedOrigins: []string{"tokens.example.com"}},

		"a style sheet of another host":      {Actor: actor, StyleSheet: "https://example.com/theme.css"},
		"a style sheet with two slashes":     {Actor: actor, StyleSheet: "//example.com/theme.css"},
		"a style sheet with a backslash":     {Actor: actor, StyleSheet: `/\example.com/theme.css`},
		"a style sheet with a line break":    {Actor: actor, StyleSheet: "/theme.css\n"},
		"a logo of another host":             {Actor: actor, Logo: adminui.Image{Path: "https://example.com/logo.svg", Text: "Example"}},
		"a logo without a text":              {Actor: actor, Logo: adminui.Image{Path: "/logo.svg"}},
		"a logo without a path":              {Actor: actor, Logo: adminui.Image{Text: "Example"}},
		"a link that runs a script":          {Actor: actor, BackTo: adminui.Link{Path: "javascript:alert(1)", Text: "Example"}},
		"a link without a text":              {Actor: actor, BackTo: adminui.Link{Path: "/", Text: " "}},
		"columns without a function":         {Actor: actor, CSVColumns: &adminui.CSVColumns{Names: []string{"email"}}},
		"no column":                          {Actor: actor, CSVColumns: &adminui.CSVColumns{Values: noValues}},
		"a column without a name":            {Actor: actor, CSVColumns: &adminui.CSVColumns{Values: noValues, Names: []string{""}}},
		"a column with a name that is taken": {Actor: actor, CSVColumns: &adminui.CSVColumns{Values: noValues, Names: []string{"owner"}}},
		"two columns of one name":            {Actor: actor, CSVColumns: &adminui.CSVColumns{Values: noValues, Names: []string{"a", "a"}}},
	} {
		if _, err := adminui.New(m, opts); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := adminui.New(nil, &adminui.Options{Actor: actor}); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("no manager: %v, want ErrInvalid", err)
	}
	for _, prefix := range []string{"", "/admin", "/a/b-c"} {
		if _, err := adminui.New(m, &adminui.Options{Actor: actor, Prefix: prefix}); err != nil {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}
