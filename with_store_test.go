package apitoken_test

import (
	"errors"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A view over another store decides by the rules of its Manager, and writes to the other store only.
func TestAViewOverAnotherStoreHasTheSameRules(t *testing.T) {
	h := newHost(t, apitoken.Options{Kinds: []apitoken.Kind{"ci"}})
	other := newSpyStore(memstore.New())
	view := h.WithStore(other)
	if _, err := view.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob}); err != nil {
		t.Fatal(err)
	}
	token, secret, err := view.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "new", Kind: "ci"})
	if err != nil || !token.CreatedAt.Equal(start) {
		t.Fatalf("generated at %s, %v, want the time of the clock, %s", token.CreatedAt, err, start)
	}
	if _, err := h.Authenticate(ctx, secret.Reveal()); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Errorf("in the first store the error is %v, want ErrUnknownToken", err)
	}
	if _, err := view.Authenticate(ctx, secret.Reveal()); err != nil {
		t.Errorf("in the other store: %v", err)
	}
}

// A denial in a view is recorded by the first Manager, even if it is the first of its actor, and even after Close.
func TestADenialOfAViewIsRecordedByItsManager(t *testing.T) {
	for name, closed := range map[string]bool{"open": false, "closed": true} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			if closed {
				h.must(h.Close(ctx))
			}
			other := newSpyStore(h.store.Store) // the same rows, as a transaction sees them
			before, writes := h.denials(), h.store.count("AppendEvents")
			if err := h.WithStore(other).DisableUser(ctx, apitoken.As(bob), ada); !errors.Is(err, apitoken.ErrDenied) {
				t.Fatalf("error is %v, want ErrDenied", err)
			}
			if n := h.store.count("AppendEvents") - writes; n != 0 && !closed {
				t.Errorf("%d writes of denials during the call, want none: the host holds the connection", n)
			}
			h.must(h.Flush(ctx))
			if n := other.count("AppendEvents"); n != 0 {
				t.Errorf("%d writes of denials reached the store of the view, want none", n)
			}
			if n := h.denials() - before; n != 1 {
				t.Errorf("%d denials are recorded, want 1", n)
			}
		})
	}
}

// A repeated request in a view does not wait for last uses to be written: a use that waits counts.
func TestARepeatedRequestInAViewCountsUsesThatWait(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	p := apitoken.GenerateParams{Owner: bob, Name: "ci", IdempotencyKey: "1"}
	_, text := h.mustGenerate(apitoken.As(bob), p)
	view := h.WithStore(h.store)
	if _, _, err := view.Generate(ctx, apitoken.As(bob), p); err != nil {
		t.Fatalf("repeated before any use: %v", err)
	}
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Fatalf("the first token: error is %v, want ErrRevoked", err)
	}
	_, secret, err := view.Generate(ctx, apitoken.As(bob), p)
	h.must(err)
	h.mustAuthenticate(secret.Reveal())
	touches := h.store.count("Touch")
	if _, _, err := view.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, apitoken.ErrRepeated) {
		t.Errorf("repeated after a use: error is %v, want ErrRepeated", err)
	}
	if n := h.store.count("Touch") - touches; n != 0 {
		t.Errorf("%d writes of last uses, want none", n)
	}
}
