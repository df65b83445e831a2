package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// A user is disabled on one node while tokens are generated for them on the others. Afterwards none of the tokens
// authenticates on any node, even if the user is enabled again. A token that is inserted after DisableUser has returned is
// of an earlier epoch, and only that ends it.
//
// This test can fail: a node that ignores the epoch accepts such tokens.
func TestGaleraDisabledUserHasNoLiveToken(t *testing.T) {
	var nodes, ignorant []*apitoken.Manager
	for _, store := range onGalera.database(t).stores(t, nil) {
		nodes = append(nodes, newReplica(t, store))
		ignorant = append(ignorant, newReplica(t, epochIgnored(store)))
	}
	rounds := crashRounds(t, 300)
	generated, late, revived := 0, 0, 0
	for round := range rounds {
		owner := apitoken.UserID(fmt.Sprint("user ", round))
		putUser(t, nodes[round%len(nodes)], apitoken.User{ID: owner})
		texts, lately := disabledWhileGenerating(t, nodes, owner)
		holdRefused(t, nodes[round%len(nodes):][:1], texts)
		must(t, nodes[rand.IntN(len(nodes))].EnableUser(t.Context(), apitoken.System(), owner))
		holdRefused(t, nodes, texts)
		generated += len(texts)
		late += len(lately)
		revived += accepted(t, ignorant[round%len(ignorant)], lately)
	}
	t.Logf("%d rounds: %d tokens generated, %d of them after the user was disabled; all refused", rounds, generated, late)
	if late == 0 || revived != late {
		t.Errorf("%d tokens were late, and a node that ignores the epoch accepts %d; want all of at least one", late, revived)
	}
}

// disabledWhileGenerating generates tokens on the first two nodes until the owner is disabled on the last one. It returns
// the texts of all tokens, and of the late ones, which did not exist when DisableUser returned.
func disabledWhileGenerating(t *testing.T, nodes []*apitoken.Manager, owner apitoken.UserID) (texts, late []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var generators sync.WaitGroup
	defer func() {
		cancel()
		generators.Wait()
	}()
	var mu sync.Mutex
	byID := map[apitoken.TokenID]string{}
	enough, once := make(chan struct{}), new(sync.Once)
	wanted := 1 + rand.IntN(4)
	for node := range 2 {
		generators.Go(func() {
			for i := 0; ; i++ {
				p := apitoken.GenerateParams{Owner: owner, Name: fmt.Sprintf("%d at node %d", i, node)}
				token, secret, err := nodes[node].Generate(ctx, apitoken.System(), p)
				if errors.Is(err, apitoken.ErrUserDisabled) {
					return
				}
				if err != nil {
					t.Errorf("generate: %v", err)
					once.Do(func() { close(enough) })
					return
				}
				mu.Lock()
				byID[token.ID] = secret.Reveal()
				if len(byID) == wanted {
					once.Do(func() { close(enough) })
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	must(t, nodes[2].DisableUser(t.Context(), apitoken.System(), owner))
	there := map[apitoken.TokenID]bool{}
	for _, token := range all(t, nodes[2].Tokens(t.Context(), apitoken.System(), apitoken.TokenQuery{Owner: owner, Limit: 1000})) {
		there[token.ID] = true
	}
	generators.Wait()
	for id, text := range byID {
		texts = append(texts, text)
		if !there[id] {
			late = append(late, text)
		}
	}
	return texts, late
}

func holdRefused(t *testing.T, nodes []*apitoken.Manager, texts []string) {
	t.Helper()
	for i, m := range nodes {
		if n := accepted(t, m, texts); n != 0 {
			t.Fatalf("node %d of %d accepts %d tokens of a user who was disabled", i, len(nodes), n)
		}
	}
}

// accepted counts the tokens that authenticate.
func accepted(t *testing.T, m *apitoken.Manager, texts []string) (n int) {
	t.Helper()
	for _, text := range texts {
		switch is, err := verdict(t.Context(), m, text); {
		case err != nil:
			t.Fatal(err)
		case is == isActive:
			n++
		case is == isAbsent:
			t.Error("a generated token does not exist")
		}
	}
	return n
}
