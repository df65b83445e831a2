package integration_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The environment variable that makes a process of this test one that revokes all tokens, on the database of this data source name.
const crashBulk = "APITOKEN_TEST_CRASH_BULK"

// A process that revokes many tokens is killed between and during its calls, and started again until none is left. Each token is
// then revoked and has one event.
func TestAKilledBulkRevocationRevokesEachTokenOnce(t *testing.T) {
	t.Parallel()
	long(t)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			if dsn := os.Getenv(crashBulk); dsn != "" {
				b.revokeEverything(t, dsn)
				return
			}
			d := b.database(t)
			m := managerOf(t, d.newMigrated(t, d.open(t, 0), nil), nil)
			host := apitoken.System()
			const tokens = 2100
			for i := range 7 {
				putUser(t, m, apitoken.User{ID: apitoken.UserID(fmt.Sprint("user ", i))})
			}
			for i := range tokens {
				p := apitoken.GenerateParams{Owner: apitoken.UserID(fmt.Sprint("user ", i%7)), Name: fmt.Sprint(i), Lifetime: apitoken.Days(1)}
				_, _, err := m.Generate(t.Context(), host, p)
				must(t, err)
			}
			kills, told := 0, 0
			for finished := false; !finished; {
				var pages int
				pages, finished = killBulk(t, d.dsns[0], time.Duration(rand.IntN(60+10*kills))*time.Millisecond)
				told += pages
				if !finished {
					kills++
				}
			}
			events := map[apitoken.TokenID]int{}
			for _, e := range all(t, m.Events(t.Context(), host, apitoken.EventQuery{Action: apitoken.ActionRevoke, Limit: 1000})) {
				events[e.Token]++
			}
			for _, token := range all(t, m.Tokens(t.Context(), host, apitoken.TokenQuery{AnyOwner: true, Limit: 1000})) {
				if token.RevokedAt.IsZero() || events[token.ID] != 1 {
					t.Errorf("token %s of %s: revoked at %v, with %d events, want it revoked with 1", token.Name, token.Owner, token.RevokedAt, events[token.ID])
				}
			}
			if len(events) != tokens {
				t.Errorf("%d tokens have an event, want %d", len(events), tokens)
			}
			t.Logf("%d kills, %d pages acknowledged", kills, told)
		})
	}
}

// revokeEverything revokes all tokens and says after each page how many are left.
func (b backend) revokeEverything(t *testing.T, dsn string) {
	d := database{b, []string{dsn}}
	m := managerOf(t, d.newStore(t, d.open(t, 0), nil), nil)
	q := apitoken.TokenQuery{AnyOwner: true}
	r, err := m.RevokeMany(context.Background(), apitoken.System(), q, apitoken.RevokeManyParams{DryRun: true})
	must(t, err)
	fmt.Println("left", r.Remaining)
	for r.Remaining > 0 {
		r, err = m.RevokeMany(context.Background(), apitoken.System(), q, apitoken.RevokeManyParams{AtMost: r.Remaining, Reason: "stolen"})
		must(t, err)
		fmt.Println("left", r.Remaining)
	}
}

// killBulk runs a process that revokes all tokens, and kills it some time after it has begun. It returns how many pages the process
// has acknowledged, and whether none was left.
func killBulk(t *testing.T, dsn string, after time.Duration) (pages int, finished bool) {
	t.Helper()
	name := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	worker := exec.Command(os.Args[0], "-test.run="+name, "-test.timeout=10m")
	worker.Env = append(os.Environ(), crashBulk+"="+dsn)
	said, err := worker.StdoutPipe()
	must(t, err)
	must(t, worker.Start())
	lines := bufio.NewScanner(said)
	for begun := false; lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) != 2 || words[0] != "left" {
			continue
		}
		if finished = words[1] == "0"; finished {
			break
		}
		if !begun {
			begun = true
			kill := time.AfterFunc(after, func() { _ = worker.Process.Kill() })
			defer kill.Stop()
			continue
		}
		pages++
	}
	_ = worker.Process.Kill()
	_ = worker.Wait()
	return pages, finished
}
