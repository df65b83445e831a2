package storetest

import (
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// factRules are about the one read of a decision.
func factRules() []rule {
	return []rule{{
		"the rows of an actor without a token",
		"Facts returns the actor's row, without a token and at the user's epoch, the row of the owner, and the policy.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			f.setPolicy()
			ada = f.changeUser(ada, apitoken.UserChange{EndEpoch: true})
			f.wantFacts(apitoken.FactsQuery{Actor: "ada", Owner: "bob"}, apitoken.Facts{
				Actor: &apitoken.Record{Identity: apitoken.Identity{User: ada}, Epoch: ada.Epoch}, Owner: &bob, Policy: f.policy(),
			})
		},
	}, {
		"the rows of an actor with a token",
		"Facts returns the token that the actor uses and the token to decide about as Token does, each with its owner.",
		func(f *fixture) {
			f.addUser("ada")
			bob := f.addUser("bob")
			used, asked := f.addToken("ada", "used"), f.addToken("bob", "asked")
			f.revoke(asked, later(microsecond, "ada"))
			actor, token := f.token(used.ID), f.token(asked.ID)
			f.wantFacts(apitoken.FactsQuery{Actor: "ada", With: used.ID, Token: asked.ID},
				apitoken.Facts{Actor: &actor, Owner: &bob, Token: &token})
		},
	}, {
		"tokens whose epoch has ended",
		"Facts reports a revocation with the epoch like Token, of the token that the actor uses and of the one to decide about.",
		func(f *fixture) {
			ada := f.addUser("ada")
			used, asked := f.addToken("ada", "used"), f.addToken("ada", "asked")
			ada = f.changeUser(ada, apitoken.UserChange{EndEpoch: true})
			actor, token := f.token(used.ID), f.token(asked.ID)
			f.wantFacts(apitoken.FactsQuery{Actor: "ada", With: used.ID, Token: asked.ID},
				apitoken.Facts{Actor: &actor, Owner: &ada, Token: &token})
		},
	}, {
		"rows that do not exist",
		"Facts returns nil for a row that does not exist or is not asked for, and the zero policy before the first PutPolicy.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "a")
			none := apitoken.Facts{}
			f.wantFacts(apitoken.FactsQuery{}, none)
			f.wantFacts(apitoken.FactsQuery{Actor: "eve", With: newTokenID(), Owner: "ADA"}, none)
			f.wantFacts(apitoken.FactsQuery{Actor: "ada", With: newTokenID(), Token: newTokenID()}, none)
			f.wantFacts(apitoken.FactsQuery{Owner: "ada"}, apitoken.Facts{Owner: &ada})
		},
	}, {
		"a token of another user is not the actor's",
		"Facts returns no actor if the token that the actor uses belongs to another user.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			f.wantFacts(apitoken.FactsQuery{Actor: "ada", With: f.addToken("bob", "a").ID}, apitoken.Facts{})
		},
	}, {
		"all rows are of one moment",
		"The rows of Facts are as they are at one moment: a row that is read twice is the same, whatever changes meanwhile.",
		func(f *fixture) {
			ada := f.addUser("ada")
			used := f.addToken("ada", "a")
			q := apitoken.FactsQuery{Actor: "ada", With: used.ID, Owner: "ada"}
			read, renamed := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(renamed)
				for i := 0; !isClosed(read); i++ {
					f.must("ChangeUser", f.changes(ada.ID, apitoken.UserChange{Name: fmt.Sprint(i)}, newEvent(apitoken.ActionPutUser, base)))
				}
			}()
			defer func() { close(read); <-renamed }()
			for range rounds {
				facts, err := f.store.Facts(f.Context(), q)
				f.must("Facts", err)
				wantEqual(f, "the actor, who is the owner,", *facts.Owner, facts.Actor.User)
			}
		},
	}}
}

func (f *fixture) wantFacts(q apitoken.FactsQuery, want apitoken.Facts) {
	f.Helper()
	got, err := f.store.Facts(f.Context(), q)
	f.must("Facts", err)
	wantEqual(f, fmt.Sprintf("Facts of %+v", q), want, got)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
