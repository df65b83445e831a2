package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
)

// accounts is the login of this host: names and password hashes, in a table of its own. The library does not use it. An
// application that has a login keeps its own.
type accounts struct {
	db     database
	nobody []byte // the hash to compare with if there is no such account, so that both take the same time
	limits *limits
}

var errPassword = errors.New("the name or the password is wrong")

func openAccounts(db database) (*accounts, error) {
	_, nobody, err := newPassword()
	return &accounts{db: db, nobody: nobody, limits: newLimits()}, err
}

func newPassword() (password string, hash []byte, err error) {
	password = rand.Text()
	hash, err = bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	return password, hash, err
}

// check compares a password with that of an account. It returns a proof that the browser can present the next time, to show that
// the user has signed in there before. A refusal is errPassword or *tooManyError. Any other error is a failure.
func (a *accounts) check(ctx context.Context, name, password string, from client) (proof string, err error) {
	hash, err := a.hash(ctx, name)
	if err != nil {
		return "", err
	}
	proof = proofOf(name, hash)
	// The try counts before its result is known. Otherwise many tries at once would all pass.
	admission, err := a.limits.admit(ctx, name, proof, from)
	if err != nil {
		return "", err
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil {
		return "", errPassword
	}
	a.limits.succeeded(admission, name, from)
	return proof, nil
}

// hash returns the hash of an account. If there is no such account, it returns a.nobody.
func (a *accounts) hash(ctx context.Context, name string) (hash []byte, err error) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return a.nobody, nil // no account has such a name, and some databases would report an error
	}
	err = a.db.row(ctx, `SELECT password_hash FROM accounts WHERE name = ?`, name).Scan(&hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return a.nobody, nil
	case err != nil:
		return nil, fmt.Errorf("read an account: %w", err)
	}
	return hash, nil
}

// proofOf returns the proof of an account. It changes with the password, and is no credential.
func proofOf(name string, hash []byte) string {
	mac := hmac.New(sha256.New, hash)
	mac.Write([]byte("somebody has signed in here as " + name))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// account is a name and the hash of its password.
type account struct {
	name string
	hash []byte
}

// add creates all of the accounts, or none.
func (a *accounts) add(ctx context.Context, all []account) error {
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("make accounts: %w", err)
	}
	defer tx.Rollback() // after a commit it does nothing
	for _, one := range all {
		_, err := tx.ExecContext(ctx, a.db.parameters(`INSERT INTO accounts (name, password_hash) VALUES (?, ?)`), one.name, one.hash)
		if err != nil {
			return fmt.Errorf("make the account %s: %w", one.name, err)
		}
	}
	return tx.Commit()
}

// none reports whether there are no accounts.
func (a *accounts) none(ctx context.Context) (bool, error) {
	var some bool
	err := a.db.row(ctx, `SELECT EXISTS (SELECT 1 FROM accounts)`).Scan(&some)
	return !some, err
}
