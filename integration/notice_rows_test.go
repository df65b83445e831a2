package integration_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// envNoticeRows is the variable with the number of tokens in the test of notices.
const envNoticeRows = "APITOKEN_NOTICE_ROWS"

// spreadExpiry lets the tokens of loadForScans expire within a year after scanEpoch.
const spreadExpiry = `UPDATE apitoken_tokens SET expires_at = 1000000000 + (expires_at - 1000000000) * 315360`

// dueThen counts the tokens that can be used and expire within 30 days.
const dueThen = `
SELECT count(*) FROM apitoken_tokens AS t JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.expires_at > 1000000000 AND t.expires_at <= 2593000000000 AND t.revoked_at IS NULL AND t.epoch >= u.epoch`

// Every token that is due is leased once, in calls of 1,000, however many tokens are not due. The figures are logged.
func TestNoticesOfManyTokens(t *testing.T) {
	long(t)
	rows := fromEnvironment(t, envNoticeRows, 3000)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t).withoutDisk()
			db := d.open(t, 0)
			d.loadForScans(t, db, rows)
			mustExec(t, db, spreadExpiry)
			d.analyze(t, db)
			var want int
			must(t, db.QueryRow(dueThen).Scan(&want))
			watched, times := &spy{}, &times{}
			times.reset()
			watched.surround(times.measure)
			clock := newMovable(time.UnixMicro(scanEpoch))
			m, err := apitoken.New(d.newStore(t, watched.openPool(t, d.driver, d.dsns[0]), nil), &apitoken.Options{Clock: clock})
			must(t, err)
			q := apitoken.NoticeQuery{Steps: []time.Duration{apitoken.Days(1), apitoken.Days(7), apitoken.Days(30)}, Limit: 1000}
			lease := func() ([]apitoken.Notice, time.Duration) {
				t.Helper()
				began := time.Now()
				notices, err := m.LeaseNotices(t.Context(), apitoken.System(), q)
				must(t, err)
				return notices, time.Since(began)
			}
			seen := map[apitoken.TokenID]int{}
			calls, slowest := 0, time.Duration(0)
			for {
				notices, took := lease()
				slowest = max(slowest, took)
				if len(notices) == 0 {
					break
				}
				if calls++; calls == 1 {
					for _, n := range notices[:min(len(notices), 100)] {
						must(t, m.NoticeSent(t.Context(), apitoken.System(), n))
					}
				}
				for _, n := range notices {
					seen[n.Token.ID]++
				}
			}
			_, idle := lease()
			clock.add(10 * time.Minute) // the leases have run out
			again, _ := lease()
			t.Logf("%d of %d tokens are due, leased in %d calls, the slowest in %v, and in %v if none is; %s",
				len(seen), rows, calls, slowest.Round(time.Millisecond), idle.Round(time.Millisecond), times)
			for id, n := range seen {
				if n != 1 {
					t.Errorf("the notice of %s is leased %d times, want once", id, n)
				}
			}
			if len(seen) != want || want < rows/100 {
				t.Errorf("%d notices are leased, want %d", len(seen), want)
			}
			if len(again) != min(want-100, q.Limit) {
				t.Errorf("%d notices are leased again, want those that were not sent, at most %d", len(again), q.Limit)
			}
		})
	}
}

// Three processes of a host lease notices from one database at the same time, each with its own pool. No notice is given twice.
func TestReplicasLeaseEachNoticeOnce(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db := d.open(t, 0)
		d.newMigrated(t, db, nil)
		clock := newMovable(beginning)
		var managers []*apitoken.Manager
		for i := range 3 {
			m, err := apitoken.New(d.newStore(t, d.open(t, i), nil), &apitoken.Options{Clock: clock})
			must(t, err)
			managers = append(managers, m)
		}
		putUser(t, managers[0], apitoken.User{ID: "bob"})
		const tokens = 60
		for i := range tokens {
			_, _, err := managers[0].Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: time.Hour})
			must(t, err)
		}
		leased := make(chan apitoken.TokenID, 10*tokens)
		run := func(m *apitoken.Manager) error {
			for range 15 {
				notices, err := m.LeaseNotices(t.Context(), apitoken.System(), apitoken.NoticeQuery{Steps: []time.Duration{apitoken.Days(1)}, Limit: 7})
				if err != nil {
					return err
				}
				for _, n := range notices {
					leased <- n.Token.ID
				}
			}
			return nil
		}
		errs := make(chan error, len(managers))
		for _, m := range managers {
			go func() { errs <- run(m) }()
		}
		for range managers {
			must(t, <-errs)
		}
		must(t, run(managers[0])) // what two have read and only one has leased
		close(leased)
		seen := map[apitoken.TokenID]int{}
		var twice []string
		for id := range leased {
			if seen[id]++; seen[id] == 2 {
				twice = append(twice, id.String())
			}
		}
		if len(seen) != tokens || len(twice) > 0 {
			t.Errorf("%d notices are leased, want %d; twice: %s", len(seen), tokens, strings.Join(twice, ", "))
		}
	})
}

// Two calls that lock the same notices in different orders could deadlock, so each locks them in the order of the tokens: while
// the last one is locked by somebody else, a call has locked all the others.
func TestALeaseLocksNoticesInOneOrder(t *testing.T) {
	onEach(t, servers, func(t *testing.T, d database) {
		db := d.open(t, 0)
		clock := newMovable(beginning)
		m, err := apitoken.New(d.newMigrated(t, db, nil), &apitoken.Options{Clock: clock})
		must(t, err)
		putUser(t, m, apitoken.User{ID: "bob"})
		for i := range 100 {
			_, _, err := m.Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: time.Hour})
			must(t, err)
		}
		lease := func() error {
			_, err := m.LeaseNotices(t.Context(), apitoken.System(), apitoken.NoticeQuery{Steps: []time.Duration{apitoken.Days(1)}})
			return err
		}
		must(t, lease())
		clock.add(10 * time.Minute) // the lease has run out
		holder, err := db.BeginTx(t.Context(), nil)
		must(t, err)
		mustExec(t, holder, `SELECT token FROM apitoken_notices ORDER BY token DESC LIMIT 1 FOR UPDATE`)
		leased := make(chan error, 1)
		go func() { leased <- lease() }()
		for !d.waiting(t, db) && len(leased) == 0 {
		}
		var free int
		must(t, db.QueryRow(`SELECT count(*) FROM (SELECT token FROM apitoken_notices FOR UPDATE SKIP LOCKED) AS n`).Scan(&free))
		must(t, holder.Rollback())
		must(t, <-leased)
		if free != 0 {
			t.Errorf("%d of 100 notices are not locked while the call waits for the last one, want 0", free)
		}
	})
}
