package integration_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The environment variable of a process that rotates until it is killed: the file, and the id and the text of a token.
const rotateFile = "APITOKEN_TEST_ROTATE_FILE"

// TestARotationSurvivesKilledProgramsAndCutCommits kills a program that rotates and uses tokens on SQLite, and cuts the COMMIT of
// rotations and first uses on servers. After each, the old token or its successor authenticates, and never both once the successor
// was accepted.
func TestARotationSurvivesKilledProgramsAndCutCommits(t *testing.T) {
	t.Parallel()
	if arg := os.Getenv(rotateFile); arg != "" {
		rotateUntilKilled(t, strings.Fields(arg))
		return
	}
	t.Run("SQLite", holdRotationsWhenKilled)
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) { holdRotationsWhenCut(t, b) })
	}
}

// rotationRounds returns how often a rotation is interrupted: APITOKEN_KILLS, or few.
func rotationRounds(t *testing.T) int {
	t.Helper()
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	return fromEnvironment(t, "APITOKEN_KILLS", rounds)
}

// presented is a token with its text.
type presented struct{ id, text string }

func rotateUntilKilled(t *testing.T, args []string) {
	ctx := context.Background()
	m, err := apitoken.New(database{backend: onSQLite}.newStore(t, openSQLite(t, args[0], recommended), nil), nil)
	must(t, err)
	now := presented{args[1], args[2]}
	for {
		id, err := apitoken.ParseTokenID(now.id)
		must(t, err)
		var next presented
		for range 1 + rand.IntN(2) { // as if the first response were lost
			token, secret, err := m.Rotate(ctx, apitoken.As("bob"), id, apitoken.RotateParams{})
			must(t, err)
			next = presented{token.ID.String(), secret.Reveal()}
			fmt.Fprintln(os.Stdout, "new", next.id, next.text)
		}
		_, err = m.Authenticate(ctx, next.text)
		must(t, err)
		fmt.Fprintln(os.Stdout, "used", next.id, next.text)
		now = next
	}
}

func holdRotationsWhenKilled(t *testing.T) {
	ctx := context.Background()
	file := sqliteFile(t)
	d := database{onSQLite, []string{"file:" + file + "?" + recommended}}
	d.connect(t, func(db *sql.DB) { must(t, d.newStore(t, db, nil).Migrate(ctx)) })
	var now presented
	d.visit(t, func(m *apitoken.Manager) {
		putUser(t, m, apitoken.User{ID: "bob"})
		token, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "deploy"})
		must(t, err)
		now = presented{token.ID.String(), secret.Reveal()}
	})
	rounds, rotations := rotationRounds(t), 0
	for range rounds {
		used, unused := killRotating(t, file, now, 1+rand.IntN(12), &rotations)
		d.visit(t, func(m *apitoken.Manager) {
			now = holdOneOfTwo(t, m, used, unused)
			holdOneSuccessor(t, m, "bob")
		})
	}
	t.Logf("%d rounds, %d rotations", rounds, rotations)
}

// killRotating runs a process that rotates, and kills it after some lines. It returns the last token that was used, and the
// successors of it that were heard of.
func killRotating(t *testing.T, file string, now presented, lines int, rotations *int) (used presented, unused []presented) {
	t.Helper()
	worker := exec.Command(os.Args[0], "-test.run=^TestARotationSurvivesKilledProgramsAndCutCommits$", "-test.timeout=10m")
	worker.Env = append(os.Environ(), rotateFile+"="+file+" "+now.id+" "+now.text)
	said, err := worker.StdoutPipe()
	must(t, err)
	must(t, worker.Start())
	used = now
	heard := 0
	for in := bufio.NewScanner(said); in.Scan(); {
		words := strings.Fields(in.Text())
		if len(words) != 3 {
			t.Errorf("the process says %q", in.Text())
			continue
		}
		switch p := (presented{words[1], words[2]}); words[0] {
		case "new":
			unused = append(unused, p)
			*rotations++
		case "used":
			used, unused = p, nil
		}
		if heard++; heard == lines {
			must(t, worker.Process.Kill())
		}
	}
	if _ = worker.Wait(); heard < lines {
		t.Fatalf("the process ended after %d of %d lines", heard, lines)
	}
	return used, unused
}

