package main

import (
	"log/slog"

	"github.com/seed-d6cf0a46/apitoken"
)

// What this host has besides the two roles and the one kind of token that are built in.
const (
	roleHelpdesk apitoken.Role = "helpdesk" // sees and revokes everybody's tokens
	roleAuditor  apitoken.Role = "auditor"  // sees everything and changes nothing
	kindMachine  apitoken.Kind = "machine"  // of a token that a program has
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
