package integration_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// at is the time of all calls in these tests.
var at = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func event(action apitoken.Action) apitoken.Event {
	return apitoken.Event{
		ID: apitoken.EventID(uuid.Must(uuid.NewV7())), At: at, Action: action, Outcome: apitoken.OutcomeDone,
		Actor: apitoken.As("ada"), Owner: "bob",
	}
}

func newToken(name string) apitoken.NewToken {
	n := apitoken.NewToken{Token: apitoken.Token{
		ID: apitoken.TokenID(uuid.Must(uuid.NewV7())), Owner: "bob", Name: name, Kind: apitoken.KindUser,
		CreatedAt: at, ExpiresAt: at.Add(time.Hour), CreatedBy: "ada", Hint: "tok_...abcd", Permissions: apitoken.Unlimited,
	}}
	copy(n.Digest[:], uuid.NewString()) // 36 characters, of which 32 fit
	return n
}

// change is one changing call of a store, which may be repeated, and a check whether it was done.
type change struct {
	name   string
	events int // the number of its events
	do     func(ctx context.Context) error
	done   func() bool
}

// changes returns one change of each kind, on a store with the user bob and a token.
func changes(t *testing.T, store *sqlstore.Store) []change {
	t.Helper()
	old, _ := prepareForChanges(t, store)
	return changesOf(t, store, old)
}

// prepareForChanges creates the user bob with an active and an expired token, and an offer.
func prepareForChanges(t *testing.T, store *sqlstore.Store) (old, expired apitoken.NewToken) {
	t.Helper()
	ctx := context.Background()
	old, expired = newToken("old"), newToken("expired")
	expired.CreatedAt, expired.ExpiresAt = at.Add(-time.Hour), at
	for _, err := range []error{
		addBob(ctx, store),
		store.CreateToken(ctx, old, 0, event(apitoken.ActionGenerate)),
		store.CreateToken(ctx, expired, 0, event(apitoken.ActionGenerate)),
		store.CreateOffer(ctx, newOffer("waiting"), event(apitoken.ActionOffer)),
	} {
		must(t, err)
	}
	return old, expired
}

func newOffer(name string) apitoken.NewOffer {
	return apitoken.NewOffer{MaxOpen: 100, Offer: apitoken.Offer{PendingToken: apitoken.PendingToken{
		ID: apitoken.TokenID(uuid.Must(uuid.NewV7())), Owner: "bob", Name: name, Kind: apitoken.KindUser, OfferedAt: at, ClaimBy: at.Add(time.Hour),
		Permissions: apitoken.Unlimited,
	}, OwnerCreatedAt: at}}
}

// offersTo returns the offers to bob.
func offersTo(t testing.TB, store *sqlstore.Store) []apitoken.Offer {
	t.Helper()
	all, err := store.Offers(context.Background(), apitoken.OfferQuery{Owner: "bob", Limit: 10})
	must(t, err)
	return all
}

var bob = apitoken.User{ID: "bob", Role: apitoken.RoleUser, CreatedAt: at, Revision: 1}

func addBob(ctx context.Context, store apitoken.Store) error {
	return createUser(ctx, store, bob, event(apitoken.ActionPutUser))
}

// createUser is CreateUser without the user.
func createUser(ctx context.Context, store apitoken.Store, u apitoken.User, e apitoken.Event) error {
	_, err := store.CreateUser(ctx, u, e)
	return err
}

// endEpoch ends the epoch of bob.
func endEpoch(ctx context.Context, store apitoken.Store, e apitoken.Event) error {
	_, err := store.ChangeUser(ctx, "bob", apitoken.UserChange{EndEpoch: true}, e)
	return err
}

