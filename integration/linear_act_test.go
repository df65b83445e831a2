package integration_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
)

// act is one call of a Manager method as a client saw it: arguments, results and times.
type act struct {
	client    int
	begin     int64 // number in the order of all beginnings and ends
	inserting int64 // the last time that a token was to be inserted; 0: never
	end       int64
	kind      kind
	actor     apitoken.UserID
	owner     apitoken.UserID
	name      string
	lifetime  time.Duration
	token     apitoken.TokenID
	byText    bool // the token is revoked by its text
	status    apitoken.Status
	role      apitoken.Role
	max       time.Duration
	limit     time.Duration // of role user; 0: none
	revision  int64
	at        time.Time // the time that the clock showed the call
	err       error     // one of the sentinels; nil: success
	made      apitoken.Token
	identity  apitoken.Identity
	user      apitoken.User
	listed    []apitoken.Token
	revoked   int // tokens, by one call
	policy    apitoken.MaxLifetimePolicy
}

type kind string

const (
	actGenerate     kind = "generate"
	actAuthenticate kind = "authenticate"
	actList         kind = "list"
	actRevoke       kind = "revoke"
	actRename       kind = "rename"
	actRevokeAll    kind = "revoke all"
	actRevokeMany   kind = "revoke many"
	actPutRole      kind = "role"
	actSetPolicy    kind = "set policy"
	actReadPolicy   kind = "policy"
	actReadUser     kind = "user"
	actDisable      kind = "disable"
	actEnable       kind = "enable"
	actSuspend      kind = "suspend"
	actResume       kind = "resume"
	actFlush        kind = "flush"
	actMoveClock    kind = "move clock"
	actSweep        kind = "sweep"
)

func (a *act) String() string {
	asked := map[kind]string{
		actGenerate:     fmt.Sprintf("%s %s %s", a.owner, a.name, a.lifetime),
		actAuthenticate: short(a.token) + " of " + string(a.owner),
		actList:         string(a.owner) + " " + string(a.status),
		actRevoke:       short(a.token) + " of " + string(a.owner),
		actRename:       fmt.Sprintf("%s of %s to %s", short(a.token), a.owner, a.name),
		actRevokeAll:    string(a.owner),
		actRevokeMany:   string(a.owner),
		actDisable:      string(a.owner),
		actEnable:       string(a.owner),
		actSuspend:      string(a.owner),
		actResume:       string(a.owner),
		actReadUser:     string(a.owner),
		actPutRole:      fmt.Sprintf("%s %s", a.owner, a.role),
		actSetPolicy:    fmt.Sprintf("%s, users %s, if at %d", a.max, a.limit, a.revision),
	}[a.kind]
	answer := strings.Fields(sentinels(a.err))[0]
	switch {
	case a.kind == actGenerate && !a.made.ID.IsZero():
		answer = fmt.Sprintf("%s: %s until %s", answer, short(a.made.ID), a.made.ExpiresAt.Format(time.DateTime))
	case a.kind == actList && a.err == nil:
		for _, t := range a.listed {
			answer += fmt.Sprintf(", %s %s %s until %s", short(t.ID), t.Name, t.Status(a.at), t.ExpiresAt.Format(time.DateTime))
			if !t.RevokedAt.IsZero() {
				answer += fmt.Sprintf(" at %s by %s", t.RevokedAt.Format(time.TimeOnly), t.RevokedBy)
			}
		}
	case a.kind == actRevokeMany && a.err == nil:
		answer = fmt.Sprintf("%s: %d tokens", answer, a.revoked)
	case a.kind == actReadUser && a.err == nil:
		answer = fmt.Sprintf("epoch %d, disabled: %t, suspended: %t, %s", a.user.Epoch, a.user.Disabled(), a.user.Suspended(), a.user.Role)
	case a.err == nil && (a.kind == actSetPolicy || a.kind == actReadPolicy):
		answer = fmt.Sprintf("%s, limits %v, at %d", a.policy.Max, a.policy.Limits, a.policy.Revision)
	}
	return fmt.Sprintf("%3d-%3d client %d as %-5s %s  %s %s -> %s",
		a.begin, a.end, a.client, a.actor, a.at.Format(time.TimeOnly), a.kind, asked, answer)
}

// wanted is the policy of an act that sets it.
func (a *act) wanted() apitoken.MaxLifetimePolicy {
	p := apitoken.MaxLifetimePolicy{Max: a.max, Revision: a.revision}
	if a.limit != 0 {
		p.Limits = []apitoken.LifetimeLimit{{Role: apitoken.RoleUser, Max: a.limit}}
	}
	return p
}

// short returns the part of an id that distinguishes the tokens of a history.
func short(id apitoken.TokenID) string { return id.String()[32:] }

// moment is a part of an act that takes effect at one moment between its beginning and its end. Most acts are one moment. Three
// kinds of acts have two moments, and promise no more than this:
//
//   - A call of a user about themselves first checks that the user is enabled and not suspended, and then has its effect. (The
//     administrator is neither in these histories.)
//   - RevokeMany first reads what matches, and then revokes what is still active of that.
//   - Generate first reads the owner, which fixes the epoch of the token and the role that it is judged by, and then inserts the
//     token.
type moment struct {
	*act
	part part
}

type part string

const (
	partWhole     part = "whole"
	partPermitted part = "permitted" // the actor is enabled
	partDone      part = "done"      // the effect of the call
	partDecided   part = "decided"   // the owner is enabled, and the token has their epoch and is judged by their role
	partInserted  part = "inserted"  // the token
	partJudged    part = "judged"    // by the policy, see [partition]
)

// moments returns the moments that the checker orders. An act has two only if another act can come between them, because each
// moment makes checking slower.
func (h *history) moments() []porcupine.Operation {
	var moments []porcupine.Operation
	for _, a := range h.acts {
		parts := []part{partWhole}
		switch {
		case a.err == apitoken.ErrUnavailable: // no effect and no result
			continue
		case a.kind == actFlush, a.kind == actMoveClock, a.kind == actSweep: // no effect in the specification
			continue
		case a.kind == actGenerate && a.inserts() && h.during(a, actRevokeAll, actDisable, actEnable, actSuspend, actResume, actPutRole):
			parts = []part{partDecided, partInserted}
		case a.kind == actRevokeMany && h.during(a, actGenerate, actRename, actRevoke, actRevokeAll, actRevokeMany, actDisable):
			parts = []part{partDecided, partDone}
		case a.aboutSelf() && h.during(a, actDisable, actEnable, actSuspend, actResume):
			parts = []part{partPermitted, partDone}
		}
		for _, p := range parts {
			moments = append(moments, porcupine.Operation{ClientId: a.client, Input: moment{a, p}, Call: a.begin, Return: a.end})
		}
	}
	return moments
}

// inserts reports whether a generation reached its insertion.
func (a *act) inserts() bool {
	return a.err == nil || a.err == apitoken.ErrExists || a.err == apitoken.ErrUncertain
}

// aboutSelf reports whether the act, other than a generation, is about its actor and was not denied.
func (a *act) aboutSelf() bool {
	return a.actor == a.owner && slices.Contains([]kind{actList, actRevoke, actRename, actRevokeAll}, a.kind) && a.err != apitoken.ErrDenied
}

// during reports whether the act overlaps one of the given kinds on the same owner.
func (h *history) during(a *act, kinds ...kind) bool {
	return slices.ContainsFunc(h.acts, func(b *act) bool {
		return b != a && b.owner == a.owner && slices.Contains(kinds, b.kind) && b.begin < a.end && a.begin < b.end
	})
}
