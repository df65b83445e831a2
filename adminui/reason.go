package adminui

import (
	"errors"
	"regexp"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// reasonText tells the user why something was refused.
func (l *language) reasonText(err error) string {
	var over *apitoken.LifetimeError
	var invalid *apitoken.InvalidError
	var full *apitoken.TooManyError
	switch {
	case errors.As(err, &over):
		text := l.text("The lifetime is over the maximum: at most %s is allowed.", l.lifetimeInSentence(over.Max))
		if over.Source != (apitoken.LimitSource{}) {
			text += " " + l.text("It is the %s.", l.limitSource(over.Source))
		}
		return text
	case errors.Is(err, apitoken.ErrUserDisabled):
		return l.text("The user is disabled and cannot have tokens.")
	case errors.Is(err, apitoken.ErrSuspended):
		return l.text("The user is suspended. Resume them before you generate a token.")
	case errors.As(err, &full) && full.Offers:
		return l.text("As many tokens wait for the user as may: %s. Withdraw one of them first.", full.Max)
	case errors.As(err, &full):
		return l.text("The user has as many active tokens as are allowed: %s. Revoke one of them first.", full.Max)
	case errors.Is(err, apitoken.ErrRepeated):
		return l.text("This form was sent before, and the token that it generated is in use. Choose another name to generate another token.")
	case errors.Is(err, apitoken.ErrExists):
		return l.text("An active token already has this name. Choose another name, or revoke that token first.")
	case errors.As(err, &invalid):
		return l.text("Refused: %s: %s.", l.wordsOf(invalid.Field, fieldNames), l.wordsOf(invalid.Problem, fieldProblems))
	}
	return l.text("Refused.")
}

// limitSource returns where a maximum comes from. It says what String says of it in English.
func (l *language) limitSource(s apitoken.LimitSource) string {
	switch {
	case s.Layer == apitoken.LayerToken:
		return l.text("expiry of the token in use")
	case s.Layer == apitoken.LayerExemption:
		text := l.text("exemption until %s", l.date(s.Until, dayLayout))
		if s.Reason != "" {
			text += ": " + s.Reason
		}
		return text
	case s.Layer == apitoken.LayerLimit && s.Role != "" && s.Kind != "":
		return l.text("limit of role %s and kind %s", string(s.Role), string(s.Kind))
	case s.Layer == apitoken.LayerLimit && s.Role != "":
		return l.text("limit of role %s", string(s.Role))
	case s.Layer == apitoken.LayerLimit:
		return l.text("limit of kind %s", string(s.Kind))
	}
	return l.text("maximum of the policy")
}

// fieldNames are those in an [apitoken.InvalidError] that a form can lead to.
var fieldNames = []string{
	english("name"), english("description"), english("kind"), english("resource"), english("lifetime"), english("days"), english("expires at"),
	english("expiry"), english("permissions"), english("user id"), english("role"), english("responsible"), english("maximum lifetime"),
	english("idempotency key"), english("status"), english("outcome"),
	english("limit %s role"), english("limit %s kind"), english("limit %s maximum"), english("exemption %s user"), english("exemption %s kind"), english("exemption %s maximum"),
	english("exemption %s until"), english("exemption %s reason"), english("limits"), english("exemptions"),
	english("limit %s"), english("exemption %s"), // after those with more words
}

// fieldProblems are those in an [apitoken.InvalidError] that a form can lead to.
var fieldProblems = []string{
	english("is empty"), english("is %s characters long, at most %s are allowed"), english("is %s bytes long, at most %s are allowed"),
	english("are %s, at most %s are allowed"), english("begins or ends with a space"), english("has no visible character"), english("is not valid UTF-8"),
	english("contains the invisible character %s"), english("is the account itself"), english("is not in the future"),
	english("is not in the future; revoke the token instead"), english("is after the year 2199"), english("is after the expiry of the token"),
	english("is more than a year ahead, %s is the limit"), english("ends in %s, the year 2200 is the limit"),
	english("is %s, at least %s is needed"), english("%s is not declared"), english("%s is not known"), english("is not a known user"),
	english("is given for a person; only a service account has one"), english("%s is none of %s, %s and %s"), english("%s is neither %s nor %s"),
	english("%s is not the name of a permission"), english("%s can be generated for oneself only"),
	english("%s: the role of the owner or the kind does not carry them"),
	english("is in %s, the year 2200 is the limit"), english("is in %s, 1970 to 2199 is allowed"), english("is %s, at most %s is allowed"),
	english("is missing: every exemption ends, at most a year ahead"), english("has a space at an end"),
	english("is no expiration, which limits nothing; an exemption raises a maximum"),
	english("has neither a role nor a kind; the maximum for everybody is that of the policy"),
}

// wordsOf returns words of the Manager in the language. They stay in English if they match none of the known texts.
func (l *language) wordsOf(manager string, known []string) string {
	for _, text := range known {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(text), "%s", "(.+?)") + "$"
		found := regexp.MustCompile(pattern).FindStringSubmatch(manager)
		if found == nil {
			continue
		}
		var values []any
		for _, value := range found[1:] {
			values = append(values, l.translated(value)) // a state or a lifetime; names are in quotation marks
		}
		return l.text(text, values...)
	}
	return manager
}
