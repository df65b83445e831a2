package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// rotationAct is one call about the tokens of one rotation after the other, as a client saw it.
type rotationAct struct {
	kind  kind
	token apitoken.TokenID
	made  apitoken.TokenID // the successor
	err   error
}

const actRotate kind = "rotate"

func (a rotationAct) String() string {
	return fmt.Sprintf("%s %s -> %s %v", a.kind, short(a.token), short(a.made), a.err)
}

// rotationWorld is the tokens of a history, in the order of their generation. It is immutable.
type rotationWorld []rotatedToken

type rotatedToken struct {
	id, replaces, replacedBy apitoken.TokenID
	dead, unused             bool
}

func (w rotationWorld) find(id apitoken.TokenID) int {
	return slices.IndexFunc(w, func(t rotatedToken) bool { return t.id == id })
}

// step returns the possible worlds after an act.
func (w rotationWorld) step(a rotationAct) []any {
	at := w.find(a.token)
	if at < 0 {
		return nil
	}
	next := slices.Clone(w)
	t := &next[at]
	refused := errors.Is(a.err, apitoken.ErrRevoked)
	switch {
	case a.err == nil || errors.Is(a.err, apitoken.ErrUncertain):
	case refused && t.dead && a.kind != actRevoke:
		return []any{w}
	default:
		return nil
	}
	switch a.kind {
	case actRevoke:
		t.dead = true
	case actAuthenticate:
		if t.dead {
			return nil
		}
		if t.unused {
			t.unused = false
			if old := next.find(t.replaces); old >= 0 {
				next[old].dead = true
			}
		}
	case actRotate:
		if t.dead {
			return nil
		}
		was := at
		if old := next.find(t.replaces); t.unused && old >= 0 && !next[old].dead && next[old].replacedBy == t.id {
			was = old
		}
		if unused := next.find(next[was].replacedBy); unused >= 0 && next[unused].unused && !next[unused].dead {
			next[unused].dead, next[unused].unused, next[unused].replacedBy = true, false, a.made
		}
		next[was].replacedBy, next[was].unused = a.made, false
		next = append(next, rotatedToken{id: a.made, replaces: next[was].id, unused: true})
	}
	if a.err != nil { // the outcome is unknown
		return []any{next, w}
	}
	return []any{next}
}

func rotationModel(first apitoken.TokenID) porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{rotationWorld{{id: first}}} },
		Step:  func(state, input, _ any) []any { return state.(rotationWorld).step(input.(rotationAct)) },
		Equal: func(a, b any) bool { return slices.Equal(a.(rotationWorld), b.(rotationWorld)) },
	}
	return model.ToModel()
}

// TestRotationHistoriesAreLinearizable runs clients with a Manager each, on three replicas, that rotate one token, its successors
// and theirs, use them and revoke some, all at the same time. There must be an order of the calls in which a first use ends the old
// token, another rotation ends the unused successor, and nothing else ends anything. Some rotations lose their response.
func TestRotationHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, store.holdRotationHistories)
	}
}

func (s namedStore) holdRotationHistories(t *testing.T) {
	open := s.prepare(t)
	histories := 200
	if testing.Short() {
		histories = 10
	}
	histories, seed := fromEnvironment(t, "APITOKEN_HISTORIES", histories), firstSeed(t)
	acts := 0
	seen := map[string]int{}
	for i := range histories {
		acts += holdRotationHistory(t, open, seed+uint64(i), seen)
	}
	t.Logf("%d histories, %d operations, 0 violations: %v", histories, acts, seen)
}

func holdRotationHistory(t *testing.T, open opener, seed uint64, seen map[string]int) int {
	t.Helper()
	const clients, actsOfEach = 5, 8
	ctx := context.Background()
	each, done := open(t)
	defer done()
	now := newMovable(beginning)
	var managers []*apitoken.Manager
	for i := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(100+i)))
		store := storetest.Faulty{Store: each[i%len(each)], After: func(_ context.Context, method string) error {
			if method == "RotateToken" && random.IntN(8) == 0 {
				return apitoken.ErrUncertain
			}
			return nil
		}}
		m, err := apitoken.New(store, &apitoken.Options{Clock: now, LastUsedInterval: -1})
		must(t, err)
		managers = append(managers, m)
	}
	_, err := managers[0].PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"})
	must(t, err)
	first, secret, err := managers[0].Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "deploy"})
	must(t, err)

	var mu sync.Mutex
	ids, texts := []apitoken.TokenID{first.ID}, map[apitoken.TokenID]string{first.ID: secret.Reveal()}
	var moment atomic.Int64
	var history []porcupine.Operation
	var all sync.WaitGroup
	for i, m := range managers {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		all.Go(func() {
			for range actsOfEach {
				mu.Lock()
				a := rotationAct{token: ids[max(0, len(ids)-1-random.IntN(4))]}
				text := texts[a.token]
				mu.Unlock()
				begin := moment.Add(1)
				switch n := random.IntN(20); {
				case n < 8:
					a.kind = actRotate
					next, secret, err := m.Rotate(ctx, apitoken.As("bob"), a.token, apitoken.RotateParams{})
					a.made, a.err = next.ID, err
					mu.Lock()
					if !next.ID.IsZero() {
						ids = append(ids, next.ID)
					}
					if err == nil {
						texts[next.ID] = secret.Reveal()
					}
					mu.Unlock()
				case n < 19 && text != "":
					a.kind = actAuthenticate
					_, a.err = m.Authenticate(ctx, text)
				default:
					a.kind = actRevoke
					a.err = m.Revoke(ctx, apitoken.As("bob"), a.token)
					if errors.Is(a.err, apitoken.ErrNotFound) { // of a rotation that did not happen
						a.err = apitoken.ErrUncertain
					}
				}
				end := moment.Add(1)
				mu.Lock()
				seen[string(a.kind)+": "+strings.Fields(sentinels(a.err))[0]]++
				history = append(history, porcupine.Operation{ClientId: i, Input: a, Call: begin, Return: end})
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if result := porcupine.CheckOperationsTimeout(rotationModel(first.ID), history, time.Minute); result != porcupine.Ok {
		var lines []string
		for _, o := range history {
			lines = append(lines, fmt.Sprintf("%3d-%3d client %d %s", o.Call, o.Return, o.ClientId, o.Input))
		}
		slices.Sort(lines)
		t.Fatalf("seed %d: %s\n%s", seed, result, strings.Join(lines, "\n"))
	}
	holdOneSuccessor(t, managers[0], "bob")
	return len(history)
}

// holdOneSuccessor checks that each token has at most one active successor.
func holdOneSuccessor(t *testing.T, m *apitoken.Manager, owner apitoken.UserID) {
	t.Helper()
	active := map[apitoken.TokenID]int{}
	for token, err := range m.Tokens(context.Background(), apitoken.System(), apitoken.TokenQuery{Owner: owner, Status: apitoken.StatusActive}) {
		must(t, err)
		if !token.Replaces.IsZero() {
			active[token.Replaces]++
		}
	}
	for id, n := range active {
		if n > 1 {
			t.Errorf("the token %s has %d active successors, want at most 1", id, n)
		}
	}
}
