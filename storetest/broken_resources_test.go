package storetest_test

import (
	"context"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenResources returns stores that lose or confuse resources.
func brokenResources() []broken {
	resourcesBy := func(is func(asked, bound string) bool) func(apitoken.Store) apitoken.Store {
		return selecting(func(q apitoken.TokenQuery, t apitoken.Token) bool {
			asked := q.Resource
			q.Resource = ""
			return soundly(q, t) && (asked == "" || is(asked, t.Resource))
		})
	}
	return []broken{{
		"drops the resource", "stores tokens without Resource",
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
		"truncates resources", "keeps the first 100 bytes of Resource",
		[]string{"texts/255 bytes", "filters/resource of 255 bytes"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, token: func(t *apitoken.Token) { t.Resource = t.Resource[:min(len(t.Resource), 100)] }}
		},
	}, {
		"any resource", "selects for Resource every bound token",
		[]string{"filters/resource of a resource", "filters/resource of the end", "filters/any two conditions together"},
		resourcesBy(func(_, bound string) bool { return bound != "" }),
	}, {
		"no resource is a resource", "treats an empty Resource as a condition",
		[]string{"filters/resource of nothing"},
		selecting(func(q apitoken.TokenQuery, t apitoken.Token) bool {
			return soundly(q, t) && q.Resource == t.Resource
		}),
	}, {
		"resources in any case", "selects for Resource ignoring case",
		[]string{"filters/resource of a resource", "filters/resource of all capitals"},
		resourcesBy(strings.EqualFold),
	}, {
		"resources without trailing spaces", "selects for Resource ignoring trailing spaces",
		[]string{"filters/resource of a resource", "filters/resource of a trailing space"},
		resourcesBy(func(asked, bound string) bool { return strings.TrimRight(asked, " ") == strings.TrimRight(bound, " ") }),
	}, {
		"resources by prefix", "selects for Resource the resources that begin with it",
		[]string{"filters/resource of a resource", "filters/resource of the beginning", "filters/resource of 254 bytes"},
		resourcesBy(func(asked, bound string) bool { return strings.HasPrefix(bound, asked) }),
	}, {
		"resources by pattern", "treats percent signs in Resource as wildcards",
		[]string{"filters/resource of a percent sign"},
		resourcesBy(func(asked, bound string) bool {
			beginning, pattern := strings.CutSuffix(asked, "%")
			return bound == asked || pattern && strings.HasPrefix(bound, beginning)
		}),
	}, {
		"counts every resource", "ignores Resource in CountTokens",
		[]string{"filters/resource of a resource", "filters/resource of the end"},
		func(s apitoken.Store) apitoken.Store { return countsAnyResource{s} },
	}, {
		"pages of every resource", "ignores Resource in ScanTokens if the budget is small",
		[]string{"filters/resource of a resource", "scans/tokens by 3 rows"},
		func(s apitoken.Store) apitoken.Store { return pagesOfAnyResource{s} },
	}}
}

type countsAnyResource struct{ apitoken.Store }

func (s countsAnyResource) CountTokens(ctx context.Context, q apitoken.TokenQuery) (int, error) {
	q.Resource = ""
	return s.Store.(apitoken.TokenCounter).CountTokens(ctx, q)
}

func (s countsAnyResource) TallyTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
	return s.Store.(apitoken.TokenCounter).TallyTokens(ctx, q, rows)
}

type pagesOfAnyResource struct{ apitoken.Store }

func (s pagesOfAnyResource) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	if rows < 10 {
		q.Resource = ""
	}
	return s.Store.(apitoken.TokenPager).ScanTokens(ctx, q, rows)
}
