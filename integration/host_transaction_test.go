package integration_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// hostWithRows is a host that keeps a table of its own beside the library's. If its pool has one connection, a call that takes
// another one waits until the test fails.
type hostWithRows struct {
	t     *testing.T
	kind  hostKind
	d     database
	db    *sql.DB
	open  beginner
	store *sqlstore.Store
	m     *apitoken.Manager
	token apitoken.Token // of bob
	text  string
}

func newHostWithRows(t *testing.T, kind hostKind, connections int) hostWithRows {
	t.Helper()
	d := kind.database(t)
	db, open := kind.connect(t, d.dsns[0], connections)
	h := hostWithRows{t: t, kind: kind, d: d, db: db, open: open}
	h.store = d.newMigrated(t, h.db, kind.options)
	h.m = h.ok(apitoken.New(h.store, &apitoken.Options{
		LastUsedInterval: time.Hour,
		Foreign: []apitoken.ForeignFormat{{Name: "old", Key: func(text string) ([]byte, bool) {
			sum := sha256.Sum256([]byte(text))
			return sum[:], strings.HasPrefix(text, "old-")
		}}},
	}))
	if _, err := h.db.Exec(`CREATE TABLE host_rows (id INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}, {ID: "dan"}} {
		if _, err := h.m.PutUser(t.Context(), apitoken.System(), u); err != nil {
			t.Fatal(err)
		}
	}
	token, secret, err := h.m.Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "ci"})
	if err != nil {
		t.Fatal(err)
	}
	h.token, h.text = token, secret.Reveal()
	if err := h.m.DisableUser(t.Context(), apitoken.System(), "dan"); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h hostWithRows) ok(m *apitoken.Manager, err error) *apitoken.Manager {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// begin begins a transaction of the host, with a row in it.
func (h hostWithRows) begin(id int) (hostTx, *apitoken.Manager) {
	h.t.Helper()
	tx, err := h.open(h.t.Context(), h.kind.isolation())
	if err != nil {
		h.t.Fatal(err)
	}
	h.insert(tx, id)
	return tx, h.m.WithStore(tx.view(h.store))
}

func (h hostWithRows) insert(tx hostTx, id int) {
	h.t.Helper()
	if err := tx.exec(h.t.Context(), fmt.Sprintf(`INSERT INTO host_rows VALUES (%d)`, id)); err != nil {
		h.t.Fatalf("the transaction of the host is not usable: %v", err)
	}
}

// rows returns the host's rows and the library's, as texts.
func (h hostWithRows) rows() (all []string) {
	h.t.Helper()
	var n int
	if err := h.db.QueryRow(`SELECT count(*) FROM host_rows`).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	all = append(h.d.contents(h.t, h.db).lines(), fmt.Sprint("rows of the host: ", n))
	slices.Sort(all)
	return all
}

// withoutChance returns the library's rows without what differs from run to run: times, random bytes, and the numbers of events,
// which a database with several writers gives later.
func (h hostWithRows) withoutChance() (lines []string) {
	h.t.Helper()
	all := h.d.contents(h.t, h.db)
	delete(all, "sqlite_sequence")
	for _, rows := range all {
		for _, row := range rows {
			for i, value := range row {
				switch v := value.(type) {
				case []byte:
					row[i] = chance.ReplaceAllString(string(v), "#")
					if len(v) == len(apitoken.TokenID{}) || len(v) == len(apitoken.Digest{}) {
						row[i] = "#"
					}
				case string, int64:
					row[i] = chance.ReplaceAllString(fmt.Sprint(v), "#")
				}
			}
		}
	}
	return all.lines()
}

// chance is a time in microseconds or in JSON, or a hint.
var chance = regexp.MustCompile(`\d{16}|\d{4}-\d\d-\d\dT[0-9:.]+Z|tok_\.\.\.\w+`)

// changeOfAHost is a changing method, with what shows that the change was made.
type changeOfAHost struct {
	name string
	do   func(ctx context.Context, h hostWithRows, m *apitoken.Manager) error
	done func(h hostWithRows, ctx context.Context) bool

	changes int // how many it makes
}

// changesOfAHost are all changing methods.
var changesOfAHost = []changeOfAHost{
	{"PutUser, a new one", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		_, err := m.PutUser(ctx, apitoken.As("ada"), apitoken.User{ID: "erin"})
		return err
	}, func(h hostWithRows, ctx context.Context) bool {
		_, err := h.m.User(ctx, apitoken.System(), "erin")
		return err == nil
	}, 1},
	{"PutUser, a changed one", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		_, err := m.PutUser(ctx, apitoken.As("ada"), apitoken.User{ID: "bob", Name: "Bob"})
		return err
	}, func(h hostWithRows, ctx context.Context) bool {
		u, err := h.m.User(ctx, apitoken.System(), "bob")
		return err == nil && u.Name == "Bob"
	}, 1},
	{"Generate", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		_, _, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "bob", Name: "new"})
		return err
	}, func(h hostWithRows, ctx context.Context) bool { return h.has(ctx, "new") }, 1},
	{"Generate with a key, twice", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		for range 2 {
			if _, _, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "new", IdempotencyKey: "1"}); err != nil {
				return err
			}
		}
		return nil
	}, func(h hostWithRows, ctx context.Context) bool { return h.has(ctx, "new") }, 2},
	{"Import", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		sum := sha256.Sum256([]byte("old-1"))
		_, err := m.Import(ctx, apitoken.System(), apitoken.ImportParams{Format: "old", Key: sum[:], Owner: "bob", Name: "old"})
		return err
	}, func(h hostWithRows, ctx context.Context) bool {
		_, err := h.m.Authenticate(ctx, "old-1")
		return err == nil
	}, 1},
	{"Revoke", func(ctx context.Context, h hostWithRows, m *apitoken.Manager) error {
		return m.Revoke(ctx, apitoken.As("bob"), h.token.ID)
	}, hostWithRows.refuses, 1},
	{"RevokeAll", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		return m.RevokeAll(ctx, apitoken.As("bob"), "bob")
	}, hostWithRows.refuses, 1},
	{"DisableUser", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		return m.DisableUser(ctx, apitoken.As("ada"), "bob")
	}, hostWithRows.refuses, 1},
	{"EnableUser", func(ctx context.Context, _ hostWithRows, m *apitoken.Manager) error {
		return m.EnableUser(ctx, apitoken.As("ada"), "dan")
	}, func(h hostWithRows, ctx context.Context) bool {
		u, err := h.m.User(ctx, apitoken.System(), "dan")
		return err == nil && !u.Disabled()
	}, 1},
}

func (h hostWithRows) has(ctx context.Context, name string) bool {
	tokens, err := h.m.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive})
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.ContainsFunc(tokens, func(t apitoken.Token) bool { return t.Name == name })
}

func (h hostWithRows) refuses(ctx context.Context) bool {
	_, err := h.m.Authenticate(ctx, h.text)
	return errors.Is(err, apitoken.ErrRevoked)
}

// A change and a row of the host's are written together or not at all.
func TestAChangeInATransactionOfTheHost(t *testing.T) {
	for _, kind := range hostKinds {
		t.Run(kind.name, func(t *testing.T) {
			for _, c := range changesOfAHost {
				t.Run(c.name, func(t *testing.T) {
					h := newHostWithRows(t, kind, 1)
					ctx := t.Context()
					before, start := h.rows(), h.d.contents(t, h.db)

					tx, m := h.begin(1)
					if err := c.do(ctx, h, m); err != nil {
						t.Fatal(err)
					}
					if err := tx.rollback(); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(before, h.rows()); diff != "" || c.done(h, ctx) {
						t.Errorf("after the rollback the rows differ (-want +got):\n%s", diff)
					}

					tx, m = h.begin(1)
					if err := c.do(ctx, h, m); err != nil {
						t.Fatal(err)
					}
					if err := tx.commit(); err != nil {
						t.Fatal(err)
					}
					if !c.done(h, ctx) {
						t.Error("after the commit the change is not in effect")
					}

					inside := h.withoutChance()
					h.d.restore(t, h.db, start)
					must(t, c.do(ctx, h, h.m))
					if diff := cmp.Diff(h.withoutChance(), inside); diff != "" {
						t.Errorf("the plain Manager leaves other rows (-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

// A change that is refused leaves the host's transaction usable, and as it was.
func TestARefusalLeavesTheTransactionOfTheHostUsable(t *testing.T) {
	for _, kind := range hostKinds {
		t.Run(kind.name, func(t *testing.T) {
			h := newHostWithRows(t, kind, 1)
			ctx := t.Context()
			tx, m := h.begin(1)
			generate := func(owner apitoken.UserID, name string) error {
				_, _, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: owner, Name: name})
				return err
			}
			_, conflict := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Name: "B", Revision: 9})
			_, policy := m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: time.Hour})
			for _, c := range []struct {
				name string
				err  error
				want error
			}{
				{"a taken name", generate("bob", "ci"), apitoken.ErrExists},
				{"a denial", generate("ada", "x"), apitoken.ErrDenied},
				{"a conflict", conflict, apitoken.ErrConflict},
				{"the policy", policy, apitoken.ErrInvalid},
				{"a missing token", m.Revoke(ctx, apitoken.System(), apitoken.TokenID{1}), apitoken.ErrNotFound},
			} {
				if !errors.Is(c.err, c.want) {
					t.Errorf("%s: error is %v, want %v", c.name, c.err, c.want)
				}
			}
			h.insert(tx, 2)
			if err := generate("bob", "good"); err != nil {
				t.Fatal(err)
			}
			if err := tx.commit(); err != nil {
				t.Fatal(err)
			}
			if !h.has(ctx, "good") || !slices.Contains(h.rows(), "rows of the host: 2") {
				t.Error("the token or the rows of the host are missing after the commit")
			}
		})
	}
}

func TestADenialSurvivesTheRollbackOfTheHost(t *testing.T) {
	for _, kind := range hostKinds {
		t.Run(kind.name, func(t *testing.T) {
			h := newHostWithRows(t, kind, 1)
			ctx := t.Context()
			tx, m := h.begin(1)
			if err := m.DisableUser(ctx, apitoken.As("bob"), "ada"); !errors.Is(err, apitoken.ErrDenied) {
				t.Fatalf("error is %v, want ErrDenied", err)
			}
			if err := tx.rollback(); err != nil {
				t.Fatal(err)
			}
			if err := h.m.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			denials := 0
			for e, err := range h.m.Events(ctx, apitoken.System(), apitoken.EventQuery{Outcome: apitoken.OutcomeDenied}) {
				if err != nil {
					t.Fatal(err)
				}
				if e.Action == apitoken.ActionDisableUser && e.Actor.User == "bob" && e.Owner == "ada" {
					denials++
				}
			}
			if denials != 1 {
				t.Errorf("%d denials are recorded, want 1", denials)
			}
		})
	}
}

// Until the host commits, a revocation binds nobody else.
func TestARevocationBindsWhenTheHostCommits(t *testing.T) {
	for _, kind := range hostsOnServers {
		t.Run(kind.name, func(t *testing.T) {
			h := newHostWithRows(t, kind, 2)
			ctx := t.Context()
			tx, m := h.begin(1)
			if err := m.Revoke(ctx, apitoken.System(), h.token.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Authenticate(ctx, h.text); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("inside the transaction the error is %v, want ErrRevoked", err)
			}
			if h.refuses(ctx) {
				t.Error("the token is refused outside before the commit")
			}
			if err := tx.commit(); err != nil {
				t.Fatal(err)
			}
			if !h.refuses(ctx) {
				t.Error("the token is accepted after the commit")
			}
		})
	}
}

// Two hosts disable two users in opposite order. One of them is told to start again.
func TestADeadlockOfTwoHostsIsErrAborted(t *testing.T) {
	for _, kind := range hostsOnServers {
		t.Run(kind.name, func(t *testing.T) {
			h := newHostWithRows(t, kind, 3)
			ctx := t.Context()
			first, one := h.begin(1)
			second, other := h.begin(2)
			disable := func(m *apitoken.Manager, id apitoken.UserID) error { return m.DisableUser(ctx, apitoken.System(), id) }
			if err := errors.Join(disable(one, "ada"), disable(other, "bob")); err != nil {
				t.Fatal(err)
			}
			waiting := make(chan error)
			go func() { waiting <- errors.Join(disable(one, "bob"), first.rollback()) }()
			err := errors.Join(disable(other, "ada"), second.rollback(), <-waiting)
			if !errors.Is(err, apitoken.ErrAborted) || !errors.Is(err, apitoken.ErrUnavailable) {
				t.Errorf("error is %v, want ErrAborted", err)
			}
			if u, err := h.m.User(ctx, apitoken.System(), "ada"); err != nil || u.Disabled() {
				t.Errorf("ada is %+v, %v after two rollbacks", u, err)
			}
		})
	}
}

// Each mode of pgx encodes parameters, and reads columns, in another way.
func TestEachModeOfPgxReadsWhatItWrote(t *testing.T) {
	for _, mode := range pgxModes {
		t.Run(mode, func(t *testing.T) {
			h := newHostWithRows(t, hostOverPgx.inMode(mode), 1)
			ctx := t.Context()
			tx, m := h.begin(1)
			generated, _, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{
				Owner: "bob", Name: `it's "ÿ" \x00 $1`, Lifetime: time.Hour, Resource: "r",
			})
			must(t, err)
			must(t, m.Revoke(ctx, apitoken.As("bob"), h.token.ID))
			inside, err := m.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob"})
			must(t, err)
			must(t, tx.commit())
			outside, err := h.m.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob"})
			must(t, err)
			if diff := cmp.Diff(outside, inside); diff != "" {
				t.Errorf("the tokens read by database/sql and by pgx differ (-want +got):\n%s", diff)
			}
			if i := slices.IndexFunc(inside, func(t apitoken.Token) bool { return t.ID == generated.ID }); i < 0 || inside[i] != generated {
				t.Errorf("the tokens are %+v, want one to be %+v", inside, generated)
			}
		})
	}
}

