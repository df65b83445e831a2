package apitoken

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// LifetimeLimit lowers the maximum lifetime for the tokens of the owners with a role, for the tokens of a kind, or for the tokens
// of both. It never raises a maximum: a limit above another one that matches has no effect while that one is in force.
type LifetimeLimit struct {
	Role Role          `json:"role,omitzero"` // of the owner; empty: any. At least one of Role and Kind is set.
	Kind Kind          `json:"kind,omitzero"` // of the token; empty: any
	Max  time.Duration `json:"max"`           // 1 minute to 100 years of 365 days, whole microseconds; not NoExpiration
}

func (l LifetimeLimit) matches(u User, k Kind) bool {
	return (l.Role == "" || l.Role == u.Role) && (l.Kind == "" || l.Kind == k)
}

// Exemption gives one user another maximum lifetime for some time. It replaces the maximum that Max and the limits give, and may
// be longer or shorter. It ends exactly at Until; tokens that were generated before then stay as they are.
//
// Do not write into Reason what identifies a person. It is stored with the policy and with the event, and is part of the
// [LifetimeError] of a request over Max.
type Exemption struct {
	User   UserID        `json:"user"`
	Kind   Kind          `json:"kind,omitzero"` // of the token; empty: any kind without an exemption of its own
	Max    time.Duration `json:"max"`           // as of MaxLifetimePolicy
	Until  time.Time     `json:"until"`         // required, in the future and at most a year ahead when it is set
	Reason string        `json:"reason"`        // required: 1 to 255 bytes, no space at either end, no invisible character
	By     UserID        `json:"by,omitzero"`   // who granted it, set by SetPolicy; empty: the host itself
	At     time.Time     `json:"at,omitzero"`   // when, set by SetPolicy
}

// live reports whether the exemption applies at now. It is over at Until.
func (e Exemption) live(now time.Time) bool { return now.Before(e.Until) }

// same reports whether two exemptions are equal in what a caller sets.
func (e Exemption) same(f Exemption) bool {
	return e.User == f.User && e.Kind == f.Kind && e.Max == f.Max && e.Reason == f.Reason && e.Until.Equal(f.Until)
}

// Layer is the part of a policy that a maximum comes from.
type Layer string

// The layers.
const (
	LayerMax       Layer = ""          // Max of the policy, which is for everybody
	LayerLimit     Layer = "limit"     // one of Limits
	LayerExemption Layer = "exemption" // one of Exemptions
	LayerToken     Layer = "token"     // not of the policy: the expiry of the token that the actor uses
)

// LimitSource says where a maximum lifetime comes from. The zero value is Max of the policy.
type LimitSource struct {
	Layer  Layer
	Role   Role      // of the limit; empty: any
	Kind   Kind      // of the limit or the exemption; empty: any
	Until  time.Time // of the exemption
	Reason string    // of the exemption
}

// String returns the source in words: "maximum of the policy", "limit of role user", "limit of role user and kind deploy",
// "exemption until 1 March 2027: migration" or "expiry of the token in use".
func (s LimitSource) String() string {
	if s.Reason == "" {
		return s.withoutReason()
	}
	return s.withoutReason() + ": " + s.Reason
}

// withoutReason is for events: a reason may be about a person.
func (s LimitSource) withoutReason() string {
	switch s.Layer {
	case LayerLimit:
		return LifetimeLimit{Role: s.Role, Kind: s.Kind}.text()
	case LayerExemption:
		return "exemption until " + untilText(s.Until, "2 January 2006")
	case LayerToken:
		return "expiry of the token in use"
	}
	return "maximum of the policy"
}

// MaxFor returns the maximum lifetime of a token of the kind that is generated for the user at now, and where it comes from. It is
// the only place that resolves the layers:
//
//   - The maximum is the least of Max and of all limits that match the user's role and the kind. Of equal ones it is the source
//     that comes first, beginning with Max.
//   - A live exemption of the user replaces it. One for the kind takes precedence over one for any kind.
//
// It reads ID and Role of the user. [NoExpiration] means that there is no maximum.
func (p MaxLifetimePolicy) MaxFor(u User, k Kind, now time.Time) (time.Duration, LimitSource) {
	if e, ok := p.exemption(u.ID, k, now); ok {
		return e.Max, LimitSource{Layer: LayerExemption, Kind: e.Kind, Until: e.Until, Reason: e.Reason}
	}
	most, source := p.Max, LimitSource{}
	for _, l := range p.Limits {
		if l.Max < most && l.matches(u, k) {
			most, source = l.Max, LimitSource{Layer: LayerLimit, Role: l.Role, Kind: l.Kind}
		}
	}
	return most, source
}

// exemption returns the exemption that applies to the user's tokens of the kind at now.
func (p MaxLifetimePolicy) exemption(u UserID, k Kind, now time.Time) (found Exemption, ok bool) {
	for _, e := range p.Exemptions {
		if e.User != u || !e.live(now) {
			continue
		}
		if e.Kind == k {
			return e, true
		}
		if e.Kind == "" {
			found, ok = e, true
		}
	}
	return found, ok
}

// Strictest returns the least maximum of all layers together. A [Store] shows it to programs that know of no layers, so that
// they permit nothing that is too long.
func (p MaxLifetimePolicy) Strictest() time.Duration {
	least := p.Max
	for _, l := range p.Limits {
		least = min(least, l.Max)
	}
	for _, e := range p.Exemptions {
		least = min(least, e.Max)
	}
	return least
}

