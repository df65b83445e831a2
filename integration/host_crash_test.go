package integration_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// The environment variable that makes a process of this test a host, on the database of this data source name, until it is
// killed.
const crashHost = "APITOKEN_TEST_CRASH_HOST"

// A host writes a row of its own and a token in each transaction, and is killed. Each row has its token, and each token its row.
func TestARowOfTheHostAndItsTokenSurviveTogether(t *testing.T) {
	for _, kind := range hostKinds {
		t.Run(kind.name, func(t *testing.T) {
			if dsn := os.Getenv(crashHost); dsn != "" {
				kind.writePairs(t, dsn)
				return
			}
			rounds := 2
			if given := os.Getenv("APITOKEN_HOST_KILLS"); given != "" {
				var err error
				rounds, err = strconv.Atoi(given)
				must(t, err)
			} else if kind.driver != "sqlite" {
				long(t)
			}
			h := newHostWithRows(t, kind, 1)
			acknowledged := 0
			for range rounds {
				n := 1 + rand.IntN(12)
				killHost(t, h.d.dsns[0], n)
				acknowledged += n
			}
			rows, tokens := h.pairs()
			if diff := cmp.Diff(rows, tokens); diff != "" {
				t.Errorf("the rows of the host and the tokens differ (-rows +tokens):\n%s", diff)
			}
			if len(rows) < acknowledged {
				t.Errorf("%d rows are stored, want the %d that were acknowledged", len(rows), acknowledged)
			}
			t.Logf("%d rounds: %d pairs acknowledged, %d stored", rounds, acknowledged, len(rows))
		})
	}
}

// writePairs writes rows and tokens until the process is killed.
func (h hostKind) writePairs(t *testing.T, dsn string) {
	ctx := context.Background()
	db, begin := h.connect(t, dsn, 1)
	store := database{backend: h.backend}.newStore(t, db, nil)
	m, err := apitoken.New(store, nil)
	must(t, err)
	for {
		id := rand.Int32()
		tx, err := begin(ctx, h.isolation())
		must(t, err)
		must(t, tx.exec(ctx, fmt.Sprintf(`INSERT INTO host_rows VALUES (%d)`, id)))
		p := apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("pair ", id)}
		_, _, err = m.WithStore(tx.view(store)).Generate(ctx, apitoken.As("bob"), p)
		must(t, err)
		must(t, tx.commit())
		fmt.Println("committed", id)
	}
}

// killHost runs a process that writes pairs, and kills it once it has committed n.
func killHost(t *testing.T, dsn string, n int) {
	t.Helper()
	name := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	host := exec.Command(os.Args[0], "-test.run="+name, "-test.timeout=10m")
	host.Env = append(os.Environ(), crashHost+"="+dsn)
	said, err := host.StdoutPipe()
	must(t, err)
	must(t, host.Start())
	heard := 0
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if heard++; heard == n {
			must(t, host.Process.Kill())
		}
	}
	if err := host.Wait(); heard < n {
		t.Fatalf("the process ended after %d of %d pairs: %v", heard, n, err)
	}
}

// pairs returns the ids of the host's rows and those in the names of tokens. It reads both in one statement: the COMMIT of a host that
// was killed may come later.
func (h hostWithRows) pairs() (rows, tokens []string) {
	h.t.Helper()
	const both = `
SELECT id, NULL FROM host_rows
UNION ALL
SELECT NULL, name FROM apitoken_tokens WHERE owner = 'bob'`
	read(h.t, h.db, both, nil, func(scan func(...any) error, _ int) error {
		var row sql.NullInt64
		var token sql.NullString
		if err := scan(&row, &token); err != nil {
			return err
		}
		switch {
		case row.Valid:
			rows = append(rows, fmt.Sprint("pair ", row.Int64))
		case token.String != h.token.Name:
			tokens = append(tokens, token.String)
		}
		return nil
	})
	slices.Sort(rows)
	slices.Sort(tokens)
	return rows, tokens
}
