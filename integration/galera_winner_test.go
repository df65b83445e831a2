package integration_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

const raceRounds = 50

// onAllNodes does something on all nodes at the same moment, and gives the errors.
func onAllNodes(nodes []*apitoken.Manager, do func(node int, m *apitoken.Manager) error) []error {
	errs := make([]error, len(nodes))
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i, m := range nodes {
		all.Go(func() {
			<-begin
			errs[i] = do(i, m)
		})
	}
	close(begin)
	all.Wait()
	return errs
}

// galeraNodes are Managers on the nodes of the cluster, on a database of the test's own, with some administrators.
func galeraNodes(t *testing.T, admins ...apitoken.UserID) (nodes []*apitoken.Manager) {
	t.Helper()
	for _, store := range onGalera.database(t).replicas(t) {
		nodes = append(nodes, newReplica(t, store))
	}
	for _, id := range admins {
		if _, err := nodes[0].PutUser(t.Context(), apitoken.System(), apitoken.User{ID: id, Role: apitoken.RoleAdmin}); err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}

func TestGaleraOneNameIsGivenOnce(t *testing.T) {
	const owner = apitoken.UserID("ada")
	nodes := galeraNodes(t, owner)
	for round := range raceRounds {
		name := fmt.Sprint("token ", round)
		won := 0
		for node, err := range onAllNodes(nodes, func(_ int, m *apitoken.Manager) error {
			_, _, err := m.Generate(t.Context(), apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name})
			return err
		}) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, apitoken.ErrExists):
				t.Errorf("round %d, node %d: error %v, want %v", round, node, err, apitoken.ErrExists)
			}
		}
		if won != 1 {
			t.Errorf("round %d: %d nodes gave the name, want one", round, won)
		}
	}
	for node, m := range nodes {
		if n := len(all(t, m.Tokens(t.Context(), apitoken.As(owner), apitoken.TokenQuery{Owner: owner, Limit: 1000}))); n != raceRounds {
			t.Errorf("node %d has %d tokens, want %d", node, n, raceRounds)
		}
	}
	t.Logf("%d names asked for at once on %d nodes: one token each", raceRounds, len(nodes))
}

func TestGaleraTokenIsRevokedOnce(t *testing.T) {
	admins := []apitoken.UserID{"ada", "bob", "eve"}
	nodes := galeraNodes(t, admins...)
	for round := range raceRounds {
		p := apitoken.GenerateParams{Owner: "ada", Name: fmt.Sprint("token ", round)}
		token, _, err := nodes[round%len(nodes)].Generate(t.Context(), apitoken.As("ada"), p)
		if err != nil {
			t.Fatal(err)
		}
		for node, err := range onAllNodes(nodes, func(node int, m *apitoken.Manager) error {
			return m.Revoke(t.Context(), apitoken.As(admins[node]), token.ID)
		}) {
			if err != nil {
				t.Errorf("round %d, node %d: %v", round, node, err)
			}
		}
	}
	revoked := map[apitoken.TokenID][]apitoken.UserID{}
	for _, e := range all(t, nodes[0].Events(t.Context(), apitoken.System(), apitoken.EventQuery{Limit: 1000})) {
		if e.Action == apitoken.ActionRevoke {
			revoked[e.Token] = append(revoked[e.Token], e.Actor.User)
		}
	}
	t.Logf("%d tokens revoked at once on %d nodes: %d of them have a revocation", raceRounds, len(nodes), len(revoked))
	for node, m := range nodes {
		tokens := all(t, m.Tokens(t.Context(), apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Limit: 1000}))
		if len(tokens) != raceRounds {
			t.Errorf("node %d has %d tokens, want %d", node, len(tokens), raceRounds)
		}
		for _, token := range tokens {
			if diff := cmp.Diff([]apitoken.UserID{token.RevokedBy}, revoked[token.ID]); diff != "" {
				t.Errorf("node %d, who revoked token %s (-in the token +in the events):\n%s", node, token.ID, diff)
			}
		}
	}
}

// Events are numbered by whoever reads them. Three who read at once while events are written, each on another node, number
// them once between them.
func TestGaleraEventsAreNumberedOnce(t *testing.T) {
	admins := []apitoken.UserID{"ada", "bob", "eve"}
	nodes := galeraNodes(t, admins...)
	const perNode = 100
	want := len(admins) + len(nodes)*perNode
	feeds := make([][]apitoken.Event, len(nodes))
	var writers sync.WaitGroup
	for node, m := range nodes {
		writers.Go(func() {
			for i := range perNode {
				p := apitoken.GenerateParams{Owner: admins[node], Name: fmt.Sprint("token ", i)}
				if _, _, err := m.Generate(t.Context(), apitoken.As(p.Owner), p); err != nil {
					t.Errorf("node %d: %v", node, err)
				}
			}
		})
	}
	for node, err := range onAllNodes(nodes, func(node int, m *apitoken.Manager) error {
		for len(feeds[node]) < want && !t.Failed() {
			q := apitoken.EventQuery{After: apitoken.EventSeq(len(feeds[node]))}
			for e, err := range m.Events(t.Context(), apitoken.System(), q) {
				if err != nil {
					return err
				}
				feeds[node] = append(feeds[node], e)
				if e.Seq != apitoken.EventSeq(len(feeds[node])) {
					return fmt.Errorf("event %d was read at place %d", e.Seq, len(feeds[node]))
				}
			}
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("node %d: %v", node, err)
		}
	}
	writers.Wait()
	t.Logf("%d events read at once on %d nodes", want, len(nodes))
	for node, feed := range feeds {
		ids := map[apitoken.EventID]bool{}
		for _, e := range feed {
			ids[e.ID] = true
		}
		if len(ids) != want || len(feed) != want {
			t.Errorf("node %d: %d events, %d of them different, want %d", node, len(feed), len(ids), want)
		}
		if diff := cmp.Diff(feeds[0], feed); diff != "" {
			t.Errorf("the feeds differ (-node 0 +node %d):\n%s", node, diff)
		}
	}
}