// changesOf returns one change of each kind, after prepareForChanges.
func changesOf(t *testing.T, store *sqlstore.Store, old apitoken.NewToken) []change {
	ctx := context.Background()
	has := func(token apitoken.TokenID, is func(apitoken.Token) bool) func() bool {
		return func() bool {
			rec, err := store.Token(ctx, token)
			return err == nil && is(rec.Token)
		}
	}
	is := func(user apitoken.User) func() bool {
		return func() bool {
			u, err := store.User(ctx, user.ID)
			return err == nil && u == user
		}
	}
	fresh := newToken("expired") // takes the name of the expired token
	raised, eve := bob, bob
	raised.Revision, raised.Epoch, eve.ID = 2, 1, "eve"
	policy := apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(30), UpdatedAt: at, UpdatedBy: "ada", Revision: 1,
		Limits: []apitoken.LifetimeLimit{{Role: apitoken.RoleUser, Max: apitoken.Days(7)}},
	}
	created, revoked, put, raisedBy, set := event(apitoken.ActionGenerate), event(apitoken.ActionRevoke),
		event(apitoken.ActionPutUser), event(apitoken.ActionRevokeAll), event(apitoken.ActionSetPolicy)
	denied := []apitoken.Event{event(apitoken.ActionReadEvents), event(apitoken.ActionListUsers)}
	offer, offered, claimedBy := newOffer("new"), event(apitoken.ActionOffer), event(apitoken.ActionClaim)
	claim := apitoken.OfferClaim{NewToken: newToken("waiting"), By: "bob", ByRevision: 1, OwnerRevision: 1}
	claim.ID = offersTo(t, store)[0].ID
	return []change{{
		"CreateToken", 1,
		func(ctx context.Context) error { return store.CreateToken(ctx, fresh, 0, created) },
		has(fresh.ID, func(apitoken.Token) bool { return true }),
	}, {
		"CreateOffer", 1,
		func(ctx context.Context) error { return store.CreateOffer(ctx, offer, offered) },
		func() bool {
			return slices.ContainsFunc(offersTo(t, store), func(o apitoken.Offer) bool { return o.ID == offer.ID })
		},
	}, {
		"ClaimOffer", 1,
		func(ctx context.Context) error { return store.ClaimOffer(ctx, claim, 0, claimedBy) },
		func() bool {
			return offersTo(t, store)[0].Claimed() && has(claim.ID, func(apitoken.Token) bool { return true })()
		},
	}, {
		"RevokeToken", 1,
		func(ctx context.Context) error {
			changed, err := store.RevokeToken(ctx, old.ID, apitoken.Revocation{At: at, By: "ada"}, revoked)
			if err == nil && !changed {
				return errors.New("it reports that it changed nothing")
			}
			return err
		},
		has(old.ID, func(t apitoken.Token) bool { return !t.RevokedAt.IsZero() }),
	}, {
		"CreateUser", 1,
		func(ctx context.Context) error { return createUser(ctx, store, eve, put) },
		is(eve),
	}, {
		"ChangeUser", 1,
		func(ctx context.Context) error { // with the row as a Manager has read it, which a repetition finds changed
			_, err := store.ChangeUser(ctx, "bob", apitoken.UserChange{EndEpoch: true, Read: bob}, raisedBy)
			return err
		},
		is(raised),
	}, {
		"PutPolicy", 1,
		func(ctx context.Context) error { return store.PutPolicy(ctx, policy, 0, set) },
		func() bool {
			p, err := store.Policy(ctx)
			return err == nil && reflect.DeepEqual(p, policy)
		},
	}, {
		"Touch", 0,
		func(ctx context.Context) error { return store.Touch(ctx, []apitoken.Touch{{Token: old.ID, At: at}}) },
		has(old.ID, func(t apitoken.Token) bool { return t.LastUsedAt.Equal(at) }),
	}, {
		"AppendEvents", 2,
		func(ctx context.Context) error { return store.AppendEvents(ctx, denied) },
		func() bool {
			return slices.ContainsFunc(feed(t, store), func(e apitoken.Event) bool { return e.ID == denied[1].ID })
		},
	}}
}

