package storetest_test

import (
	"context"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenResources lose what a token is bound to, or take one resource for another.
func brokenResources() []broken {
	resourcesBy := func(is func(asked, bound string) bool) func(apitoken.Store) apitoken.Store {
		return selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			asked := q.Resource
			q.Resource = ""
			return soundly(q, now, t) && (asked == "" || is(asked, t.Resource))
		})
	}
	return []broken{{
		"binds nothing", "does not keep what a token is bound to",
		[]string{
			"tokens/a created token is read back with every field", "texts/plain", "filters/resource of a resource",
			"filters/any two conditions together",
		},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.Resource = ""
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"cuts resources", "keeps the first 100 bytes of what a token is bound to",
		[]string{"texts/255 bytes", "filters/resource of 255 bytes"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, token: func(t *apitoken.Token) { t.Resource = t.Resource[:min(len(t.Resource), 100)] }}
		},
	}, {
		"resources are no condition", "selects for Resource whatever is bound",
		[]string{"filters/resource of a resource", "filters/resource of the end", "filters/any two conditions together"},
		resourcesBy(func(_, bound string) bool { return bound != "" }),
	}, {
		"no resource is a resource", "takes an empty Resource for a condition",
		[]string{"filters/resource of nothing"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			return soundly(q, now, t) && q.Resource == t.Resource
		}),
	}, {
		"resources in any case", "selects for Resource without regard to case",
		[]string{"filters/resource of a resource", "filters/resource of all capitals"},
		resourcesBy(strings.EqualFold),
	}, {
		"resources without spaces behind", "selects for Resource without regard to spaces behind",
		[]string{"filters/resource of a resource", "filters/resource of a space behind"},
		resourcesBy(func(asked, bound string) bool { return strings.TrimRight(asked, " ") == strings.TrimRight(bound, " ") }),
	}, {
		"resources by their beginning", "selects for Resource what begins with it",
		[]string{"filters/resource of a resource", "filters/resource of the beginning", "filters/resource of 254 bytes"},
		resourcesBy(func(asked, bound string) bool { return strings.HasPrefix(bound, asked) }),
	}, {
		"resources by pattern", "takes percent signs in Resource for any characters",
		[]string{"filters/resource of a percent sign"},
		resourcesBy(func(asked, bound string) bool {
			beginning, pattern := strings.CutSuffix(asked, "%")
			return bound == asked || pattern && strings.HasPrefix(bound, beginning)
		}),
	}, {
		"counts every resource", "counts for Resource the tokens of all",
		[]string{"filters/resource of a resource", "filters/resource of the end"},
		func(s apitoken.Store) apitoken.Store { return countsAnyResource{s} },
	}, {
		"scans every resource", "scans for Resource the tokens of all where the budget is small",
		[]string{"filters/resource of a resource", "scans/tokens by 3 rows"},
		func(s apitoken.Store) apitoken.Store { return scansAnyResource{s} },
	}}
}

type countsAnyResource struct{ apitoken.Store }

func (s countsAnyResource) CountTokens(ctx context.Context, q apitoken.TokenQuery, now time.Time) (int, error) {
	q.Resource = ""
	return s.Store.(apitoken.TokenCounter).CountTokens(ctx, q, now)
}

type scansAnyResource struct{ apitoken.Store }

func (s scansAnyResource) TokenPage(ctx context.Context, q apitoken.TokenQuery, now time.Time, rows int) (apitoken.TokenPage, error) {
	if rows < 10 {
		q.Resource = ""
	}
	return s.Store.(apitoken.TokenPager).TokenPage(ctx, q, now, rows)
}
