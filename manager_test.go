package apitoken_test

import (
	"errors"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestOptionsAreChecked(t *testing.T) {
	for name, opts := range map[string]apitoken.Options{
		"prefix of 6 characters":        {Prefix: "abcdef"},
		"prefix that begins with digit": {Prefix: "1ab"},
		"prefix in upper case":          {Prefix: "Tok"},
		"prefix with an underscore":     {Prefix: "a_b"},
		"negative maximum":              {DefaultMaxLifetime: -1},
		"negative default lifetime":     {DefaultLifetime: -1},
		"default lifetime of centuries": {DefaultLifetime: apitoken.Days(100000)},
		"negative last used step":       {LastUsedStep: -1},
		"role without name":             {Roles: map[apitoken.Role]apitoken.Permission{"": 1}},
		"kind without name":             {Kinds: []apitoken.Kind{""}},
	} {
		if _, err := apitoken.New(newSpyStore(nil), &opts); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := apitoken.New(nil, nil); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("no store: %v", err)
	}
}

func TestHostsDeclareRolesAndKinds(t *testing.T) {
	h := newHost(t, apitoken.Options{
		Kinds: []apitoken.Kind{"deploy"},
		Roles: map[apitoken.Role]apitoken.Permission{"auditor": apitoken.ReadEvents, apitoken.RoleUser: 0},
	})
	token, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci", Kind: "deploy"})
	if token.Kind != "deploy" {
		t.Errorf("kind is %q", token.Kind)
	}
	if _, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "x"}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("a built-in role put in its place: %v", err)
	}
	h.mustPutUser(carol, "auditor")
	for _, err := range h.Events(ctx, apitoken.As(carol), apitoken.EventQuery{}) {
		h.must(err)
	}
	// Another replica that does not declare the role grants it nothing.
	m, err := apitoken.New(h.store, nil)
	h.must(err)
	for _, err := range m.Events(ctx, apitoken.As(carol), apitoken.EventQuery{}) {
		if !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("an undeclared role: %v", err)
		}
	}
}
