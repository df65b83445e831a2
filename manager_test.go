package apitoken_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestInvalidOptionsAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		opts  apitoken.Options
		field string // that the error names
	}{
		{"prefix of 6 characters", apitoken.Options{Prefix: "abcdef"}, "prefix"},
		{"prefix that begins with a digit", apitoken.Options{Prefix: "1ab"}, "prefix"},
		{"prefix in upper case", apitoken.Options{Prefix: "Tok"}, "prefix"},
		{"prefix with an underscore", apitoken.Options{Prefix: "a_b"}, "prefix"},
		{"negative maximum", apitoken.Options{DefaultMaxLifetime: -1}, "maximum lifetime"},
		{"negative default lifetime", apitoken.Options{DefaultLifetime: -1}, "lifetime"},
		{"default lifetime of centuries", apitoken.Options{DefaultLifetime: apitoken.Days(100000)}, "lifetime"},
		{"negative last used step", apitoken.Options{LastUsedStep: -1}, "last used step"},
		{"role without a name", apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"": 1}}, "role"},
		{"kind without a name", apitoken.Options{Kinds: []apitoken.Kind{""}}, "kind"},
		{"rule of a kind without a name", apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{"": {}}}, "kind"},
		{"rule of a kind with outer space", apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{" x": {}}}, "kind"},
		{"rule of a kind with an invisible character", apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{"zero\u200bwidth": {}}}, "kind"},
	} {
		_, err := apitoken.New(newSpyStore(nil), &tt.opts)
		if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), tt.field+": ") {
			t.Errorf("%s: %v, want ErrInvalid for the field %s", tt.name, err, tt.field)
		}
	}
	if _, err := apitoken.New(nil, nil); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("no store: %v, want ErrInvalid", err)
	}
}

func TestHostsDeclareRolesAndKinds(t *testing.T) {
	h := newHost(t, apitoken.Options{
		Kinds: []apitoken.Kind{"deploy"},
		Roles: map[apitoken.Role]apitoken.Permission{"auditor": apitoken.ReadEvents, apitoken.RoleUser: 0},
	})
	token, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci", Kind: "deploy"})
	if token.Kind != "deploy" {
		t.Errorf("a token of the kind %q, want deploy", token.Kind)
	}
	if err := third(h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "x"})); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("generate in a replaced built-in role that grants nothing: %v, want ErrDenied", err)
	}
	h.mustPutUser(carol, "auditor")
	h.must(firstError(h.Events(ctx, apitoken.As(carol), apitoken.EventQuery{})))
	// Another replica that does not declare the role grants it nothing.
	m, err := apitoken.New(h.store, nil)
	h.must(err)
	if err := firstError(m.Events(ctx, apitoken.As(carol), apitoken.EventQuery{})); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("read events in an undeclared role: %v, want ErrDenied", err)
	}
}
