package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func TestListsHaveAnOrder(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var all []apitoken.Token
	for i, lifetime := range []time.Duration{3, 1, 2, 1} {
		token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Name: fmt.Sprintf("t%d", i), Owner: bob, Lifetime: lifetime * time.Hour})
		all = append(all, token)
	}
	endless, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Name: "endless", Owner: bob, Lifetime: apitoken.NoExpiration})
	tests := map[apitoken.TokenOrder][]apitoken.Token{
		apitoken.OrderNewest: {endless, all[3], all[2], all[1], all[0]},
		apitoken.OrderExpiry: {all[1], all[3], all[2], all[0]},
	}
	for order, want := range tests {
		for _, limit := range []int{1, 2, 5} {
			q := apitoken.TokenQuery{Owner: bob, Order: order, Limit: limit}
			if diff := cmp.Diff(want, collect(t, h.Tokens(ctx, apitoken.As(bob), q))); diff != "" {
				t.Errorf("order %s, %d a page (-want +got):\n%s", order, limit, diff)
			}
		}
	}
	for _, q := range []apitoken.TokenQuery{
		{Owner: bob, Order: "oldest"}, {Owner: bob, AfterExpiry: start}, {Owner: bob, Order: apitoken.OrderNewest, AfterExpiry: start},
		{Owner: bob, Order: apitoken.OrderExpiry, After: all[0].ID},
	} {
		if _, err := h.TokenPage(ctx, apitoken.As(bob), q); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%+v: error %v, want ErrInvalid", q, err)
		}
	}
	q := apitoken.TokenQuery{Owner: bob, Order: apitoken.OrderNewest}
	if _, err := h.RevokeMany(ctx, apitoken.As(bob), q, apitoken.RevokeManyParams{DryRun: true}); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("RevokeMany with an order: error %v, want ErrInvalid", err)
	}
}

func TestContradictoryQueriesReadNoTokens(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Name: "endless", Owner: bob, Lifetime: apitoken.NoExpiration})
	for name, q := range map[string]apitoken.TokenQuery{
		"in the order of expiry": {Order: apitoken.OrderExpiry},
		"expired":                {Status: apitoken.StatusExpired},
		"expires before":         {ExpiresBefore: start.AddDate(9, 0, 0)},
	} {
		store := newSpyStore(h.store)
		m := must(apitoken.New(store, &apitoken.Options{Clock: h.clock}))
		q.AnyOwner, q.WithoutExpiration = true, true
		page, err := m.TokenPage(ctx, apitoken.System(), q)
		h.must(err)
		tally, err := m.TallyTokens(ctx, apitoken.System(), q, 10)
		h.must(err)
		if len(page.Tokens) > 0 || !page.Next.IsZero() || tally != (apitoken.TokenTally{}) || store.total() > 0 {
			t.Errorf("never expires and %s: %+v, %+v with the calls %v, want nothing and none", name, page, tally, store.counts())
		}
		h.must(m.Close(ctx))
	}
	for _, status := range []apitoken.Status{"", apitoken.StatusActive} {
		q := apitoken.TokenQuery{AnyOwner: true, WithoutExpiration: true, Status: status, Order: apitoken.OrderNewest}
		page, err := h.TokenPage(ctx, apitoken.System(), q)
		h.must(err)
		tally, err := h.TallyTokens(ctx, apitoken.System(), q, 10)
		h.must(err)
		if len(page.Tokens) != 1 || tally.Active != 1 {
			t.Errorf("never expires, with the status %q: %+v, %+v, want the token", status, page, tally)
		}
	}
}

