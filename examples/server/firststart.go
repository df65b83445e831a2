package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// firstStart makes the accounts, tells the library of their users, and prints how to sign in. Where there are accounts
// already, it does nothing.
func firstStart(ctx context.Context, m *apitoken.Manager, store apitoken.Store, a *accounts, o options, log *slog.Logger, out io.Writer) error {
	none, err := a.none(ctx)
	if err != nil {
		return err
	}
	if !none {
		if o.demo {
			log.Warn("there are accounts already, so -demo does nothing; name another database with -db")
		}
		return nil
	}
	// An application does this wherever it makes or signs in a user: docs/you-already-have-users.md. It comes before the
	// accounts, so that a start which ends in between is a first start still.
	users := []apitoken.User{
		{ID: "admin", Name: "The administrator", Role: apitoken.RoleAdmin},
		{ID: "bob", Name: "Bob", Role: apitoken.RoleUser},
	}
	if o.demo {
		if err := seed(ctx, store, managerOptions(o, log), log); err != nil {
			return err
		}
		users = append(users, helpdesk, auditor)
	}
	for _, u := range users {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			return err
		}
	}
	return makeAccounts(ctx, a, users, out)
}

// makeAccounts gives each user an account with a password, and prints it.
func makeAccounts(ctx context.Context, a *accounts, users []apitoken.User, out io.Writer) error {
	var all []account
	var exports strings.Builder
	for _, u := range users {
		password, hash, err := newPassword()
		if err != nil {
			return err
		}
		all = append(all, account{string(u.ID), hash})
		fmt.Fprintf(&exports, "export %s=%s:%s\n", strings.ToUpper(string(u.ID)), u.ID, password)
	}
	if err := a.add(ctx, all); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "This is the first start. These accounts were made. Their passwords are shown now and never again:\n\n%s\n", &exports)
	return err
}
