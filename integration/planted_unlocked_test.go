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

	// schedule holds up a transaction in the middle, and tells whether what it does then has to wait for that.
	schedule func(*schedule) (waited bool)
	waits    bool // without the bug

	load *workload
}

var plantsInSQL = []plantedInSQL{
	{
		name: "no share lock on the policy",
		bug: map[string]*strings.Replacer{
			"pgx":   strings.NewReplacer("FROM apitoken_policy AS p\nFOR SHARE OF p", "FROM apitoken_policy AS p"),
			"mysql": strings.NewReplacer("FROM apitoken_policy AS p\nLOCK IN SHARE MODE", "FROM apitoken_policy AS p"),
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
		name: "a name is freed only once",
		bug: map[string]*strings.Replacer{
			"pgx":   strings.NewReplacer("AND (expires_at <= $3 OR epoch < $4)\n)", "AND (expires_at <= $3 OR epoch < $4)\n) AND 1 = 0"),
			"mysql": strings.NewReplacer("AND (expires_at <= ? OR epoch < ?)\n)", "AND (expires_at <= ? OR epoch < ?)\n) AND 1 = 0"),
		},
		schedule: generateBesideDeadToken,
	},
}

// TestPlantedInSQL plants bugs into what the servers are sent, because a Store around the store has no way to what is
// between two statements of a transaction. Each must be caught by a schedule that holds up a transaction in the middle,
// while another goes on at a second connection pool. With the SQL as it is, the other has to wait where there is a lock, and
// all is in order.
//
//	bug                           histories   schedule
//	no share lock on the policy   x           generate beside set policy
//	no lock on the owner                      revoke beside revoke all
//	a name is freed only once                 generate beside a token that is dead when it is inserted
//
// In histories a bug must be caught once. There are pauses between the statements of their transactions, and the server
// decides which goes on. A history catches the bug with a probability of a sixth or more, so that 200 miss it with less than
// one in 10^15.
func TestPlantedInSQL(t *testing.T) {
	long(t)
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
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
}

// spy is a spy that plants the bug.
func (p plantedInSQL) spy(d database) *spy {
	s := &spy{}
	s.rewrite(p.bug[d.driver].Replace)
	return s
}

func (p plantedInSQL) inHistories(t *testing.T, d database) {
	plain, buggy := openTorn(t, d, &spy{}), openTorn(t, d, p.spy(d))
	w := p.load.short()
	caughtInHistories(t, 1,
		func(seed uint64) *history { return runHistory(t, w, plain, seed) },
		func(seed uint64) *history { return runHistory(t, w, buggy, seed) })
}

// openTorn opens stores that pause between the statements of their transactions.
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
		t.Errorf("control: somebody had to wait: %t, want %t\n%s", waited, p.waits, control)
	}
	if result := control.check(); result != porcupine.Ok {
		t.Errorf("control: the schedule is %s without the bug\n%s", result, control)
	}
	planted := p.scheduleOn(t, d, p.spy(d))
	if p.schedule(planted) {
		t.Errorf("somebody had to wait with the bug\n%s", planted)
	}
	if result := planted.check(); result != porcupine.Illegal {
		t.Errorf("the schedule is %s with the bug, want %s\n%s", result, porcupine.Illegal, planted)
	}
}

// scheduleOn makes a schedule on two replicas. The gate is on the way of each of their statements.
func (p plantedInSQL) scheduleOn(t *testing.T, d database, s *spy) *schedule {
	t.Helper()
	replicas, _ := d.opener(t, s)(t)
	clock, g := newMovable(beginning), &gate{}
	s.interfere(g.pass, nil)
	made := newSchedule(t, clock, g, replicas[0], replicas[1])
	db := d.open(t, 0)
	made.waiting = func() bool { return d.waiting(t, db) }
	return made
}
