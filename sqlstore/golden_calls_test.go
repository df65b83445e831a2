package sqlstore_test

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// useEverything calls every method of a store in every way that leads to another query, with all optional values set. It
// returns the kinds of the arguments of each statement.
func useEverything(t *testing.T, store *sqlstore.Store, fake *fakeDB) map[string]string {
	t.Helper()
	text := map[string]string{}
	for _, q := range store.Queries() {
		text[q.Name] = q.Text
	}
	fake.returns(text["findVersions"], int64(0))
	fake.returns(text["lastVersion"], newest(t, store))
	fake.returns(text["readersWait"], false)
	fake.returns(text["checkConnection"], "")
	fake.returns(text["findTokenAndEvent"], true, true)
	fake.returns(text["checkInsert"], false, int64(0), "user", int64(0))
	fake.returns(text["readUser"], "bob", "Bob", "user", int64(1), nil, nil, int64(0), "", int64(1), int64(1)) // with an epoch, so there are leftovers of the ID
	fake.returns(text["revokeTokenAtOnce"], true, false, false, nil)
	fake.returns(text["changeTokenAtOnce"], true, false, true, false)
	fake.returns(text["narrowTokenAtOnce"], false) // so the token is read
	fake.changed[text["narrowToken"]] = 0
	fake.changed[text["insertNewUser"]] = 0              // so the other query is sent, too
	fake.returns(text["createUserAtOnce"], false, false) // so the user is created under a lock
	fake.returns(text["readUserAndEvent"], "bob", "Bob", "user", int64(1), nil, nil, int64(0), "", int64(1), int64(1), false)
	fake.returns(text["updateUserAtOnce"], false)
	fake.returns(text["updatePolicyAtOnce"], true, false)
	fake.returns(text["lockUser"], "bob", "Bob", "user", int64(1), nil, nil, int64(0), "", int64(1), int64(1))
	fake.returns(text["readPolicy"], int64(1), nil, "bob", int64(0), `{"revision":0,"max":2,"limits":[{"role":"user","max":1}]}`)
	fake.returns(text["readPolicyToChange"], int64(1), nil, "bob", int64(0), `{"revision":0,"max":2,"limits":[{"role":"user","max":1}]}`)
	fake.returns(text["readFacts"], slices.Concat([]driver.Value{int64(0), nil, "", int64(0), nil}, make([]driver.Value, 60))...)
	fake.returns(text["readUse"], int64(1), false, false)
	fake.returns(text["isNameReleasable"], false)
	fake.returns(text["checkOffer"], false, true, int64(0), int64(1))
	fake.returns(text["findOfferAndEvent"], true, true)
	fake.returns(text["findUnnumbered"], true)
	fake.returns(text["countExpiring"], int64(2))
	fake.returns(text["countActive"], int64(1))
	fake.returns(store.RevocationQueries(apitoken.Revocation{}, twoRevocations)[2].Text, someID[:])
	fake.returns(text["lockFeed"], int64(0))
	fake.returns(text["listUnnumbered"], int64(1))
	for _, q := range countsOfTokens {
		text, _ := store.CountQuery(q.query.At(someTime))
		fake.returns(text, int64(2))
	}
	for _, q := range windowsOfTokens {
		for _, part := range store.WindowQueries(q.query.At(someTime), someID) {
			if part.Name == "size of a range to sort" {
				fake.returns(part.Text, int64(2))
			}
		}
	}
	for _, c := range calls(store) {
		fake.changed[text["insertToken"]] = 1
		fake.changed[text["insertTokenIf"]] = 0
		for _, create := range []string{"createTokenAtOnce", "createTokenWithin"} {
			fake.returns(text[create], true, false, true, true, false, false)
		}
		if strings.HasSuffix(c.name, "taken") {
			fake.changed[text["insertToken"]] = 0
		}
		fake.returns(text["findTokenAndEvent"], true, c.name != "Forget") // which does nothing if its event is stored
		delete(fake.changed, text["insertEvent"])
		delete(fake.changed, text["deleteOffer"])
		if c.name == "DeleteOffer again" {
			fake.changed[text["deleteOffer"]] = 0
		}
		if c.name == "AppendEvents again" {
			fake.changed[text["insertEvent"]] = 0 // so the store confirms the event
		}
		err := c.do(context.Background())
		if err != nil && err != apitoken.ErrNotFound && err != apitoken.ErrExists {
			t.Fatalf("%s: %v", c.name, err)
		}
		fake.returns(text["findVersions"], int64(1)) // the schema exists now
		if c.name == "RevokeToken" {
			fake.changed[text["revokeToken"]] = 0 // so the next call reads what is stored and confirms it
		}
	}
	kinds := map[string]string{}
	for _, sent := range fake.sent {
		kinds[sent.text] = merged(kinds[sent.text], kindsOf(t, sent.text, sent.args))
	}
	return kinds
}