func TestTalliesAreBounded(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	inMemory := memstore.New()
	counting := h.WithStore(inMemory)
	plain := h.WithStore(plainStore{inMemory})
	_, err := counting.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob})
	h.must(err)
	for i := range 30 {
		p := apitoken.GenerateParams{Owner: bob, Name: fmt.Sprintf("t%d", i), Lifetime: time.Duration(1+i%2) * time.Hour, Kind: apitoken.KindUser}
		token, _, err := counting.Generate(ctx, apitoken.System(), p)
		h.must(err)
		if i%10 == 0 {
			h.must(counting.Revoke(ctx, apitoken.System(), token.ID))
		}
	}
	h.clock.Add(time.Hour)
	q := apitoken.TokenQuery{Owner: bob, Order: apitoken.OrderNewest}
	for rows, want := range map[int]apitoken.TokenTally{
		1:      {Active: 1, Examined: 1, More: true},
		29:     {Active: 15, Expired: 12, Revoked: 2, Examined: 29, More: true},
		30:     {Active: 15, Expired: 12, Revoked: 3, Examined: 30},
		10_000: {Active: 15, Expired: 12, Revoked: 3, Examined: 30},
	} {
		for name, m := range map[string]*apitoken.Manager{"a store that counts": counting, "a plain store": plain} {
			got, err := m.TallyTokens(ctx, apitoken.System(), q, rows)
			h.must(err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %d rows (-want +got):\n%s", name, rows, diff)
			}
		}
	}
	for _, rows := range []int{-1, 0, 10_001} {
		if _, err := counting.TallyTokens(ctx, apitoken.System(), q, rows); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%d rows: error %v, want ErrInvalid", rows, err)
		}
	}
	if _, err := h.TallyTokens(ctx, apitoken.As(carol), q, 10); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("another user's tokens: error %v, want ErrDenied", err)
	}
}

func TestListsSelectByOwnerStatusNameAndCursor(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var all []apitoken.Token
	for i := range 25 {
		owner := []apitoken.UserID{bob, carol}[i%2]
		token, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{
			Owner: owner, Name: fmt.Sprintf("t%d", i), Lifetime: time.Duration(i+1) * time.Hour,
		})
		all = append(all, token)
	}
	h.clock.Add(10 * time.Hour) // the first ten have expired
	h.must(h.Revoke(ctx, apitoken.System(), all[20].ID))
	all[20].RevokedAt = start.Add(10 * time.Hour)
	where := func(keep func(apitoken.Token) bool) (kept []apitoken.Token) {
		for _, token := range all {
			if keep(token) {
				kept = append(kept, token)
			}
		}
		return kept
	}
	is := func(s apitoken.Status) func(apitoken.Token) bool {
		return func(token apitoken.Token) bool { return token.Status(start.Add(10*time.Hour)) == s }
	}
	tests := []struct {
		name string
		q    apitoken.TokenQuery
		want []apitoken.Token
	}{
		{"all", apitoken.TokenQuery{AnyOwner: true}, all},
		{"one owner's", apitoken.TokenQuery{Owner: bob}, where(func(token apitoken.Token) bool { return token.Owner == bob })},
		{"of an unknown user", apitoken.TokenQuery{Owner: "eve"}, nil},
		{"active", apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}, where(is(apitoken.StatusActive))},
		{"expired", apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusExpired}, all[:10]},
		{"revoked", apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusRevoked}, all[20:21]},
		{"expiring before", apitoken.TokenQuery{AnyOwner: true, ExpiresBefore: start.Add(3 * time.Hour)}, all[:2]},
		{"by name", apitoken.TokenQuery{AnyOwner: true, NameContains: "t2"}, where(func(token apitoken.Token) bool { return token.Name[:2] == "t2" })},
		{"after a token", apitoken.TokenQuery{AnyOwner: true, After: all[22].ID}, all[23:]},
	}
	for _, tt := range tests {
		for _, limit := range []int{0, 1, 2, 5, 25, 1000} {
			tt.q.Limit = limit
			got := collect(t, h.Tokens(ctx, apitoken.As(ada), tt.q))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s, %d a page (-want +got):\n%s", tt.name, limit, diff)
			}
		}
	}
	page, err := h.ListTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Limit: 7})
	h.must(err)
	if diff := cmp.Diff(all[:7], page); diff != "" {
		t.Errorf("a page of 7 (-want +got):\n%s", diff)
	}
	for token := range h.Tokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Limit: 1}) {
		if token != all[0] {
			t.Errorf("the first token of the loop is %s, want %s", token.ID, all[0].ID)
		}
		break
	}
}