// clone returns a policy whose slices nobody else has. Empty ones are nil.
func (p MaxLifetimePolicy) clone() MaxLifetimePolicy {
	p.Limits = append([]LifetimeLimit(nil), p.Limits...)
	p.Exemptions = append([]Exemption(nil), p.Exemptions...)
	return p
}

const (
	maxLimits      = 100
	maxExemptions  = 100
	maxReasonBytes = 255
)

// checkLayers validates what needs neither the store nor the clock.
func (p MaxLifetimePolicy) checkLayers(roles roleSet, kinds kindSet) error {
	if n := len(p.Limits); n > maxLimits {
		return invalid("limits", "are %d, at most %d are allowed", n, maxLimits)
	}
	if n := len(p.Exemptions); n > maxExemptions {
		return invalid("exemptions", "are %d, at most %d are allowed", n, maxExemptions)
	}
	for i, l := range p.Limits {
		field := fmt.Sprintf("limit %d", i+1)
		if err := l.check(field, roles, kinds); err != nil {
			return err
		}
		if slices.ContainsFunc(p.Limits[:i], func(o LifetimeLimit) bool { return o.Role == l.Role && o.Kind == l.Kind }) {
			return invalid(field, "repeats the %s", l.text())
		}
	}
	for i, e := range p.Exemptions {
		field := fmt.Sprintf("exemption %d", i+1)
		if err := e.check(field, kinds); err != nil {
			return err
		}
		if slices.ContainsFunc(p.Exemptions[:i], func(o Exemption) bool { return o.User == e.User && o.Kind == e.Kind }) {
			return invalid(field, "repeats the user and the kind of another one")
		}
	}
	return nil
}

// check refuses a limit that never has an effect, whatever the other layers are. One above Max is permitted: it has an effect
// again when Max is raised, so Max can be lowered for a while without touching the limits.
func (l LifetimeLimit) check(field string, roles roleSet, kinds kindSet) error {
	switch {
	case l.Role == "" && l.Kind == "":
		return invalid(field, "has neither a role nor a kind; the maximum for everybody is that of the policy")
	case l.Max == NoExpiration:
		return invalid(field+" maximum", "is no expiration, which limits nothing; an exemption raises a maximum")
	}
	if l.Role != "" {
		if err := roles.check(field+" role", l.Role); err != nil {
			return err
		}
	}
	if l.Kind != "" {
		if err := kinds.declared(field+" kind", l.Kind); err != nil {
			return err
		}
	}
	return checkMaximum(field+" maximum", l.Max)
}

func (e Exemption) check(field string, kinds kindSet) error {
	if err := e.User.check(field + " user"); err != nil {
		return err
	}
	if e.Kind != "" {
		if err := kinds.declared(field+" kind", e.Kind); err != nil {
			return err
		}
	}
	if err := checkMaximum(field+" maximum", e.Max); err != nil {
		return err
	}
	if e.Until.IsZero() {
		return invalid(field+" until", "is missing: every exemption ends, at most a year ahead")
	}
	if !storable(e.Until) {
		return invalid(field+" until", "is in %d, 1970 to 2199 is allowed", e.Until.Year())
	}
	return checkReason(field+" reason", e.Reason)
}

func checkReason(field, reason string) error {
	switch n := len(reason); {
	case strings.TrimSpace(reason) == "":
		return invalid(field, "is empty")
	case n > maxReasonBytes:
		return invalid(field, "is %d bytes long, at most %d are allowed", n, maxReasonBytes)
	case strings.TrimSpace(reason) != reason:
		return invalid(field, "has a space at an end")
	}
	return checkVisible(field, reason)
}

// checkNew refuses an end of a new exemption that is not within a year after now.
func (e Exemption) checkNew(field string, now time.Time) error {
	switch latest := now.AddDate(1, 0, 0); {
	case !e.live(now):
		return invalid(field+" until", "is not in the future")
	case e.Until.After(latest):
		return invalid(field+" until", "is more than a year ahead, %s is the limit", latest.Format(time.RFC3339))
	}
	return nil
}

// text returns whom the limit is for.
func (l LifetimeLimit) text() string {
	var of []string
	if l.Role != "" {
		of = append(of, "role "+plainWord(string(l.Role)))
	}
	if l.Kind != "" {
		of = append(of, "kind "+plainWord(string(l.Kind)))
	}
	return "limit of " + strings.Join(of, " and ")
}

// text begins what an event says about the exemption.
func (e Exemption) text() string {
	text := exemptionOf(e.User)
	if e.Kind != "" {
		text += "for kind " + plainWord(string(e.Kind)) + " "
	}
	return text + "until " + untilText(e.Until, time.DateOnly)
}

func exemptionOf(u UserID) string { return "exemption of " + plainWord(string(u)) + " " }

// untilText formats the day, and the time unless it is midnight in UTC.
func untilText(t time.Time, day string) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(day)
	}
	return t.Format(day + " 15:04:05.999999 UTC")
}

// plainWord returns a text as it is if it is one plain word, and in quotes otherwise, so that the pieces of a sentence remain
// recognisable.
func plainWord(s string) string {
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._@-", r):
		default:
			return strconv.Quote(s)
		}
	}
	return s
}
