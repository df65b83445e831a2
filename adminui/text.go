package adminui

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
)

// lifetime returns a lifetime in words.
func (l *language) lifetime(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == apitoken.NoExpiration:
		return l.text("No expiration")
	case d == apitoken.Days(365):
		return l.text("1 year")
	case d == day:
		return l.text("1 day")
	case d%day == 0:
		return l.text("%s days", strconv.FormatInt(int64(d/day), 10))
	}
	return d.String()
}

// action returns what an event did, to follow the name of the actor.
func (l *language) action(a apitoken.Action) string {
	if a == "" {
		return l.text("attempted several things") // denials of several actions, gathered in one event
	}
	if text, ok := actions[a]; ok {
		return l.text(text)
	}
	return string(a)
}

var actions = map[apitoken.Action]string{
	apitoken.ActionGenerate:      english("generated a token"),
	apitoken.ActionImport:        english("imported a token"),
	apitoken.ActionOffer:         english("offered a token"),
	apitoken.ActionClaim:         english("claimed a token"),
	apitoken.ActionWithdraw:      english("withdrew the offer of a token"),
	apitoken.ActionListOffers:    english("looked at what waits for a user"),
	apitoken.ActionReadToken:     english("looked at a token"),
	apitoken.ActionUpdateToken:   english("changed a token"),
	apitoken.ActionNarrow:        english("narrowed a token"),
	apitoken.ActionRotate:        english("generated a successor of a token"),
	apitoken.ActionReplaced:      english("used a successor, which ended the token before it"),
	apitoken.ActionListTokens:    english("listed tokens"),
	apitoken.ActionRevoke:        english("revoked a token"),
	apitoken.ActionLeaked:        english("revoked a leaked token"),
	apitoken.ActionRevokeAll:     english("revoked all tokens"),
	apitoken.ActionRevokeMany:    english("revoked many tokens"),
	apitoken.ActionSetPolicy:     english("set the maximum lifetime"),
	apitoken.ActionPlanPolicy:    english("planned a maximum lifetime"),
	apitoken.ActionReadLifetimes: english("looked at the maximum lifetimes of a user"),
	apitoken.ActionPutUser:       english("changed a user"),
	apitoken.ActionReadUser:      english("looked at a user"),
	apitoken.ActionListUsers:     english("listed the users"),
	apitoken.ActionDisableUser:   english("disabled a user"),
	apitoken.ActionEnableUser:    english("enabled a user"),
	apitoken.ActionSuspendUser:   english("suspended a user"),
	apitoken.ActionResumeUser:    english("resumed a user"),
	apitoken.ActionReadEvents:    english("read the events"),
	apitoken.ActionForgetUser:    english("replaced a user by a pseudonym"),
	apitoken.ActionSweep:         english("removed what is old"),
	apitoken.ActionLeaseNotices:  english("asked for notices"),
	apitoken.ActionNoticeSent:    english("recorded a notice"),
}

// capitalized returns a text with a capital first letter.
func capitalized(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// lifetimeInSentence returns a lifetime in words for the middle of a sentence.
func (l *language) lifetimeInSentence(d time.Duration) string {
	if d == apitoken.NoExpiration {
		return l.text("no expiration")
	}
	return l.lifetime(d)
}

// ago returns how long ago something was, in hours or days. The zero time returns the empty text.
func (l *language) ago(t, now time.Time) string {
	switch ago := now.Sub(t); {
	case t.IsZero():
		return ""
	case ago < time.Hour:
		return l.text("less than an hour ago")
	case ago < 2*time.Hour:
		return l.text("an hour ago")
	case ago < 48*time.Hour:
		return l.text("%s hours ago", strconv.FormatInt(int64(ago/time.Hour), 10))
	default:
		return l.text("%s days ago", strconv.FormatInt(int64(ago/(24*time.Hour)), 10))
	}
}