// holdOneOfTwo checks that the old token or the last successor authenticates, and not both once the successor did. It returns the
// one that does.
func holdOneOfTwo(t *testing.T, m *apitoken.Manager, used presented, unused []presented) presented {
	t.Helper()
	ctx := context.Background()
	for i := len(unused) - 1; i >= 0; i-- {
		if _, err := m.Authenticate(ctx, unused[i].text); err == nil {
			if _, err := m.Authenticate(ctx, used.text); !errors.Is(err, apitoken.ErrReplaced) {
				t.Errorf("the old token after the first use: %v, want ErrReplaced", err)
			}
			return unused[i]
		}
	}
	if _, err := m.Authenticate(ctx, used.text); err != nil {
		t.Fatalf("neither the old token nor one of %d successors authenticates: %v", len(unused), err)
	}
	return used
}

func holdRotationsWhenCut(t *testing.T, b backend) {
	ctx := context.Background()
	s := b.behindProxy(t)
	clock := &apitoken.Options{Clock: newMovable(at), LastUsedInterval: -1}
	cut, err := apitoken.New(s.store, clock)
	must(t, err)
	plain, err := apitoken.New(s.newStore(t, s.plain, nil), clock)
	must(t, err)
	token, secret, err := plain.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "deploy", Lifetime: apitoken.Days(1)})
	must(t, err)
	isCommit := func(text string) bool { return strings.EqualFold(text, "COMMIT") }
	answers, cuts, rounds := map[string]int{}, 0, rotationRounds(t)
	for round := range rounds {
		s.proxy.cut(severance{at: isCommit, after: round%2 == 0})
		next, nextSecret, err := cut.Rotate(ctx, apitoken.As("bob"), token.ID, apitoken.RotateParams{})
		answers["rotate: "+strings.Fields(sentinels(err))[0]]++
		cuts += len(s.proxy.cuts())
		if _, old := plain.Authenticate(ctx, secret.Reveal()); old != nil {
			t.Fatalf("round %d: the old token before the first use: %v", round, old)
		}
		if err != nil {
			next, nextSecret, err = cut.Rotate(ctx, apitoken.As("bob"), token.ID, apitoken.RotateParams{})
			must(t, err)
		}
		s.proxy.cut(severance{at: isCommit, after: round/2%2 == 0})
		start := time.Now()
		_, err = cut.Authenticate(ctx, nextSecret.Reveal())
		answers["first use: "+strings.Fields(sentinels(err))[0]]++
		cuts += len(s.proxy.cuts())
		if gaveUp(t, fmt.Sprintf("round %d: the first use", round), start, err) {
			_, err = cut.Authenticate(ctx, nextSecret.Reveal())
		}
		if err != nil {
			t.Errorf("round %d: the first use whose COMMIT is cut: %v, want success", round, err)
		}
		if _, err := plain.Authenticate(ctx, nextSecret.Reveal()); err != nil {
			t.Fatalf("round %d: the successor: %v", round, err)
		}
		if _, err := plain.Authenticate(ctx, secret.Reveal()); !errors.Is(err, apitoken.ErrReplaced) {
			t.Fatalf("round %d: the old token after a use of the successor: %v, want ErrReplaced", round, err)
		}
		holdOneSuccessor(t, plain, "bob")
		token, secret = next, nextSecret
	}
	t.Logf("%d rounds, %d cuts: %v", rounds, cuts, answers)
	if cuts != 2*rounds {
		t.Errorf("%d of %d COMMITs were cut", cuts, 2*rounds)
	}
}