// Times and durations of a query are cut to whole microseconds.
func TestListsSelectByKindResourceCreatorAndAge(t *testing.T) {
	h := newHost(t, apitoken.Options{Kinds: []apitoken.Kind{"machine"}})
	own, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "own", Lifetime: time.Hour})
	gift, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "gift", Lifetime: 2 * time.Hour, Resource: "project:web"})
	robot, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: carol, Name: "robot", Lifetime: apitoken.NoExpiration, Kind: "machine"})
	h.clock.Add(time.Minute)
	late, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "late", Lifetime: apitoken.NoExpiration})
	h.clock.Add(time.Minute)
	h.mustAuthenticate(text)
	h.must(h.Flush(ctx))
	gift.LastUsedAt = start.Add(2 * time.Minute)
	for _, tt := range []struct {
		name string
		q    apitoken.TokenQuery
		want []apitoken.Token
	}{
		{"kind", apitoken.TokenQuery{Kind: "machine"}, []apitoken.Token{robot}},
		{"KindUser", apitoken.TokenQuery{Kind: apitoken.KindUser}, []apitoken.Token{own, gift, late}},
		{"another case of a kind", apitoken.TokenQuery{Kind: "Machine"}, nil},
		{"resource", apitoken.TokenQuery{Resource: "project:web"}, []apitoken.Token{gift}},
		{"another case of a resource", apitoken.TokenQuery{Resource: "project:Web"}, nil},
		{"resource and creator", apitoken.TokenQuery{Resource: "project:web", CreatedBy: bob}, nil},
		{"creator", apitoken.TokenQuery{CreatedBy: ada}, []apitoken.Token{gift, robot}},
		{"creator of none", apitoken.TokenQuery{CreatedBy: carol}, nil},
		{"without expiration", apitoken.TokenQuery{WithoutExpiration: true}, []apitoken.Token{robot, late}},
		{"without expiration, and expiring before 2200", apitoken.TokenQuery{WithoutExpiration: true, ExpiresBefore: year2200}, nil},
		{"unused since the creation", apitoken.TokenQuery{UnusedSince: start}, nil},
		{"unused since less than a microsecond after the creation", apitoken.TokenQuery{UnusedSince: start.Add(999)}, nil},
		{"unused since a microsecond after the creation", apitoken.TokenQuery{UnusedSince: start.Add(time.Microsecond)}, []apitoken.Token{own, robot}},
		{"unused since the use", apitoken.TokenQuery{UnusedSince: gift.LastUsedAt}, []apitoken.Token{own, robot, late}},
		{"unused since a microsecond after the use", apitoken.TokenQuery{UnusedSince: gift.LastUsedAt.Add(time.Microsecond)}, []apitoken.Token{own, gift, robot, late}},
		{"longer than an hour", apitoken.TokenQuery{LivesLongerThan: time.Hour}, []apitoken.Token{gift, robot, late}},
		{"longer than two hours and less than a microsecond", apitoken.TokenQuery{LivesLongerThan: 2*time.Hour + 999}, []apitoken.Token{robot, late}},
		{"longer than a nanosecond less than an hour", apitoken.TokenQuery{LivesLongerThan: time.Hour - 1}, []apitoken.Token{own, gift, robot, late}},
		{"longer than any lifetime", apitoken.TokenQuery{LivesLongerThan: apitoken.NoExpiration}, []apitoken.Token{robot, late}},
	} {
		for _, limit := range []int{0, 1} {
			tt.q.AnyOwner, tt.q.Limit = true, limit
			got := collect(t, h.Tokens(ctx, apitoken.As(ada), tt.q))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s, limit %d (-want +got):\n%s", tt.name, limit, diff)
			}
		}
	}
}

// A page ends when the store has examined its budget of rows. Next is then set even if the page is empty.
func TestTokenPageStopsAtTheRowBudget(t *testing.T) {
	const tokens = 1100
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	system := apitoken.System()
	if _, err := m.PutUser(ctx, system, apitoken.User{ID: bob}); err != nil {
		t.Fatal(err)
	}
	var last apitoken.Token
	for i := range tokens {
		last, _, err = m.Generate(ctx, system, apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint("token ", i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	q := apitoken.TokenQuery{AnyOwner: true, NameContains: last.Name}
	first, err := m.TokenPage(ctx, system, q)
	if err != nil || len(first.Tokens) != 0 || first.Next.IsZero() {
		t.Fatalf("the first page has %d tokens and the Next %s, %v, want none and a Next", len(first.Tokens), first.Next, err)
	}
	q.After = first.Next
	second, err := m.TokenPage(ctx, system, q)
	if diff := cmp.Diff(apitoken.TokenPage{Tokens: []apitoken.Token{last}, Examined: tokens - 1000}, second); err != nil || diff != "" {
		t.Errorf("the second page, %v (-want +got):\n%s", err, diff)
	}
}

// Without ListAny, users list their own tokens only, also if they select the tokens that they created.
func TestListingByCreatorNeedsListAny(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "on behalf"})
	h.mustPutUser(ada, apitoken.RoleUser)
	for name, q := range map[string]apitoken.TokenQuery{
		"all that they created":   {AnyOwner: true, CreatedBy: ada},
		"Bob's that they created": {Owner: bob, CreatedBy: ada},
	} {
		if _, err := h.ListTokens(ctx, apitoken.As(ada), q); !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", name, err)
		}
	}
	if _, err := h.ListTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{Owner: ada, CreatedBy: ada}); err != nil {
		t.Errorf("their own that they created: %v, want nil", err)
	}
}

