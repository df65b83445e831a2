package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

const (
	envHA      = "APITOKEN_TEST_HA" // 1: the tests on a cluster of Patroni run
	envHAKills = "APITOKEN_HA_KILLS"
	envHACuts  = "APITOKEN_HA_CUTS"
	envHAHangs = "APITOKEN_HA_HANGS"

	failOverLimit = 3 * time.Minute // for a cluster to be whole again
)

// How a host finds the primary, as docs/patroni.md recommends.
const (
	bothNodes   = engine.PatroniNode0 + "," + engine.PatroniNode1
	writable    = "target_session_attrs=read-write"
	withTimeout = "connect_timeout=2"
)

// startPatroni starts a cluster, unless the test is not asked for.
func startPatroni(t *testing.T, opts *engine.PatroniOptions) *engine.Patroni {
	t.Helper()
	if os.Getenv(envHA) == "" {
		t.Skipf("NOT TESTED: a cluster of Patroni; set %s=1, as make test-ha does", envHA)
	}
	c, err := engine.StartPatroni(t.TempDir(), opts)
	engine.Require(t, "patroni", err)
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// onPatroni returns the database of a cluster as each of its two hosts connects to it.
func onPatroni(t *testing.T, c *engine.Patroni, servers string, settings ...string) database {
	t.Helper()
	d := database{backend: onPostgreSQL}
	for host := range 2 {
		config, err := pgx.ParseConfig("postgres://postgres@" + servers + "/postgres?" + strings.Join(settings, "&"))
		must(t, err)
		config.DialFunc = c.Dialer(host)
		name := stdlib.RegisterConnConfig(config)
		t.Cleanup(func() { stdlib.UnregisterConnConfig(name) })
		d.dsns = append(d.dsns, name)
	}
	return d
}

// incident is something that happens to a cluster under load. It returns when the cluster is whole again.
type incident struct {
	name   string
	env    string
	rounds int
	happen func(t *testing.T, c *engine.Patroni, l *load, round int)
}

var incidents = []incident{
	{"the primary is killed", envHAKills, 2, killPrimary},
	{"the network is cut", envHACuts, 2, cutNetwork},
	{"the network is cut and the agent hangs", envHAHangs, 1, hangAgent},
}

// Whatever happens to a cluster with the recommended settings, acknowledged changes stay, and no host accepts what another one
// has revoked.
func TestPatroniKeepsWhatItAcknowledged(t *testing.T) {
	c := startPatroni(t, nil)
	d := onPatroni(t, c, bothNodes, writable, withTimeout)
	l := newLoad(t, clientsOfCrash, d.stores(t, nil))
	l.limit = failOverLimit
	for _, i := range incidents {
		rounds := fromEnvironment(t, i.env, i.rounds)
		for round := range rounds {
			stop := l.start(t)
			l.awaitAcknowledged(t, 50+rand.IntN(150))
			i.happen(t, c, l, round)
			l.awaitAcknowledged(t, 100)
			l.awaitEach(t, l.clients)
			stop()
			l.settle(t, d, round == rounds-1)
		}
		t.Logf("%s, %d times: %s", i.name, rounds, l.figures())
	}
}

// killPrimary kills the server and the agent of the primary, as the loss of the machine does. The node comes back once the other
// one has taken over.
func killPrimary(t *testing.T, c *engine.Patroni, l *load, _ int) {
	primary, ok := c.Primary(t.Context())
	if !ok {
		t.Fatal("there is no primary")
	}
	l.goWithout(t, 1, func() error { return c.Kill(primary) }, func() error {
		if err := c.AwaitPrimary(1-primary, failOverLimit); err != nil {
			return err
		}
		return c.Start(primary)
	})
	must(t, c.AwaitBoth(failOverLimit))
}

// cutNetwork separates the sides, in turn while the primary is the node that etcd then does not hear, and while it is the other one.
func cutNetwork(t *testing.T, c *engine.Patroni, l *load, round int) {
	must(t, c.MakePrimary(round%2))
	l.awaitAcknowledged(t, 20)
	must(t, c.Cut())
	must(t, c.AwaitPrimary(1, failOverLimit))
	l.awaitFailures(t, l.clients, 2)
	must(t, c.Heal())
	must(t, c.AwaitBoth(failOverLimit))
}

// hangAgent separates the primary from etcd while its agent hangs, so that nobody tells it that it is no longer the primary.
func hangAgent(t *testing.T, c *engine.Patroni, l *load, round int) {
	must(t, c.MakePrimary(0))
	l.awaitAcknowledged(t, 20)
	must(t, c.Hang(0))
	must(t, c.Cut())
	must(t, c.AwaitPrimary(1, failOverLimit))
	l.awaitFailures(t, l.clients, 2)
	// The agent continues before or after it can be heard.
	for i := range 2 {
		step := c.Heal
		if i == round%2 {
			step = func() error { return c.Resume(0) }
		}
		must(t, step())
	}
	must(t, c.AwaitAny(failOverLimit))
	l.awaitAcknowledged(t, 20)
	afterHanging(t, c)
}

// afterHanging restarts the agent that hung. Otherwise Patroni 3.0 may go on for ever without naming a synchronous standby: its
// agent then repeats "Synchronous replication key updated by someone else".
func afterHanging(t *testing.T, c *engine.Patroni) {
	t.Helper()
	must(t, c.AwaitAny(failOverLimit))
	must(t, c.Restart(0))
	must(t, c.AwaitBoth(failOverLimit))
}

// The control: without strict mode the new primary acknowledges alone, and when the network is whole again and the agent of the old
// primary goes on, the old primary may take over and undo that. Whether it does depends on the moment, so there are several rounds.
func TestPatroniWithoutStrictModeUndoesWhatItAcknowledged(t *testing.T) {
	c := startPatroni(t, &engine.PatroniOptions{Lenient: true})
	d := onPatroni(t, c, bothNodes, writable, withTimeout)
	d.dsns = d.dsns[1:] // the host on the side of the new primary
	l := newLoad(t, clientsOfCrash, d.stores(t, nil))
	l.limit = failOverLimit
	for round := range 6 {
		must(t, c.MakePrimary(0))
		stop := l.start(t)
		l.awaitAcknowledged(t, 50)
		must(t, c.Hang(0))
		must(t, c.Cut())
		must(t, c.AwaitPrimary(1, failOverLimit))
		l.awaitAcknowledged(t, 200)
		must(t, c.Heal())
		must(t, c.Resume(0))
		awaitDecision(t, c)
		stop()
		var lost losses
		d.visit(t, func(m *apitoken.Manager) { lost = l.books.audit(t, m, false) })
		t.Logf("round %d: %+v", round, lost)
		if lost.Tokens > 0 || lost.Revocations > 0 {
			return
		}
		l.wrong = nil // answers of an old primary
		must(t, c.Kill(0))
		must(t, c.Start(0))
		must(t, c.AwaitBoth(failOverLimit))
	}
	t.Error("nothing was undone")
}

// awaitDecision returns when node 0 is the primary, or the standby of the other.
func awaitDecision(t *testing.T, c *engine.Patroni) {
	t.Helper()
	for began := time.Now(); c.AwaitBoth(time.Second) != nil; {
		if node, ok := c.Primary(t.Context()); ok && node == 0 {
			return
		}
		if time.Since(began) > failOverLimit {
			t.Fatalf("not within %v: node 0 is the primary or a standby", failOverLimit)
		}
	}
}

// How long a host on the side of the old primary accepts what was revoked on the other side, for each way to connect. Without strict
// mode, because with it nobody can revoke before the sides are together again. docs/patroni.md states the figures.
func TestPatroniAcceptsWhatIsRevokedNoLongerThanStated(t *testing.T) {
	c := startPatroni(t, &engine.PatroniOptions{Lenient: true})
	for _, way := range []struct {
		name, servers, settings string
		never                   bool // with a healthy agent
	}{
		{"both nodes, read-write", bothNodes, writable, true},
		{"the old primary alone", engine.PatroniNode0, "", false},
		{"HAProxy", engine.PatroniProxy, "", false},
		{"HAProxy, read-write", engine.PatroniProxy, writable, true},
	} {
		for _, agentHangs := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, the agent hangs: %v", way.name, agentHangs), func(t *testing.T) {
				must(t, c.MakePrimary(0))
				other := onPatroni(t, c, bothNodes, writable, withTimeout)
				d := onPatroni(t, c, way.servers, strings.Trim(way.settings+"&"+withTimeout, "&"))
				s := newStaleness(t, d, other)
				if agentHangs {
					must(t, c.Hang(0))
				}
				s.begin()
				must(t, c.Cut())
				must(t, c.AwaitPrimary(1, failOverLimit))
				s.revokeAll(t)
				s.present(20 * time.Second)
				if agentHangs {
					must(t, c.Resume(0))
				}
				must(t, c.Heal())
				if agentHangs {
					afterHanging(t, c)
				}
				must(t, c.AwaitBoth(failOverLimit))
				together := s.accepted
				s.present(time.Second)
				t.Logf("%d accepted, the last one %v after the cut", s.accepted, s.last.Round(time.Second))
				switch after := s.accepted - together; {
				case after > 0 && agentHangs:
					t.Logf("the old primary has undone the revocations: %d accepted after the sides are together again", after)
				case after > 0:
					t.Errorf("%d are accepted after the sides are together again", after)
				}
				if never := way.never && !agentHangs; never && s.accepted > 0 || !never && way.servers == engine.PatroniNode0 && s.accepted == 0 {
					t.Errorf("%d revoked tokens were accepted, want none: %v", s.accepted, never)
				}
			})
		}
	}
}

