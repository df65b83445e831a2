package integration_test

import (
	"context"
	"database/sql"
	"io"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// closeAtTheEnd closes c when the test ends.
func closeAtTheEnd(t testing.TB, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		t.Helper()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// long skips a test that takes too long for make test.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: make test-long")
	}
}

// mustExec runs a statement on a pool or a connection.
func mustExec(t testing.TB, on interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}, statement string, args ...any) {
	t.Helper()
	if _, err := on.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%v: %s", err, statement)
	}
}

// putUser provisions a user, as the host does.
func putUser(t testing.TB, m *apitoken.Manager, u apitoken.User) {
	t.Helper()
	_, err := m.PutUser(t.Context(), apitoken.System(), u)
	must(t, err)
}