// At another level the transaction would decide from what it has read once. MySQL and MariaDB do not tell a transaction its level.
func TestOnlyReadCommittedIsAcceptedOfAHost(t *testing.T) {
	for _, kind := range []hostKind{hostOverSQL(onPostgreSQL), hostOverPgx} {
		h := newHostWithRows(t, kind, 1)
		for level, want := range map[sql.IsolationLevel]error{
			sql.LevelDefault:         nil,
			sql.LevelReadUncommitted: nil, // to PostgreSQL it is READ COMMITTED
			sql.LevelReadCommitted:   nil,
			sql.LevelRepeatableRead:  apitoken.ErrInvalid,
			sql.LevelSerializable:    apitoken.ErrInvalid,
		} {
			t.Run(fmt.Sprint(kind.name, " ", level), func(t *testing.T) {
				tx, err := h.open(t.Context(), level)
				must(t, err)
				view := tx.view(h.store)
				_, read := view.User(t.Context(), "bob")
				write := h.m.WithStore(view).Revoke(t.Context(), apitoken.As("bob"), h.token.ID)
				for _, err := range []error{read, write} {
					if !errors.Is(err, want) {
						t.Errorf("error is %v, want %v", err, want)
					}
					if want != nil && !strings.Contains(fmt.Sprint(err), "begin it as READ COMMITTED") {
						t.Errorf("error %v does not say what to do", err)
					}
				}
				h.insert(tx, 1) // the transaction is usable
				must(t, tx.rollback())
			})
		}
	}
}

