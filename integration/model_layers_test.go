package integration_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The layers of the policy: operations, and the rest of the [reference].

var (
	someLimitRoles = pool[apitoken.Role]{usual: []apitoken.Role{"", apitoken.RoleUser, "support"}, odd: []apitoken.Role{apitoken.RoleAdmin, "undeclared"}}
	someLimitKinds = pool[apitoken.Kind]{usual: []apitoken.Kind{"", apitoken.KindUser, kindMachine}, odd: []apitoken.Kind{"undeclared"}}
	someLimits     = pool[time.Duration]{
		usual: []time.Duration{time.Hour, apitoken.Days(1), apitoken.Days(30), apitoken.Days(90), time.Hour + 999},
		odd:   []time.Duration{apitoken.NoExpiration, 0, time.Second, -1, apitoken.Days(36501)},
	}
	someReasons = pool[string]{usual: []string{"migration", `an "audit"; really`}, odd: []string{"", " x", invisible, strings.Repeat("x", 256)}}
)

// layers adds layers to a policy: to those in force, or to none.
func (s *sequence) layers(p *apitoken.MaxLifetimePolicy, o *operands) {
	if o.pick(2) == 0 {
		p.Limits, p.Exemptions = slices.Clone(s.ref.policy.Limits), slices.Clone(s.ref.policy.Exemptions)
	}
	switch o.pick(4) {
	case 0:
		p.Limits = append(p.Limits, apitoken.LifetimeLimit{Role: someLimitRoles.choose(o), Kind: someLimitKinds.choose(o), Max: someLimits.choose(o)})
	case 1:
		at := s.ref.now.Truncate(time.Microsecond)
		p.Exemptions = append(p.Exemptions, apitoken.Exemption{
			User: someUsers.choose(o), Kind: someLimitKinds.choose(o), Max: someLimits.choose(o), Reason: someReasons.choose(o),
			Until: choose(o, []time.Time{
				at.Add(time.Hour), at.Add(apitoken.Days(2)), at.AddDate(1, 0, 0), at.AddDate(1, 0, 0).Add(time.Microsecond), at, {},
			}),
		})
	case 2:
		p.Limits = nil
	}
}

func (s *sequence) lifetimes(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, owner := s.actor(o), someUsers.choose(o)
	got, err := m.MaxLifetimes(s.ctx, actor, owner)
	want, wantErr := s.ref.lifetimes(actor, owner)
	return fmt.Sprintf("%+v %q", actor, owner), answer{got, err}, answer{want, wantErr}
}

func (r *reference) lifetimes(actor apitoken.Actor, owner apitoken.UserID) ([]apitoken.KindLifetime, error) {
	c, err := r.begin(apitoken.ActionReadLifetimes, actor, owner, apitoken.TokenID{})
	user, known := r.users[owner]
	switch {
	case err != nil:
		return nil, err
	case !validID(owner):
		return nil, apitoken.ErrInvalid
	case c.own(owner) && !c.may.Has(apitoken.GenerateOwn), !c.own(owner) && !c.may.Has(apitoken.GenerateForOthers):
		return nil, c.deny(apitoken.ErrDenied)
	case !known:
		return nil, apitoken.ErrNotFound
	case !c.own(owner) && !c.may.Has(r.roles[user.Role]):
		return nil, c.deny(apitoken.ErrDenied)
	}
	var all []apitoken.KindLifetime
	for _, kind := range []apitoken.Kind{kindMachine, apitoken.KindUser} {
		most, source := c.most(user, kind)
		all = append(all, apitoken.KindLifetime{Kind: kind, Max: most, Source: source})
	}
	return all, nil
}

// most is the maximum for a token of the owner, also by the token that the actor uses.
func (c referenceCall) most(owner apitoken.User, kind apitoken.Kind) (time.Duration, apitoken.LimitSource) {
	most, source := c.permitted(owner, kind)
	if !c.until.IsZero() && c.until.Sub(c.event.At) < most {
		return c.until.Sub(c.event.At), apitoken.LimitSource{Layer: apitoken.LayerToken}
	}
	return most, source
}

// permitted is the maximum that the policy has for a token of the owner.
func (c referenceCall) permitted(owner apitoken.User, kind apitoken.Kind) (time.Duration, apitoken.LimitSource) {
	for _, of := range []apitoken.Kind{kind, ""} {
		for _, e := range c.policy.Exemptions {
			if e.User == owner.ID && e.Kind == of && c.event.At.Before(e.Until) {
				return e.Max, apitoken.LimitSource{Layer: apitoken.LayerExemption, Kind: e.Kind, Until: e.Until, Reason: e.Reason}
			}
		}
	}
	most, source := c.policy.Max, apitoken.LimitSource{}
	for _, l := range c.policy.Limits {
		matches := (l.Role == "" || l.Role == owner.Role) && (l.Kind == "" || l.Kind == kind)
		if matches && l.Max < most {
			most, source = l.Max, apitoken.LimitSource{Layer: apitoken.LayerLimit, Role: l.Role, Kind: l.Kind}
		}
	}
	return most, source
}

func validMaximum(d time.Duration) bool {
	return d == apitoken.NoExpiration || d >= time.Minute && d <= apitoken.Days(36500)
}

