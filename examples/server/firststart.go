package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// firstStart provisions the first users, creates their accounts, and prints their passwords. If there are accounts, it does
// nothing.
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
	// An application calls PutUser wherever it creates or signs in a user: see docs/you-already-have-users.md. Here the accounts
	// come last, so if the program ends in between, the next start is a first start again.
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

// makeAccounts creates an account for each user and prints its password.
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
