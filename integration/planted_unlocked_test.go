package integration_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
)

// plantedInSQL is a bug in a statement of the servers' dialects.
type plantedInSQL struct {
	name string
	bug  map[string]*strings.Replacer // by driver

	// schedule blocks a transaction in the middle, and reports whether the other calls have to wait for it.
	schedule func(*schedule) (waited bool)
	waits    bool // without the bug

	load *workload
}

var plantsInSQL = []plantedInSQL{
	{
		name: "no share lock on the policy",
		bug: map[string]*strings.Replacer{
			"pgx":   strings.NewReplacer("FROM apitoken_policy FOR SHARE", "FROM apitoken_policy"),
			"mysql": strings.NewReplacer("AND revision = ?))\nLOCK IN SHARE MODE", "AND revision = ?))"),
		},
		schedule: generateBesideSetPolicy,
		waits:    true,
		load:     &generateAndSetPolicy,
	},
	{
		name: "no lock on the owner",
		bug: map[string]*strings.Replacer{
			"pgx":   strings.NewReplacer("WHERE id = $3)\n\tFOR NO KEY UPDATE", "WHERE id = $3)"),
			"mysql": strings.NewReplacer("WHERE u.id = t.owner LOCK IN SHARE MODE", "WHERE u.id = t.owner"),
		},
		schedule: revokeBesideRevokeAll,
		waits:    true,
	},
	{
		name: "a name is not freed",
		bug: map[string]*strings.Replacer{
			"pgx":   strings.NewReplacer("(expires_at <= $5 OR epoch < $17) IS NOT TRUE", "true"),
			"mysql": strings.NewReplacer("AND (expires_at <= ? OR epoch < ?)", "AND 1 = 0 AND (expires_at <= ? OR epoch < ?)"),
		},
		schedule: generateBesideRevokedToken,
	},
}

// TestPlantedInSQL plants bugs into the statements that the servers are sent, because a wrapper of a Store cannot change
// what happens between two statements of a transaction. Each must be caught by a schedule that blocks a transaction in the
// middle while another runs on a second connection pool. Without the bug, the other has to wait if there is a lock, and the
// history is linearizable.
//
//	bug                           histories   schedule
//	no share lock on the policy   x           generate beside set policy
//	no lock on the owner                      revoke beside revoke all
//	a name is not freed                       generate beside a token that is revoked when it is inserted
//
// One history must catch the bug. They pause between the statements of their transactions, and the server decides which
// continues. A history catches the bug with a probability of at least 1/6, so 200 histories miss it with less than 1 in
// 10^15.
func TestPlantedInSQL(t *testing.T) {
	t.Parallel()
	long(t)
	onEach(t, servers, func(t *testing.T, d database) {
		for _, bug := range plantsInSQL {
			t.Run(bug.name, func(t *testing.T) {
				if bug.load != nil {
					t.Run("histories", func(t *testing.T) { bug.inHistories(t, d) })
				}
				t.Run("schedule", func(t *testing.T) { bug.inSchedule(t, d) })
			})
		}
	})
}

// spy returns a spy that plants the bug.
func (p plantedInSQL) spy(d database) *spy {
	s := &spy{}
	s.rewrite(p.bug[d.driver].Replace)
	return s
}

// inside lets the statements of PostgreSQL wait inside, as well as with the bug that the spy may have.
func (s *spy) inside(d database, replacer *strings.Replacer) *spy {
	if bug := s.rewriting; d.driver == "pgx" {
		s.rewrite(func(text string) string {
			if bug != nil {
				text = bug(text)
			}
			return replacer.Replace(text)
		})
	}
	return s
}

func (p plantedInSQL) inHistories(t *testing.T, d database) {
	plain, buggy := openTorn(t, d, (&spy{}).inside(d, sleepingInside)), openTorn(t, d, p.spy(d).inside(d, sleepingInside))
	w := p.load.short()
	caughtInHistories(t, 1,
		func(seed uint64) *history { return runHistory(t, w, plain, seed) },
		func(seed uint64) *history { return runHistory(t, w, buggy, seed) })
}

// openTorn opens stores with pauses between the statements of their transactions.
func openTorn(t *testing.T, d database, s *spy) opener {
	t.Helper()
	var sent atomic.Int64
	n := newNoisy(nil, &sent, 1, false, nil)
	s.interfere(func(string) error {
		sent.Add(1)
		n.pause(4)
		return nil
	}, nil)
	return d.opener(t, s)
}

func (p plantedInSQL) inSchedule(t *testing.T, d database) {
	control := p.scheduleOn(t, d, &spy{})
	if waited := p.schedule(control); waited != p.waits {
		t.Errorf("control: the others had to wait: %t, want %t\n%s", waited, p.waits, control)
	}
	if result := control.check(); result != porcupine.Ok {
		t.Errorf("control: the schedule is %s without the bug\n%s", result, control)
	}
	planted := p.scheduleOn(t, d, p.spy(d))
	if p.schedule(planted) {
		t.Errorf("the others had to wait with the bug\n%s", planted)
	}
	if result := planted.check(); result != porcupine.Illegal {
		t.Errorf("the schedule is %s with the bug, want %s\n%s", result, porcupine.Illegal, planted)
	}
}

// readCommitted returns the database of MySQL with READ COMMITTED as the level of its sessions. At the default level some
// statements lock what they read without saying so.
func (d database) readCommitted(t *testing.T) database {
	t.Helper()
	config := parseMySQL(t, d.dsns[0])
	config.Params = map[string]string{"tx_isolation": "'READ-COMMITTED'"}
	d.dsns = []string{config.FormatDSN()}
	return d
}

// scheduleOn makes a schedule on two replicas. The gate is before each of their statements.
func (p plantedInSQL) scheduleOn(t *testing.T, d database, s *spy) *schedule {
	t.Helper()
	if d.driver == "mysql" {
		d = d.readCommitted(t)
	}
	replicas, _ := d.opener(t, s.inside(d, lockedInside))(t)
	clock, g := newMovable(beginning), &gate{}
	s.interfere(g.pass, nil)
	made := newSchedule(t, clock, g, replicas[0], replicas[1])
	db := d.open(t, 0)
	made.creation, made.waiting = "INSERT INTO apitoken_tokens", func() bool { return d.waiting(t, db) }
	if d.driver == "pgx" {
		made.creation, made.inside = "WITH policy AS", &insideGate{t, db}
		made.waiting = made.inside.waiting
	}
	return made
}