// validLayers reports whether the layers are right apart from what depends on users and on the policy before.
func (r *reference) validLayers(p apitoken.MaxLifetimePolicy) bool {
	type place struct {
		of   string
		kind apitoken.Kind
	}
	seen := map[place]bool{}
	for _, l := range p.Limits {
		_, declared := r.roles[l.Role]
		at := place{"role " + string(l.Role), l.Kind}
		if l.Role == "" && l.Kind == "" || l.Role != "" && !declared || l.Kind == "undeclared" || l.Max == apitoken.NoExpiration ||
			!validMaximum(l.Max) || seen[at] {
			return false
		}
		seen[at] = true
	}
	for _, e := range p.Exemptions {
		at := place{"user " + string(e.User), e.Kind}
		if !validID(e.User) || e.Kind == "undeclared" || !validMaximum(e.Max) || e.Until.IsZero() || e.Reason == "" || e.Reason == " x" ||
			e.Reason == invisible || len(e.Reason) > 255 || seen[at] {
			return false
		}
		seen[at] = true
	}
	return true
}

// granted returns the layers as they are stored, or why an exemption is refused.
func (c referenceCall) granted(p apitoken.MaxLifetimePolicy) (apitoken.MaxLifetimePolicy, error) {
	p.Limits, p.Exemptions = append([]apitoken.LifetimeLimit(nil), p.Limits...), append([]apitoken.Exemption(nil), p.Exemptions...)
	for i, l := range p.Limits {
		p.Limits[i].Max = l.Max.Truncate(time.Microsecond)
	}
	for i, e := range p.Exemptions {
		if e.Max != apitoken.NoExpiration {
			e.Max = e.Max.Truncate(time.Microsecond)
		}
		e.By, e.At = c.event.Actor.User, c.event.At
		was := slices.IndexFunc(c.policy.Exemptions, func(o apitoken.Exemption) bool {
			o.By, o.At = e.By, e.At
			return o == e
		})
		if was >= 0 {
			p.Exemptions[i] = c.policy.Exemptions[was]
			continue
		}
		p.Exemptions[i] = e
		user, known := c.users[e.User]
		host := c.event.Actor.Kind == apitoken.ActorSystem
		switch {
		case !e.Until.After(c.event.At), e.Until.After(c.event.At.AddDate(1, 0, 0)), !known && !host && c.may.Has(apitoken.ManageUsers):
			return p, apitoken.ErrInvalid
		case host:
		case !known, c.own(e.User), !c.may.Has(c.roles[user.Role]):
			return p, c.deny(apitoken.ErrDenied)
		}
	}
	return p, nil
}

var oneWord = regexp.MustCompile(`^[A-Za-z0-9._@-]+$`)

func word(s string) string {
	if oneWord.MatchString(s) {
		return s
	}
	return fmt.Sprintf("%q", s)
}

func inWords(d time.Duration) string {
	switch days := d / apitoken.Days(1); {
	case d == apitoken.NoExpiration:
		return "no expiration"
	case d%apitoken.Days(1) != 0:
		return d.String()
	case days == 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", days)
	}
}

func limitInWords(role apitoken.Role, kind apitoken.Kind) string {
	switch {
	case kind == "":
		return "limit of role " + word(string(role))
	case role == "":
		return "limit of kind " + word(string(kind))
	}
	return "limit of role " + word(string(role)) + " and kind " + word(string(kind))
}

func untilInWords(t time.Time, date string) string {
	if t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0 || t.Nanosecond() != 0 {
		date += " 15:04:05.999999 UTC"
	}
	return t.Format(date)
}

func exemptionInWords(e apitoken.Exemption) string {
	text := "exemption of " + word(string(e.User))
	if e.Kind != "" {
		text += " for kind " + word(string(e.Kind))
	}
	return text + " until " + untilInWords(e.Until, "2006-01-02")
}

// decidedInWords is what the event of a token says about the layer that decided.
func decidedInWords(s apitoken.LimitSource) string {
	switch s.Layer {
	case apitoken.LayerLimit:
		return limitInWords(s.Role, s.Kind)
	case apitoken.LayerExemption:
		return "exemption until " + untilInWords(s.Until, "2 January 2006")
	}
	return ""
}

// changedInWords is what the event of a policy says about the layers.
func changedInWords(was, is apitoken.MaxLifetimePolicy) string {
	var changes []string
	for _, l := range is.Limits {
		if !slices.Contains(was.Limits, l) {
			changes = append(changes, limitInWords(l.Role, l.Kind)+": "+inWords(l.Max))
		}
	}
	for _, l := range was.Limits {
		if !slices.ContainsFunc(is.Limits, func(o apitoken.LifetimeLimit) bool { return o.Role == l.Role && o.Kind == l.Kind }) {
			changes = append(changes, limitInWords(l.Role, l.Kind)+" removed")
		}
	}
	place := func(e apitoken.Exemption) func(apitoken.Exemption) bool {
		return func(o apitoken.Exemption) bool { return o.User == e.User && o.Kind == e.Kind }
	}
	for _, e := range is.Exemptions {
		verb := " changed: "
		if !slices.ContainsFunc(was.Exemptions, place(e)) {
			verb = " added: "
		}
		if !slices.Contains(was.Exemptions, e) {
			changes = append(changes, fmt.Sprintf("%s%s%s, %q", exemptionInWords(e), verb, inWords(e.Max), e.Reason))
		}
	}
	for _, e := range was.Exemptions {
		if !slices.ContainsFunc(is.Exemptions, place(e)) {
			changes = append(changes, exemptionInWords(e)+" removed")
		}
	}
	return strings.Join(changes, "; ")
}
