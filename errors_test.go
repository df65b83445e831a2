package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

var reasons = map[string]struct {
	err  error
	word string
}{
	"ErrInvalid":         {apitoken.ErrInvalid, "invalid"},
	"ErrLifetime":        {apitoken.ErrLifetime, "lifetime_over_maximum"},
	"ErrDenied":          {apitoken.ErrDenied, "denied"},
	"ErrNotFound":        {apitoken.ErrNotFound, "not_found"},
	"ErrExists":          {apitoken.ErrExists, "exists"},
	"ErrRepeated":        {apitoken.ErrRepeated, "repeated"},
	"ErrConflict":        {apitoken.ErrConflict, "conflict"},
	"ErrUnavailable":     {apitoken.ErrUnavailable, "unavailable"},
	"ErrUncertain":       {apitoken.ErrUncertain, "outcome_unknown"},
	"ErrUnauthenticated": {apitoken.ErrUnauthenticated, "unauthenticated"},
	"ErrMalformed":       {apitoken.ErrMalformed, "malformed"},
	"ErrUnknownToken":    {apitoken.ErrUnknownToken, "unknown"},
	"ErrExpired":         {apitoken.ErrExpired, "expired"},
	"ErrRevoked":         {apitoken.ErrRevoked, "revoked"},
	"ErrUserDisabled":    {apitoken.ErrUserDisabled, "user_disabled"},
}

func TestEverySentinelHasAReasonOfItsOwn(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && spec.Names[0].IsExported() {
			names = append(names, spec.Names[0].Name)
		}
		return true
	})
	words := map[string]string{}
	for _, name := range names {
		r, ok := reasons[name]
		if !ok {
			t.Errorf("%s is not in the table", name)
			continue
		}
		for _, err := range []error{r.err, fmt.Errorf("apitoken: x: %w", r.err), errors.Join(errors.New("x"), r.err)} {
			if got := apitoken.Reason(err); got != r.word {
				t.Errorf("the reason of %s is %q, want %q", name, got, r.word)
			}
		}
		if other := words[r.word]; other != "" {
			t.Errorf("%s and %s have the same reason", name, other)
		}
		if !regexp.MustCompile(`^[a-z_]{1,30}$`).MatchString(r.word) {
			t.Errorf("%q is no word for a label", r.word)
		}
		words[r.word] = name
	}
	if len(names) != len(reasons) {
		t.Errorf("%d sentinels and %d reasons", len(names), len(reasons))
	}
}

func TestReasonOfMoreThanASentinel(t *testing.T) {
	both := func(a, b error) error { return fmt.Errorf("%w, and it could not be recorded: %w", a, b) }
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, ""},
		{"somebody else's error", errors.New("x"), "other"},
		{"somebody else's cancellation", context.Canceled, "other"},
		{"the caller gave up", both(apitoken.ErrUnavailable, context.Canceled), "canceled"},
		{"the caller's time was up", both(apitoken.ErrUnavailable, context.DeadlineExceeded), "unavailable"},
		{"the caller gave up at the commit", both(apitoken.ErrUncertain, context.Canceled), "outcome_unknown"},
		{"a limit", &apitoken.LifetimeError{}, "lifetime_over_maximum"},
		{"a denial that was not recorded", both(apitoken.ErrDenied, apitoken.ErrUnavailable), "unavailable"},
		{"a denial whose record is in doubt", both(apitoken.ErrDenied, apitoken.ErrUncertain), "denied"},
		{"a hidden denial whose record is in doubt", both(apitoken.ErrNotFound, apitoken.ErrUncertain), "not_found"},
	} {
		if got := apitoken.Reason(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

var causes = []error{
	apitoken.ErrMalformed, apitoken.ErrUnknownToken, apitoken.ErrExpired, apitoken.ErrRevoked, apitoken.ErrUserDisabled,
}

func TestEveryCauseIsUnauthenticated(t *testing.T) {
	for _, cause := range causes {
		if !errors.Is(cause, apitoken.ErrUnauthenticated) {
			t.Errorf("%v is not ErrUnauthenticated", cause)
		}
	}
	for _, other := range []error{apitoken.ErrUnavailable, apitoken.ErrDenied, apitoken.ErrNotFound, apitoken.ErrInvalid} {
		if errors.Is(other, apitoken.ErrUnauthenticated) {
			t.Errorf("%v is ErrUnauthenticated", other)
		}
	}
}