// newest returns the version of the schema of this build.
func newest(t *testing.T, store *sqlstore.Store) int64 {
	t.Helper()
	steps, err := store.Statements()
	must(t, err)
	return int64(len(steps))
}

// someForgetting replaces a user everywhere.
var someForgetting = apitoken.Forgetting{
	User: "bob", Pseudonym: "forgotten-1", Revision: 1, Tokens: []apitoken.TokenID{someID}, Rest: true,
	Events: []apitoken.Event{{Seq: 7, Owner: "forgotten-1", Before: apitoken.State{Role: "user"}, After: apitoken.State{Role: "admin"}}},
}

var someOffer = apitoken.Offer{PendingToken: apitoken.PendingToken{
	ID: someID, Owner: "bob", Name: "ci", Kind: apitoken.KindUser, Resource: "project:web", Description: "for releases",
	Permissions: 1, Lifetime: 1, ExpiresAt: laterTime, NotAfter: laterTime, OfferedAt: someTime, OfferedBy: "ada", OfferedWith: someID, ClaimBy: laterTime,
}, Epoch: 1, OwnerCreatedAt: someTime, ClaimedAt: someTime, ClaimedBy: "bob"}

// twoRevocations are the events of two tokens.
var twoRevocations = []apitoken.Event{
	{ID: apitoken.EventID{1}, At: someTime, Action: apitoken.ActionRevoke, Owner: "bob", Token: someID, Reason: "leaked"},
	{ID: apitoken.EventID{2}, At: someTime, Action: apitoken.ActionRevoke, Owner: "ada", Token: apitoken.TokenID{4}, Reason: "leaked"},
}