// storeCall is one call of a store, which may be repeated.
type storeCall struct {
	name string
	do   func(ctx context.Context) (answer any, err error)
}

// storeCallsOf returns calls of all methods but those of removalsOf, after prepareForChanges.
func storeCallsOf(t *testing.T, store *sqlstore.Store, old apitoken.NewToken) (writes, reads []storeCall) {
	for _, c := range changesOf(t, store, old) {
		writes = append(writes, storeCall{c.name, func(ctx context.Context) (any, error) { return nil, c.do(ctx) }})
	}
	return writes, []storeCall{
		{"Lookup", func(ctx context.Context) (any, error) { return store.Lookup(ctx, old.Digest) }},
		{"Token", func(ctx context.Context) (any, error) { return store.Token(ctx, old.ID) }},
		{"Tokens", func(ctx context.Context) (any, error) {
			return store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, Limit: 10}.At(at))
		}},
		{"TokenPage in a window", func(ctx context.Context) (any, error) {
			return store.ScanTokens(ctx, apitoken.TokenQuery{AnyOwner: true, NameContains: "e", Limit: 10}.At(at), 1)
		}},
		{"TokenPage by expiry", func(ctx context.Context) (any, error) {
			return store.ScanTokens(ctx, apitoken.TokenQuery{AnyOwner: true, ExpiresBefore: at.AddDate(1, 0, 0), Limit: 10}.At(at), 1000)
		}},
		{"Facts", func(ctx context.Context) (any, error) {
			return store.Facts(ctx, apitoken.FactsQuery{Actor: "bob", With: old.ID, Token: old.ID})
		}},
		{"User", func(ctx context.Context) (any, error) { return store.User(ctx, "bob") }},
		{"Users", func(ctx context.Context) (any, error) { return store.Users(ctx, apitoken.UserQuery{Limit: 10}) }},
		{"Policy", func(ctx context.Context) (any, error) { return store.Policy(ctx) }},
		{"Events", func(ctx context.Context) (any, error) { return store.Events(ctx, apitoken.EventQuery{Limit: 10}) }},
	}
}

func feed(t testing.TB, store *sqlstore.Store) []apitoken.Event {
	t.Helper()
	events, err := store.Events(context.Background(), apitoken.EventQuery{Limit: 1000})
	must(t, err)
	return events
}

// holdCounting checks that the events have the numbers 1, 2, 3 and so on, and that each occurs once.
func holdCounting(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	seen := map[apitoken.EventID]bool{}
	for i, e := range feed(t, store) {
		if e.Seq != apitoken.EventSeq(i+1) || seen[e.ID] {
			t.Errorf("event %d of the feed has number %d, seen before: %v", i+1, e.Seq, seen[e.ID])
		}
		seen[e.ID] = true
	}
}

// removalsOf returns a call that forgets the user bob as the row is now, and one that removes the token.
func removalsOf(t *testing.T, store *sqlstore.Store, old apitoken.NewToken) []storeCall {
	t.Helper()
	forget, sweep := event(apitoken.ActionForgetUser), event(apitoken.ActionSweep)
	user, err := store.User(t.Context(), "bob")
	must(t, err)
	forgetting := apitoken.Forgetting{User: "bob", Pseudonym: "forgotten-1", Revision: user.Revision, Rest: true}
	all, err := store.Tokens(t.Context(), apitoken.TokenQuery{Owner: "bob", Limit: 10}.At(at))
	must(t, err)
	for _, token := range all {
		forgetting.Tokens = append(forgetting.Tokens, token.ID)
	}
	return []storeCall{{"Forget", func(ctx context.Context) (any, error) {
		_, err := store.Forget(ctx, forgetting, forget)
		return nil, err
	}}, {"Remove", func(ctx context.Context) (any, error) {
		_, err := store.Remove(ctx, apitoken.Removal{Tokens: []apitoken.TokenID{old.ID}}, sweep)
		return nil, err
	}}}
}
