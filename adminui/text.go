package adminui

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// lifetimeText returns a lifetime in words.
func lifetimeText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == apitoken.NoExpiration:
		return "No expiration"
	case d == apitoken.Days(365):
		return "1 year"
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// actionText returns what an event did, to follow the name of the actor.
func actionText(a apitoken.Action) string {
	if a == "" {
		return "attempted several things" // denials of several actions, gathered in one event
	}
	if text, ok := actions[a]; ok {
		return text
	}
	return string(a)
}

var actions = map[apitoken.Action]string{
	apitoken.ActionGenerate:      "generated a token",
	apitoken.ActionImport:        "imported a token",
	apitoken.ActionOffer:         "offered a token",
	apitoken.ActionClaim:         "claimed a token",
	apitoken.ActionWithdraw:      "withdrew the offer of a token",
	apitoken.ActionListOffers:    "looked at what waits for a user",
	apitoken.ActionReadToken:     "looked at a token",
	apitoken.ActionUpdateToken:   "changed a token",
	apitoken.ActionNarrow:        "narrowed a token",
	apitoken.ActionRotate:        "generated a successor of a token",
	apitoken.ActionReplaced:      "used a successor, which ended the token before it",
	apitoken.ActionListTokens:    "listed tokens",
	apitoken.ActionRevoke:        "revoked a token",
	apitoken.ActionLeaked:        "revoked a leaked token",
	apitoken.ActionRevokeAll:     "revoked all tokens",
	apitoken.ActionRevokeMany:    "revoked many tokens",
	apitoken.ActionSetPolicy:     "set the maximum lifetime",
	apitoken.ActionPlanPolicy:    "planned a maximum lifetime",
	apitoken.ActionReadLifetimes: "looked at the maximum lifetimes of a user",
	apitoken.ActionPutUser:       "changed a user",
	apitoken.ActionReadUser:      "looked at a user",
	apitoken.ActionListUsers:     "listed the users",
	apitoken.ActionDisableUser:   "disabled a user",
	apitoken.ActionEnableUser:    "enabled a user",
	apitoken.ActionSuspendUser:   "suspended a user",
	apitoken.ActionResumeUser:    "resumed a user",
	apitoken.ActionReadEvents:    "read the events",
	apitoken.ActionForgetUser:    "replaced a user by a pseudonym",
	apitoken.ActionSweep:         "removed what is old",
	apitoken.ActionLeaseNotices:  "asked for notices",
	apitoken.ActionNoticeSent:    "recorded a notice",
}

// reasonText tells the user why something was refused.
func reasonText(err error) string {
	var over *apitoken.LifetimeError
	var invalid *apitoken.InvalidError
	var full *apitoken.TooManyError
	switch {
	case errors.As(err, &over):
		text := fmt.Sprintf("The lifetime is over the maximum: at most %s is allowed.", lifetimeInSentence(over.Max))
		if over.Source != (apitoken.LimitSource{}) {
			text += " It is the " + over.Source.String() + "."
		}
		return text
	case errors.Is(err, apitoken.ErrUserDisabled):
		return "The user is disabled and cannot have tokens."
	case errors.Is(err, apitoken.ErrSuspended):
		return "The user is suspended. Resume them before you generate a token."
	case errors.As(err, &full) && full.Offers:
		return fmt.Sprintf("As many tokens wait for the user as may: %d. Withdraw one of them first.", full.Max)
	case errors.As(err, &full):
		return fmt.Sprintf("The user has as many active tokens as are allowed: %d. Revoke one of them first.", full.Max)
	case errors.Is(err, apitoken.ErrRepeated):
		return "This form was sent before, and the token that it generated is in use. Choose another name to generate another token."
	case errors.Is(err, apitoken.ErrExists):
		return "An active token already has this name. Choose another name, or revoke that token first."
	case errors.As(err, &invalid):
		return fmt.Sprintf("Refused: %s: %s.", invalid.Field, invalid.Problem)
	}
	return "Refused."
}

// capitalized returns an ASCII text with a capital first letter.
func capitalized(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// lifetimeInSentence returns a lifetime in words for the middle of a sentence.
func lifetimeInSentence(d time.Duration) string {
	text := lifetimeText(d)
	return strings.ToLower(text[:1]) + text[1:]
}

// agoText returns how long ago something was, in hours or days. The zero time returns the empty text.
func agoText(t, now time.Time) string {
	switch ago := now.Sub(t); {
	case t.IsZero():
		return ""
	case ago < time.Hour:
		return "less than an hour ago"
	case ago < 2*time.Hour:
		return "an hour ago"
	case ago < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", ago/time.Hour)
	default:
		return fmt.Sprintf("%d days ago", ago/(24*time.Hour))
	}
}