func TestATransactionOfPgxNeedsPostgreSQL(t *testing.T) {
	tx, err := pgxPool(t, createPostgreSQL(t)[0], 1).Begin(t.Context())
	must(t, err)
	_, err = sqlstore.WithPgxTx(newMigratedSQLite(t, openSQLite(t, sqliteFile(t), recommended), nil), tx).User(t.Context(), "bob")
	if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), "needs a store of the dialect PostgreSQL") {
		t.Errorf("error is %v, want ErrInvalid that names the dialect", err)
	}
	must(t, tx.Rollback(t.Context()))
}

// A context that ends in the middle of a statement costs pgx the connection, and the host the transaction.
func TestAContextThatEndsInsideATransactionOfPgx(t *testing.T) {
	h := newHostWithRows(t, hostOverPgx, 2)
	blocker, _ := h.begin(1)
	must(t, blocker.exec(t.Context(), `LOCK TABLE apitoken_users`))
	tx, m := h.begin(2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answer := make(chan error, 1)
	go func() { answer <- m.Revoke(ctx, apitoken.System(), h.token.ID) }()
	for db := h.d.open(t, 0); !h.d.waiting(t, db); {
	}
	cancel()
	err := <-answer
	if !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want ErrUnavailable because of the context", err)
	}
	must(t, blocker.rollback())
	if err := tx.commit(); err == nil {
		t.Error("the transaction committed")
	}
	if h.refuses(t.Context()) {
		t.Error("the token is revoked")
	}
}
