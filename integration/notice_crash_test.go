package integration_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The environment variables that make a process of this test one that sends notices of a database file until it is killed: the file,
// a fixed time, and how many notices it sends at most.
const noticeFile, noticeTime, noticeMost = "APITOKEN_TEST_NOTICE_FILE", "APITOKEN_TEST_NOTICE_TIME", "APITOKEN_TEST_NOTICE_MOST"

// Processes that send notices are killed, each at any moment. Every notice is sent at least once, and again only if a process was
// killed between sending and marking.
func TestNoticesAreSentAlthoughTheirSendersAreKilled(t *testing.T) {
	t.Parallel()
	long(t)
	if file := os.Getenv(noticeFile); file != "" {
		sendUntilKilled(t, file)
		return
	}
	const tokens = 80
	file := sqliteFile(t)
	d := database{onSQLite, []string{"file:" + file + "?" + recommended}}
	d.connect(t, func(db *sql.DB) {
		store := d.newStore(t, db, nil)
		must(t, store.Migrate(t.Context()))
		m, err := apitoken.New(store, &apitoken.Options{Clock: newMovable(beginning)})
		must(t, err)
		putUser(t, m, apitoken.User{ID: "bob"})
		for i := range tokens {
			_, _, err := m.Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: apitoken.Days(1)})
			must(t, err)
		}
	})
	sent, kills := map[string]int{}, 0
	for round := 0; ; round++ {
		heard, killed := killSender(t, file, beginning.Add(time.Duration(round)*11*time.Minute), 1+rand.IntN(12))
		for _, token := range heard {
			sent[token]++
		}
		if killed {
			kills++
		}
		if len(heard) == 0 && !killed {
			break // nothing is left
		}
		if round == 100 {
			t.Fatalf("after %d rounds notices are still due", round)
		}
	}
	again := 0
	for _, n := range sent {
		again += n - 1
	}
	t.Logf("%d notices sent, %d of them again, after %d kills", len(sent), again, kills)
	if len(sent) != tokens || again > kills || kills < 5 {
		t.Errorf("%d notices are sent, want %d; %d again after %d kills, want at most one a kill", len(sent), tokens, again, kills)
	}
}

// killSender runs a process and kills it once it has sent n notices, if it does not end before. Meanwhile it sends up to three more,
// and then waits to be killed. It returns what was sent.
func killSender(t *testing.T, file string, at time.Time, n int) (heard []string, killed bool) {
	t.Helper()
	sender := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=10m")
	sender.Env = append(os.Environ(), noticeFile+"="+file, noticeTime+"="+strconv.FormatInt(at.UnixMicro(), 10), noticeMost+"="+strconv.Itoa(n+rand.IntN(4)))
	said, err := sender.StdoutPipe()
	must(t, err)
	must(t, sender.Start())
	for lines := bufio.NewScanner(said); lines.Scan(); {
		var token string
		if _, err := fmt.Sscanf(lines.Text(), "sent %s", &token); err != nil {
			continue
		}
		heard = append(heard, token)
		if len(heard) == n {
			killed = true
			must(t, sender.Process.Kill())
		}
	}
	if err := sender.Wait(); err != nil && !killed {
		t.Fatalf("the sender: %v", err)
	}
	return heard, killed
}

// sendUntilKilled sends what is due, by a line on the standard output.
func sendUntilKilled(t *testing.T, file string) {
	at, err := strconv.ParseInt(os.Getenv(noticeTime), 10, 64)
	must(t, err)
	most, err := strconv.Atoi(os.Getenv(noticeMost))
	must(t, err)
	d := database{onSQLite, []string{"file:" + file + "?" + recommended}}
	d.connect(t, func(db *sql.DB) {
		m, err := apitoken.New(d.newStore(t, db, nil), &apitoken.Options{Clock: newMovable(time.UnixMicro(at))})
		must(t, err)
		for sent := 0; ; {
			notices, err := m.LeaseNotices(t.Context(), apitoken.System(), apitoken.NoticeQuery{Steps: []time.Duration{apitoken.Days(2)}, Limit: 5})
			must(t, err)
			if len(notices) == 0 {
				return
			}
			for _, n := range notices {
				if sent++; sent > most {
					select {} // until the kill
				}
				fmt.Println("sent", n.Token.ID)
				must(t, m.NoticeSent(t.Context(), apitoken.System(), n))
			}
		}
	})
}