// A time in the year 1 is a condition like any other time: it is not cut to the zero time, which selects all.
func TestAQueryTimeInTheYearOneIsACondition(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustGenerateOwn(bob, "ci")
	nearlyZero := time.Time{}.Add(time.Nanosecond)
	for name, q := range map[string]apitoken.TokenQuery{
		"expires before": {Owner: bob, ExpiresBefore: nearlyZero},
		"unused since":   {Owner: bob, UnusedSince: nearlyZero},
	} {
		if tokens, err := h.ListTokens(ctx, apitoken.As(bob), q); len(tokens) != 0 || err != nil {
			t.Errorf("%s the year 1: %d tokens, %v, want none", name, len(tokens), err)
		}
	}
}

// With a store that is no TokenPager, every page but the last is full, and the last has no Next.
func TestTokenPageWithoutATokenPager(t *testing.T) {
	tests := []struct {
		tokens, limit int
		want          []int // tokens on each page
	}{
		{0, 3, []int{0}},
		{2, 3, []int{2}},
		{3, 3, []int{3}},
		{4, 3, []int{3, 1}},
		{6, 3, []int{3, 3}},
		{2, 1, []int{1, 1}},
		{101, 0, []int{100, 1}},
		{1001, 1000, []int{1000, 1}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d tokens, %d a page", tt.tokens, tt.limit), func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			var want []apitoken.Token
			for i := range tt.tokens {
				token, _ := h.mustGenerateOwn(bob, fmt.Sprint(i))
				want = append(want, token)
			}
			q := apitoken.TokenQuery{Owner: bob, Limit: tt.limit}
			var sizes []int
			var got []apitoken.Token
			for {
				page, err := h.TokenPage(ctx, apitoken.As(bob), q)
				h.must(err)
				sizes = append(sizes, len(page.Tokens))
				got = append(got, page.Tokens...)
				if page.Next.IsZero() {
					break
				}
				q.After = page.Next
			}
			if n, err := h.CountTokens(ctx, apitoken.As(bob), apitoken.TokenQuery{Owner: bob, Limit: 1, After: q.After}); err != nil || n != tt.tokens {
				t.Errorf("CountTokens: %d, %v, want %d whatever After and Limit are", n, err, tt.tokens)
			}
			if diff := cmp.Diff(tt.want, sizes); diff != "" {
				t.Errorf("tokens on each page (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tokens of all pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueriesRefuseBadInput(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	list := func(q apitoken.TokenQuery) error {
		_, err := h.ListTokens(ctx, apitoken.As(ada), q)
		for _, inLoop := range h.Tokens(ctx, apitoken.As(ada), q) {
			if (inLoop == nil) != (err == nil) {
				t.Errorf("ListTokens: %v, Tokens: %v, want both to refuse or both to return", err, inLoop)
			}
		}
		if _, inPage := h.TokenPage(ctx, apitoken.As(ada), q); (inPage == nil) != (err == nil) {
			t.Errorf("ListTokens: %v, TokenPage: %v, want both to refuse or both to return", err, inPage)
		}
		return err
	}
	users := func(q apitoken.UserQuery) error { return second(h.ListUsers(ctx, apitoken.As(ada), q)) }
	events := func(q apitoken.EventQuery) error { return firstError(h.Events(ctx, apitoken.As(ada), q)) }
	tests := []struct {
		name string
		err  error
	}{
		{"tokens of no owner", list(apitoken.TokenQuery{})},
		{"tokens of an owner and of any owner", list(apitoken.TokenQuery{Owner: bob, AnyOwner: true})},
		{"tokens of an invalid owner", list(apitoken.TokenQuery{Owner: "\xff"})},
		{"tokens of an unknown status", list(apitoken.TokenQuery{AnyOwner: true, Status: "ended"})},
		{"tokens by an invalid text", list(apitoken.TokenQuery{AnyOwner: true, NameContains: "a\x00"})},
		{"tokens of an invalid kind", list(apitoken.TokenQuery{AnyOwner: true, Kind: "a\x00"})},
		{"tokens of an invalid resource", list(apitoken.TokenQuery{AnyOwner: true, Resource: "a\x00"})},
		{"tokens of a resource of 256 bytes", list(apitoken.TokenQuery{AnyOwner: true, Resource: strings.Repeat("x", 256)})},
		{"tokens of a resource with outer space", list(apitoken.TokenQuery{AnyOwner: true, Resource: "a "})},
		{"tokens by an invalid creator", list(apitoken.TokenQuery{AnyOwner: true, CreatedBy: "\xff"})},
		{"tokens by a creator of 256 bytes", list(apitoken.TokenQuery{AnyOwner: true, CreatedBy: apitoken.UserID(strings.Repeat("x", 256))})},
		{"tokens that live longer than a negative duration", list(apitoken.TokenQuery{AnyOwner: true, LivesLongerThan: -1})},
		{"a negative limit of tokens", list(apitoken.TokenQuery{AnyOwner: true, Limit: -1})},
		{"1,001 tokens a page", list(apitoken.TokenQuery{AnyOwner: true, Limit: 1001})},
		{"a negative limit of users", users(apitoken.UserQuery{Limit: -1})},
		{"1,001 users a page", users(apitoken.UserQuery{Limit: 1001})},
		{"users after an invalid id", users(apitoken.UserQuery{After: "\xff"})},
		{"a negative limit of events", events(apitoken.EventQuery{Limit: -1})},
		{"1,001 events a page", events(apitoken.EventQuery{Limit: 1001})},
		{"events of an invalid owner", events(apitoken.EventQuery{Owner: "\xff"})},
		{"events of an invalid actor", events(apitoken.EventQuery{Actor: "\xff"})},
		{"events of an invalid action", events(apitoken.EventQuery{Action: "a\x00"})},
		{"events of an action of 65 bytes", events(apitoken.EventQuery{Action: apitoken.Action(strings.Repeat("x", 65))})},
		{"events of an outcome that only observations have", events(apitoken.EventQuery{Outcome: apitoken.OutcomeFailed})},
	}
	for _, tt := range tests {
		if !errors.Is(tt.err, apitoken.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", tt.name, tt.err)
		}
	}
	if err := list(apitoken.TokenQuery{AnyOwner: true, Limit: 1000}); err != nil {
		t.Errorf("a page of 1,000 tokens: %v, want nil", err)
	}
}

// A token that was generated on behalf of a user carries more after their promotion. OnBehalf selects such tokens.
func TestListsSelectTokensOnBehalf(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	mine, _ := h.mustGenerateOwn(bob, "mine")
	onBehalf, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "on behalf"})
	hosts, _ := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "of the host"})
	holder := h.mustAuthenticate(text)
	child, _ := h.mustGenerate(holder.Actor(), apitoken.GenerateParams{Owner: bob, Name: "child"})
	for _, tt := range []struct {
		name  string
		query apitoken.TokenQuery
		want  []apitoken.Token
	}{
		{"on behalf", apitoken.TokenQuery{Owner: bob, OnBehalf: true}, []apitoken.Token{onBehalf, hosts}},
		{"created with a token", apitoken.TokenQuery{AnyOwner: true, CreatedWith: onBehalf.ID}, []apitoken.Token{child}},
		{"created with a token that created none", apitoken.TokenQuery{AnyOwner: true, CreatedWith: mine.ID}, nil},
	} {
		got, err := h.ListTokens(ctx, apitoken.As(ada), tt.query)
		h.must(err)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	h.mustPutUser(bob, apitoken.RoleAdmin)
	if got := h.PermissionsOf(h.mustAuthenticate(text)); got != apitoken.AdminPermissions {
		t.Errorf("after the promotion the token carries %s, want %s", got, apitoken.AdminPermissions)
	}
}

// The year 2200 is the limit of every expiry, so all tokens that expire at all expire before it.
func TestEveryTokenThatExpiresDoesSoBefore2200(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	limit := time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
	h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "last", ExpiresAt: limit.Add(-time.Microsecond)})
	h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "never", Lifetime: apitoken.NoExpiration})
	for _, before := range []time.Time{limit, limit.AddDate(100, 0, 0)} {
		tokens, err := h.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: bob, ExpiresBefore: before})
		if err != nil || len(tokens) != 1 || tokens[0].Name != "last" {
			t.Errorf("before %s: %d tokens, %v, want the one that expires last", before, len(tokens), err)
		}
	}
}
