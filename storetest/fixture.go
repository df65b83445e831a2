package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// fixture is a store under test and the rule that it has to satisfy.
type fixture struct {
	*testing.T
	store   apitoken.Store
	promise string
	shown   atomic.Int32 // failures
}

// maxShown is how many failures of one rule are shown. More of them would hide the first.
const maxShown = 3

// broken reports that the store breaks the rule. The test continues. It may be called from any goroutine.
func (f *fixture) broken(format string, args ...any) {
	f.Helper()
	switch n := f.shown.Add(1); {
	case n <= maxShown:
		f.Errorf("%s\n%s", f.promise, fmt.Sprintf(format, args...))
	case n == maxShown+1:
		f.Errorf("%s\nfurther failures are not shown", f.promise)
	default:
		f.Fail()
	}
}

// must ends the test if a call that it depends on has failed.
func (f *fixture) must(what string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s\n%s: %v", f.promise, what, err)
	}
}

// exactly compares times as values: equal instants in another zone, or with a monotonic reading, are different.
var exactly = cmp.Comparer(func(a, b time.Time) bool { return a == b })

// wantEqual reports the difference between the result that the rule wants and that of the store.
func wantEqual[T any](f *fixture, what string, want, got T) {
	f.Helper()
	if reflect.DeepEqual(want, got) { // much faster, and as exact about times
		return
	}
	if f.shown.Load() > maxShown {
		f.Fail()
		return
	}
	if diff := cmp.Diff(want, got, exactly); diff != "" {
		f.broken("%s differs (-want +got):\n%s", what, diff)
	}
}

// wantError reports an error other than the wanted one. A nil sentinel wants success.
func (f *fixture) wantError(what string, want, err error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.broken("%s: error %v, want %v", what, err, want)
	}
}

// wantRefused checks that a write returns the error and writes neither a row nor an event.
func (f *fixture) wantRefused(what string, want error, write func() error) {
	f.Helper()
	f.wantUnchanged(what, func() { f.wantError(what, want, write()) })
}

// wantUnchanged checks that everything that can be read from the store is the same before and after do.
func (f *fixture) wantUnchanged(what string, do func()) {
	f.Helper()
	before := f.everything()
	do()
	wantEqual(f, "the store after "+what, before, f.everything())
}

// wantEvent checks that a write succeeds and adds only its event to the feed, with all of its fields.
func (f *fixture) wantEvent(e apitoken.Event, write func() error) {
	f.Helper()
	before := f.feed()
	f.must("write", write())
	e.Seq = apitoken.EventSeq(len(before) + 1)
	wantEqual(f, "the feed", append(before, e), f.feed())
}

// everything is all that can be read from a store.
type everything struct {
	Policy  apitoken.MaxLifetimePolicy
	Users   []apitoken.User
	Tokens  []apitoken.Token  // as Tokens returns them
	Records []apitoken.Record // as Token returns them
	Lookups []apitoken.Record // as Lookup returns them
	Offers  []apitoken.Offer
	Events  []apitoken.Event
}

func (f *fixture) everything() everything {
	f.Helper()
	all := everything{
		Policy: f.policy(), Users: f.users(), Tokens: f.tokens(apitoken.TokenQuery{AnyOwner: true}), Offers: f.offers(), Events: f.feed(),
	}
	for _, t := range all.Tokens {
		rec := f.token(t.ID)
		all.Records = append(all.Records, rec)
		all.Lookups = append(all.Lookups, f.lookup(rec.Digest))
	}
	return all
}

// wantToken checks that all reads return the token as in n, with its owner.
func (f *fixture) wantToken(n apitoken.NewToken, owner apitoken.User) {
	f.Helper()
	f.wantTokenRevoked(n, owner, apitoken.Revocation{At: n.RevokedAt, By: n.RevokedBy})
}

// wantTokenRevoked is wantToken with the revocation that Token and Tokens report. Lookup returns n itself.
func (f *fixture) wantTokenRevoked(n apitoken.NewToken, owner apitoken.User, told apitoken.Revocation) {
	f.Helper()
	rec := apitoken.Record{Identity: apitoken.Identity{User: owner, Token: n.Token}, Digest: n.Digest, Epoch: n.Epoch}
	wantEqual(f, "the record of Lookup", rec, f.lookup(n.Digest))
	rec.Token.RevokedAt, rec.Token.RevokedBy = told.At, told.By
	wantEqual(f, "the record of Token", rec, f.token(n.ID))
	for _, t := range f.tokens(apitoken.TokenQuery{Owner: n.Owner}) {
		if t.ID == n.ID {
			wantEqual(f, "the token in Tokens", rec.Token, t)
			return
		}
	}
	f.broken("Tokens of its owner lacks the token %s", n.ID)
}