// staleness counts the tokens that the near host accepts after the far host has revoked them.
type staleness struct {
	near, far *apitoken.Manager
	texts     []string
	ids       []apitoken.TokenID

	begun    time.Time
	accepted int
	last     time.Duration // since begun
}

func newStaleness(t *testing.T, near, far database) *staleness {
	t.Helper()
	s := &staleness{
		near: newReplica(t, near.newMigrated(t, near.open(t, 0), nil)),
		far:  newReplica(t, far.newMigrated(t, far.open(t, 1), nil)),
	}
	putUser(t, s.far, apitoken.User{ID: "ada"})
	for i := range 100 {
		name := fmt.Sprintf("%d at %v", i, time.Now())
		token, secret, err := s.far.Generate(t.Context(), apitoken.System(), apitoken.GenerateParams{Owner: "ada", Name: name})
		must(t, err)
		s.ids, s.texts = append(s.ids, token.ID), append(s.texts, secret.Reveal())
		if _, err := s.near.Authenticate(t.Context(), secret.Reveal()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *staleness) begin() { s.begun = time.Now() }

// revokeAll revokes the tokens on the far side, where the new primary is.
func (s *staleness) revokeAll(t *testing.T) {
	t.Helper()
	for _, id := range s.ids {
		for err := error(apitoken.ErrUnavailable); err != nil; {
			ctx, cancel := context.WithTimeout(t.Context(), longestOutcome)
			err = s.far.Revoke(ctx, apitoken.System(), id)
			cancel()
			if err != nil && !errors.Is(err, apitoken.ErrUnavailable) || t.Context().Err() != nil {
				t.Fatal(err)
			}
		}
	}
}

// present presents the revoked tokens on the near side for a while.
func (s *staleness) present(during time.Duration) {
	for began := time.Now(); time.Since(began) < during; {
		for _, text := range s.texts {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			_, err := s.near.Authenticate(ctx, text)
			cancel()
			if err == nil {
				s.accepted, s.last = s.accepted+1, time.Since(s.begun)
			}
			if time.Since(began) >= during {
				return
			}
		}
	}
}
