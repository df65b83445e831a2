package integration_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
)

// act is one call of a Manager method as a client saw it: what he asked, what he was told, and when.
type act struct {
	client   int
	begin    int64 // in the order of all beginnings and ends
	end      int64
	kind     kind
	actor    apitoken.UserID
	owner    apitoken.UserID
	name     string
	lifetime time.Duration
	token    apitoken.TokenID
	status   apitoken.Status
	max      time.Duration
	revision int64
	at       time.Time // what the clock read for this call
	err      error     // which of the errors; nil: done
	made     apitoken.Token
	identity apitoken.Identity
	user     apitoken.User
	listed   []apitoken.Token
	policy   apitoken.MaxLifetimePolicy
}

type kind string

const (
	actGenerate     kind = "generate"
	actAuthenticate kind = "authenticate"
	actList         kind = "list"
	actRevoke       kind = "revoke"
	actRevokeAll    kind = "revoke all"
	actSetPolicy    kind = "set policy"
	actReadPolicy   kind = "policy"
	actReadUser     kind = "user"
	actDisable      kind = "disable"
	actEnable       kind = "enable"
	actFlush        kind = "flush"
	actMoveClock    kind = "move clock"
)

func (a *act) String() string {
	asked := map[kind]string{
		actGenerate:     fmt.Sprintf("%s %s %s", a.owner, a.name, a.lifetime),
		actAuthenticate: short(a.token) + " of " + string(a.owner),
		actList:         string(a.owner) + " " + string(a.status),
		actRevoke:       short(a.token) + " of " + string(a.owner),
		actRevokeAll:    string(a.owner),
		actDisable:      string(a.owner),
		actEnable:       string(a.owner),
		actReadUser:     string(a.owner),
		actSetPolicy:    fmt.Sprintf("%s if at %d", a.max, a.revision),
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
	case a.kind == actReadUser && a.err == nil:
		answer = fmt.Sprintf("epoch %d, disabled: %t", a.user.Epoch, a.user.Disabled())
	case a.err == nil && (a.kind == actSetPolicy || a.kind == actReadPolicy):
		answer = fmt.Sprintf("%s at %d", a.policy.Max, a.policy.Revision)
	}
	return fmt.Sprintf("%3d-%3d client %d as %-5s %s  %s %s -> %s",
		a.begin, a.end, a.client, a.actor, a.at.Format(time.TimeOnly), a.kind, asked, answer)
}

// short is enough of an id to follow a token through a history.
func short(id apitoken.TokenID) string { return id.String()[32:] }

// moment is a part of an act that happens at one moment between its beginning and its end. Most acts are one moment.
// Two are not, and promise no more than this:
//
//   - Who acts for himself is looked at first, and then what he asked for is done. (An administrator who acts for others
//     is never disabled in these histories.)
//   - Generate first reads the owner, and from then on the token is one of that epoch; then it inserts it.
type moment struct {
	*act
	part part
}

type part string

const (
	partWhole     part = "whole"
	partPermitted part = "permitted" // the actor is active
	partDone      part = "done"      // what he asked for
	partDecided   part = "decided"   // the owner is active, and his epoch is that of the token
	partInserted  part = "inserted"  // the token
	partJudged    part = "judged"    // by the policy, see partition
)

// moments are what the checker orders. An act is in two parts only if there is something that can come between them,
// because each part more makes the checker's work harder.
func (h *history) moments() []porcupine.Operation {
	var moments []porcupine.Operation
	for _, a := range h.acts {
		parts := []part{partWhole}
		switch {
		case a.err == apitoken.ErrUnavailable: // nothing was written, and nothing was said
			continue
		case a.kind == actFlush, a.kind == actMoveClock: // changes nothing that the specification knows
			continue
		case a.kind == actGenerate && a.inserts() && h.during(a, actRevokeAll, actDisable, actEnable):
			parts = []part{partDecided, partInserted}
		case a.forHimself() && h.during(a, actDisable, actEnable):
			parts = []part{partPermitted, partDone}
		}
		for _, p := range parts {
			moments = append(moments, porcupine.Operation{ClientId: a.client, Input: moment{a, p}, Call: a.begin, Return: a.end})
		}
	}
	return moments
}

// inserts reports whether a generation came to its insertion.
func (a *act) inserts() bool {
	return a.err == nil || a.err == apitoken.ErrExists || a.err == apitoken.ErrUncertain
}

// forHimself reports whether somebody acts for himself, other than to generate, and was not denied it.
func (a *act) forHimself() bool {
	return a.actor == a.owner && (a.kind == actList || a.kind == actRevoke || a.kind == actRevokeAll) && a.err != apitoken.ErrDenied
}

// during reports whether the act overlaps one of the given kinds on the same owner.
func (h *history) during(a *act, kinds ...kind) bool {
	return slices.ContainsFunc(h.acts, func(b *act) bool {
		return b != a && b.owner == a.owner && slices.Contains(kinds, b.kind) && b.begin < a.end && a.begin < b.end
	})
}
