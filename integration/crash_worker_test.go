package integration_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// The lines that the worker process prints, before a call and after its acknowledgement. Each line is one write, so the
// reader gets all of it.
const (
	sayGenerate  = "generate"  // owner, name
	sayGenerated = "generated" // owner, name, id, text
	sayRevoke    = "revoke"    // id
	sayRevoked   = "revoked"   // id
)

// workUntilKilled generates and revokes tokens on a file, and prints each call.
func workUntilKilled(t *testing.T, file string) {
	m, err := apitoken.New(database{backend: onSQLite}.newStore(t, openSQLite(t, file, recommended), nil), nil)
	must(t, err)
	var writers sync.WaitGroup
	for _, owner := range crashWriters {
		writers.Go(func() {
			if err := workFor(context.Background(), m, owner); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
}

func workFor(ctx context.Context, m *apitoken.Manager, owner apitoken.UserID) error {
	// It revokes its own tokens and those of earlier processes.
	q := apitoken.TokenQuery{Owner: owner, Status: apitoken.StatusActive}
	old, err := m.ListTokens(ctx, apitoken.As(owner), q)
	if err != nil {
		return err
	}
	var live []apitoken.TokenID
	for _, t := range old {
		live = append(live, t.ID)
	}
	for {
		if len(live) > 0 && rand.IntN(5) < 2 {
			i := rand.IntN(len(live))
			if err := revokeAloud(ctx, m, owner, live[i]); err != nil {
				return err
			}
			live = slices.Delete(live, i, i+1)
			continue
		}
		id, err := generateAloud(ctx, m, owner)
		if err != nil {
			return err
		}
		live = append(live, id)
	}
}

func generateAloud(ctx context.Context, m *apitoken.Manager, owner apitoken.UserID) (apitoken.TokenID, error) {
	name := fmt.Sprintf("%016x", rand.Uint64())
	fmt.Fprintln(os.Stdout, sayGenerate, owner, name)
	token, secret, err := m.Generate(ctx, apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name})
	if err != nil {
		return token.ID, err
	}
	_, err = fmt.Fprintln(os.Stdout, sayGenerated, owner, name, token.ID, secret.Reveal())
	return token.ID, err
}

func revokeAloud(ctx context.Context, m *apitoken.Manager, owner apitoken.UserID, id apitoken.TokenID) error {
	fmt.Fprintln(os.Stdout, sayRevoke, id)
	if err := m.Revoke(ctx, apitoken.As(owner), id); err != nil {
		return err
	}
	_, err := fmt.Fprintln(os.Stdout, sayRevoked, id)
	return err
}

// saying is the kind of a line of the worker process.
type saying int

const (
	gibberish saying = iota
	announcement
	acknowledgement
)

// enter enters a line of the worker process in the ledger.
func (l *ledger) enter(words []string) saying {
	switch {
	case len(words) == 3 && words[0] == sayGenerate:
		l.asked[words[2]] = true
		return announcement
	case len(words) == 5 && words[0] == sayGenerated:
		id, err := apitoken.ParseTokenID(words[3])
		owner := slices.IndexFunc(l.users, func(u *heldUser) bool { return string(u.id) == words[1] })
		if err != nil || owner < 0 {
			return gibberish
		}
		delete(l.asked, words[2])
		l.hold(l.users[owner], &heldToken{id: id, text: words[4], may: isActive})
		return acknowledgement
	case len(words) == 2 && (words[0] == sayRevoke || words[0] == sayRevoked):
		id, err := apitoken.ParseTokenID(words[1])
		t := l.tokens[id]
		if err != nil || t == nil {
			return gibberish
		}
		if words[0] == sayRevoke {
			t.perhapsRevoked()
			return announcement
		}
		t.revoked()
		return acknowledgement
	}
	return gibberish
}
