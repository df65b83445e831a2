package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/crypto/bcrypt"

	"github.com/seed-d6cf0a46/apitoken"
)

// accounts is the login of this host: names and password hashes, in a table of its own. The library knows nothing of it.
// An application that has a login already uses that.
type accounts struct {
	db     *sql.DB
	nobody []byte // the hash to compare with where there is no such account, so that the time does not tell
}

func openAccounts(ctx context.Context, db *sql.DB) (accounts, error) {
	_, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, password_hash BLOB NOT NULL)`)
	if err != nil {
		return accounts{}, fmt.Errorf("open accounts: %w", err)
	}
	_, nobody, err := newPassword()
	return accounts{db: db, nobody: nobody}, err
}

func newPassword() (password string, hash []byte, err error) {
	password = rand.Text()
	hash, err = bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	return password, hash, err
}

// actor tells who sends a request: the person who signs in with HTTP Basic. It is what adminapi asks the host for.
func (a accounts) actor(r *http.Request) (apitoken.Actor, error) {
	name, password, ok := r.BasicAuth()
	if !ok {
		return apitoken.Actor{}, nil // nobody: 401
	}
	var hash []byte
	err := a.db.QueryRowContext(r.Context(), `SELECT password_hash FROM accounts WHERE name = ?`, name).Scan(&hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		hash = a.nobody
	case err != nil:
		return apitoken.Actor{}, fmt.Errorf("sign in: %w", err) // trouble says nothing of the password: 503
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil {
		return apitoken.Actor{}, nil
	}
	return apitoken.As(apitoken.UserID(name)), nil
}

// firstStart makes the accounts admin and bob, tells the library of them, and prints how to sign in. Where there are
// accounts already, it does nothing.
func firstStart(ctx context.Context, m *apitoken.Manager, a accounts, out io.Writer) error {
	var started bool
	err := a.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM accounts)`).Scan(&started)
	if err != nil || started {
		return err
	}
	adminPassword, adminHash, err := newPassword()
	if err != nil {
		return err
	}
	bobPassword, bobHash, err := newPassword()
	if err != nil {
		return err
	}
	// An application does this wherever it makes or signs in a user: docs/you-already-have-users.md. It comes before the
	// accounts, so that a start which ends in between is a first start still.
	for _, u := range []apitoken.User{
		{ID: "admin", Name: "The administrator", Role: apitoken.RoleAdmin},
		{ID: "bob", Name: "Bob", Role: apitoken.RoleUser},
	} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			return err
		}
	}
	_, err = a.db.ExecContext(ctx, `INSERT INTO accounts (name, password_hash) VALUES ('admin', ?), ('bob', ?)`, adminHash, bobHash)
	if err != nil {
		return fmt.Errorf("make accounts: %w", err)
	}
	_, err = fmt.Fprintf(out, `This is the first start. Two accounts were made. Their passwords are shown now and never again:

export ADMIN=admin:%s
export BOB=bob:%s

`, adminPassword, bobPassword)
	return err
}
