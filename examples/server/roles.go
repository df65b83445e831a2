package main

import (
	"log/slog"

	"github.com/seed-d6cf0a46/apitoken"
)

// The roles and the kind of token that this host adds to the built-in ones.
const (
	roleHelpdesk apitoken.Role = "helpdesk" // lists and revokes all tokens
	roleAuditor  apitoken.Role = "auditor"  // reads everything
	kindMachine  apitoken.Kind = "machine"  // a token of a program
)

func managerOptions(o options, log *slog.Logger) *apitoken.Options {
	return &apitoken.Options{
		Prefix: o.prefix,
		Roles: map[apitoken.Role]apitoken.Permission{
			roleHelpdesk: apitoken.GenerateOwn | apitoken.ListAny | apitoken.RevokeAny,
			roleAuditor:  apitoken.ListAny | apitoken.ReadEvents,
		},
		Kinds:    []apitoken.Kind{kindMachine},
		Observer: observer{log},
	}
}