// calls returns calls of all methods.
func calls(store *sqlstore.Store) []call {
	event := apitoken.Event{
		ID: apitoken.EventID{1}, At: someTime, Action: apitoken.ActionGenerate, Outcome: apitoken.OutcomeDone,
		Actor: apitoken.Actor{Kind: apitoken.ActorToken, User: "ada", Token: someID}, Owner: "bob", Token: someID,
		Before: apitoken.State{Role: "user"}, After: apitoken.State{Role: "admin"},
	}
	user := apitoken.User{
		ID: "bob", Name: "Bob", Role: "user", CreatedAt: someTime, DisabledAt: laterTime, Service: true, Responsible: "ada", Epoch: 1, Revision: 1,
	}
	token := apitoken.NewToken{Token: apitoken.Token{
		ID: someID, Owner: "bob", Name: "ci", Kind: apitoken.KindUser, CreatedAt: someTime, ExpiresAt: laterTime, CreatedBy: "ada",
		CreatedWith: someID, LastUsedAt: someTime, Hint: "tok_...abcd", Resource: "project:web", Description: "for releases",
		Permissions: apitoken.Unlimited,
	}, Epoch: 1, OwnerRole: "user"}
	limited := token
	limited.MaxActive = 1
	revoked := token
	revoked.RevokedAt, revoked.RevokedBy = someTime, "ada"
	policy := apitoken.MaxLifetimePolicy{
		Max: 2, Limits: []apitoken.LifetimeLimit{{Role: "user", Max: 1}}, UpdatedAt: someTime, UpdatedBy: "ada", Revision: 1,
	}
	revoke := func(ctx context.Context) error {
		_, err := store.RevokeToken(ctx, someID, apitoken.Revocation{At: someTime, By: "ada"}, event)
		return err
	}
	all := []call{
		{"Migrate", store.Migrate},
		{"Lookup", func(ctx context.Context) error { _, err := store.Lookup(ctx, apitoken.Digest{}); return err }},
		{"CreateToken", func(ctx context.Context) error { return store.CreateToken(ctx, token, 0, event) }},
		{"CreateToken, with a limit", func(ctx context.Context) error { return store.CreateToken(ctx, limited, 0, event) }},
		{"CreateToken, revoked", func(ctx context.Context) error { return store.CreateToken(ctx, revoked, 0, event) }},
		{"CreateToken, the name is taken", func(ctx context.Context) error { return store.CreateToken(ctx, token, 0, event) }},
		{"RevokeToken", revoke},
		{"RevokeToken again", revoke},
		{"RevokeTokens", func(ctx context.Context) error {
			_, err := store.RevokeTokens(ctx, apitoken.Revocation{At: someTime, By: "ada"}, twoRevocations)
			return err
		}},
		{"NarrowToken", func(ctx context.Context) error {
			n := apitoken.TokenNarrowing{Narrowing: apitoken.Narrowing{Keep: 1, ExpiresAt: someTime}, Read: token.Token}
			_, err := store.NarrowToken(ctx, someID, n, event)
			return err
		}},
		{"ChangeToken", func(ctx context.Context) error {
			is := token.Token
			is.Name, is.Description = "cd", "for tests"
			return store.ChangeToken(ctx, apitoken.Record{Identity: apitoken.Identity{Token: token.Token}, Epoch: 1}, is, event)
		}},
		{"RotateToken", func(ctx context.Context) error {
			was := apitoken.Record{Identity: apitoken.Identity{Token: token.Token}, Epoch: 1}
			was.Token.ReplacedBy = apitoken.TokenID{4}
			return store.RotateToken(ctx, apitoken.Rotation{Was: was, ExpiresAt: laterTime, Successor: token}, 0, event)
		}},
		{"UseSuccessor", func(ctx context.Context) error {
			_, err := store.UseSuccessor(ctx, someID, apitoken.TokenID{4}, apitoken.Revocation{At: someTime, By: "ada"}, event)
			return err
		}},
		{"CreateOffer", func(ctx context.Context) error {
			return store.CreateOffer(ctx, apitoken.NewOffer{Offer: someOffer, MaxOpen: 1}, event)
		}},
		{"ClaimOffer", func(ctx context.Context) error {
			return store.ClaimOffer(ctx, apitoken.OfferClaim{NewToken: token, By: "bob", ByRevision: 1, OwnerRevision: 1}, 0, event)
		}},
		{"ClaimOffer again", func(ctx context.Context) error {
			c := apitoken.OfferClaim{NewToken: token, By: "bob", ByRevision: 1, OwnerRevision: 1, Replaces: apitoken.Digest{1}}
			return store.ClaimOffer(ctx, c, 0, event)
		}},
		{"DeleteOffer", func(ctx context.Context) error { return store.DeleteOffer(ctx, someID, event) }},
		{"DeleteOffer again", func(ctx context.Context) error { return store.DeleteOffer(ctx, someID, event) }},
		{"Offers", func(ctx context.Context) error {
			_, err := store.Offers(ctx, apitoken.OfferQuery{After: someID, Limit: 1})
			return err
		}},
		{"Offers to a user", func(ctx context.Context) error {
			_, err := store.Offers(ctx, apitoken.OfferQuery{Owner: "bob", After: someID, Limit: 1})
			return err
		}},
		{"Offers by ID", func(ctx context.Context) error {
			_, err := store.Offers(ctx, apitoken.OfferQuery{ID: someID, Limit: 1})
			return err
		}},
		{"CreateUser", func(ctx context.Context) error { _, err := store.CreateUser(ctx, user, event); return err }},
		{"ChangeUser", func(ctx context.Context) error {
			_, err := store.ChangeUser(ctx, "bob", apitoken.UserChange{Name: "Robert", Disable: true}, event)
			return err
		}},
		{"PutPolicy", func(ctx context.Context) error { return store.PutPolicy(ctx, policy, 0, event) }},
		{"Touch", func(ctx context.Context) error { return store.Touch(ctx, twoUses) }},
		{"AppendEvents", func(ctx context.Context) error { return store.AppendEvents(ctx, []apitoken.Event{event, event}) }},
		{"AppendEvents again", func(ctx context.Context) error { return store.AppendEvents(ctx, []apitoken.Event{event, event}) }},
		{"LeaseNotices", func(ctx context.Context) error { _, err := store.LeaseNotices(ctx, someLease); return err }},
		{"MarkNotice", func(ctx context.Context) error { return store.MarkNotice(ctx, someID, time.Hour, someTime) }},
		{"Remove", func(ctx context.Context) error {
			_, err := store.Remove(ctx, apitoken.Removal{Tokens: []apitoken.TokenID{someID}, Offers: []apitoken.TokenID{someID}, EventsTo: 7}, event)
			return err
		}},
		{"Forget", func(ctx context.Context) error { _, err := store.Forget(ctx, someForgetting, event); return err }},
		{"Policy", func(ctx context.Context) error { _, err := store.Policy(ctx); return err }},
		{"Facts", func(ctx context.Context) error {
			_, err := store.Facts(ctx, apitoken.FactsQuery{Actor: "ada", With: someID, Owner: "bob", Token: someID})
			return err
		}},
		{"User", func(ctx context.Context) error { _, err := store.User(ctx, "bob"); return err }},
		{"Token", func(ctx context.Context) error { _, err := store.Token(ctx, someID); return err }},
		{"Users by ID", func(ctx context.Context) error {
			_, err := store.Users(ctx, apitoken.UserQuery{IDs: []apitoken.UserID{"ada", "bob"}, Limit: 2})
			return err
		}},
		{"Users, services", func(ctx context.Context) error {
			_, err := store.Users(ctx, apitoken.UserQuery{Responsible: "ada", Contains: "b", After: "ada", Limit: 1})
			return err
		}},
		{"Users", func(ctx context.Context) error {
			_, err := store.Users(ctx, apitoken.UserQuery{Contains: "b", After: "ada", Limit: 1})
			return err
		}},
	}
	for _, q := range pagesOfTokens {
		all = append(all, call{"Tokens, " + q.name, func(ctx context.Context) error { _, err := store.Tokens(ctx, q.query.At(someTime)); return err }})
	}
	for _, q := range countsOfTokens {
		all = append(all, call{"CountTokens, " + q.name, func(ctx context.Context) error { _, err := store.CountTokens(ctx, q.query.At(someTime)); return err }})
	}
	for _, q := range talliesOfTokens {
		all = append(all, call{"TallyTokens, " + q.name, func(ctx context.Context) error {
			_, err := store.TallyTokens(ctx, q.query.At(someTime), 10_000)
			return err
		}})
	}
	for _, q := range windowsOfTokens {
		for _, rows := range []int{1, 10_000} { // the fake database counts two tokens that expire in the range, or are in a range to sort
			all = append(all, call{"ScanTokens, " + q.name, func(ctx context.Context) error {
				_, err := store.ScanTokens(ctx, q.query.At(someTime), rows)
				return err
			}}, call{"TallyTokens, " + q.name, func(ctx context.Context) error {
				_, err := store.TallyTokens(ctx, q.query.At(someTime), rows)
				return err
			}})
		}
	}
	for _, q := range pagesOfEvents {
		all = append(all, call{"Events, " + q.name, func(ctx context.Context) error { _, err := store.Events(ctx, q.query); return err }})
	}
	return append(all, call{"Close", func(context.Context) error { return store.Close() }})
}

type call struct {
	name string
	do   func(context.Context) error
}

// merged returns the kinds of arguments, with NULL only for those that were never set.
func merged(before, now string) string {
	if before == "" {
		return now
	}
	was, is := strings.Split(before, ", "), strings.Split(now, ", ")
	for i, kind := range is {
		switch {
		case was[i] == "NULL":
			was[i] = kind
		case kind != "NULL" && kind != was[i]:
			was[i] = was[i] + " or " + kind
		}
	}
	return strings.Join(was, ", ")
}
