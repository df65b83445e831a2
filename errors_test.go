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
	"ErrTooMany":         {apitoken.ErrTooMany, "too_many"},
	"ErrConflict":        {apitoken.ErrConflict, "conflict"},
	"ErrTruncated":       {apitoken.ErrTruncated, "truncated"},
	"ErrUnavailable":     {apitoken.ErrUnavailable, "unavailable"},
	"ErrAborted":         {apitoken.ErrAborted, "aborted"},
	"ErrUncertain":       {apitoken.ErrUncertain, "outcome_unknown"},
	"ErrUnauthenticated": {apitoken.ErrUnauthenticated, "unauthenticated"},
	"ErrMalformed":       {apitoken.ErrMalformed, "malformed"},
	"ErrUnknownToken":    {apitoken.ErrUnknownToken, "unknown"},
	"ErrExpired":         {apitoken.ErrExpired, "expired"},
	"ErrReplaced":        {apitoken.ErrReplaced, "replaced"},
	"ErrRevoked":         {apitoken.ErrRevoked, "revoked"},
	"ErrUserDisabled":    {apitoken.ErrUserDisabled, "user_disabled"},
	"ErrSuspended":       {apitoken.ErrSuspended, "suspended"},
}

func TestEverySentinelHasItsOwnReason(t *testing.T) {
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
			t.Errorf("%s is missing in the table of reasons", name)
			continue
		}
		for _, err := range []error{r.err, fmt.Errorf("apitoken: x: %w", r.err), errors.Join(errors.New("x"), r.err)} {
			if got := apitoken.Reason(err); got != r.word {
				t.Errorf("Reason of %s is %q, want %q", name, got, r.word)
			}
		}
		if other := words[r.word]; other != "" {
			t.Errorf("%s and %s have the reason %q, want two", name, other, r.word)
		}
		if !regexp.MustCompile(`^[a-z_]{1,30}$`).MatchString(r.word) {
			t.Errorf("the reason %q is not fit for a label: lower-case letters and underscores", r.word)
		}
		words[r.word] = name
	}
	if len(names) != len(reasons) {
		t.Errorf("%d sentinels and %d reasons, want as many", len(names), len(reasons))
	}
}

func TestReasonOfCombinedErrors(t *testing.T) {
	both := func(a, b error) error { return fmt.Errorf("%w, and it could not be recorded: %w", a, b) }
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"an error of another package", errors.New("x"), "other"},
		{"a cancellation of another package", context.Canceled, "other"},
		{"the caller cancelled", both(apitoken.ErrUnavailable, context.Canceled), "canceled"},
		{"the caller's deadline passed", both(apitoken.ErrUnavailable, context.DeadlineExceeded), "unavailable"},
		{"the caller cancelled during the commit", both(apitoken.ErrUncertain, context.Canceled), "outcome_unknown"},
		{"a LifetimeError", &apitoken.LifetimeError{}, "lifetime_over_maximum"},
		{"a denial that was not recorded", both(apitoken.ErrDenied, apitoken.ErrUnavailable), "unavailable"},
		{"a denial whose record is uncertain", both(apitoken.ErrDenied, apitoken.ErrUncertain), "denied"},
		{"a hidden denial whose record is uncertain", both(apitoken.ErrNotFound, apitoken.ErrUncertain), "not_found"},
	} {
		if got := apitoken.Reason(tt.err); got != tt.want {
			t.Errorf("Reason of %s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// causes are the refusals of Authenticate.
var causes = []error{
	apitoken.ErrMalformed, apitoken.ErrUnknownToken, apitoken.ErrExpired, apitoken.ErrRevoked, apitoken.ErrUserDisabled,
}

func TestEveryCauseIsUnauthenticated(t *testing.T) {
	for _, cause := range causes {
		if !errors.Is(cause, apitoken.ErrUnauthenticated) {
			t.Errorf("%v is not ErrUnauthenticated, want it for every refusal of Authenticate", cause)
		}
	}
	for _, other := range []error{apitoken.ErrUnavailable, apitoken.ErrDenied, apitoken.ErrNotFound, apitoken.ErrInvalid} {
		if errors.Is(other, apitoken.ErrUnauthenticated) {
			t.Errorf("%v is ErrUnauthenticated, want it for refusals of Authenticate only", other)
		}
	}
}
