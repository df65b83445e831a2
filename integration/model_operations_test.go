package integration_test

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// operation is one kind of call of a sequence, on a Manager and on the reference.
type operation struct {
	name   string
	weight int
	run    func(*sequence, *apitoken.Manager, *operands) (what string, got, want answer)
}

// operations begins with a call without effect, because package rapid simplifies failing sequences towards the first one.
var operations = []operation{
	{"policy", 1, (*sequence).policy},
	{"generate", 12, (*sequence).generate},
	{"authenticate", 13, (*sequence).authenticate},
	{"clock", 9, (*sequence).moveClock},
	{"revoke", 6, (*sequence).revoke},
	{"revoke text", 2, (*sequence).revokeText},
	{"narrow", 4, (*sequence).narrow},
	{"rotate", 6, (*sequence).rotate},
	{"offer", 9, (*sequence).offer},
	{"claim", 8, (*sequence).claim},
	{"withdraw", 2, (*sequence).withdraw},
	{"offers", 1, (*sequence).listOffers},
	{"update token", 4, (*sequence).updateToken},
	{"list", 3, (*sequence).list},
	{"page", 2, (*sequence).page},
	{"scan", 3, (*sequence).scan},
	{"set policy", 6, (*sequence).setPolicy},
	{"lifetimes", 3, (*sequence).lifetimes},
	{"put user", 4, (*sequence).putUser},
	{"flush", 3, (*sequence).flush},
	{"token", 3, (*sequence).token},
	{"enable", 3, (*sequence).enable},
	{"disable", 2, (*sequence).disable},
	{"resume", 3, (*sequence).resume},
	{"suspend", 1, (*sequence).suspend},
	{"revoke all", 2, (*sequence).revokeAll},
	{"events", 2, (*sequence).readEvents},
	{"user", 1, (*sequence).user},
	{"users", 1, (*sequence).listUsers},
	{"flood", 2, (*sequence).flood},
	{"sweep", 3, (*sequence).sweep},
	{"revoke many", 2, (*sequence).revokeMany},
	{"plan policy", 1, (*sequence).planPolicy},
}

const (
	invisible = "a\u200bb"
	shown     = "ab" // the form in which it is stored in the name of a user
)

const kindMachine apitoken.Kind = "machine" // which the host declares

// pool contains values to choose from, more often the usual ones.
type pool[T any] struct{ usual, odd []T }

func (p pool[T]) choose(o *operands) T {
	if o.pick(4) == 3 {
		return choose(o, p.odd)
	}
	return choose(o, p.usual)
}

func choose[T any](o *operands, among []T) T { return among[o.pick(len(among))] }

var (
	someUsers = pool[apitoken.UserID]{
		usual: []apitoken.UserID{"bob", "ada", "carol"},
		odd:   []apitoken.UserID{"Bob", "nobody", "ci/%_1", "", invisible},
	}
	someNames = pool[string]{
		usual: []string{"deploy", "backup", "Deploy", "100%_\\", "бэкап é"},
		odd:   []string{strings.Repeat("я", 100), "", " x", invisible, strings.Repeat("x", 101)},
	}
	someRoles = pool[apitoken.Role]{
		usual: []apitoken.Role{"", apitoken.RoleUser, apitoken.RoleAdmin, "support", "auditor"},
		odd:   []apitoken.Role{"none", "undeclared"},
	}
	someResources = pool[string]{
		usual: []string{"", "project:web"},
		odd:   []string{"project:api", "Project:web", "100%_\\", strings.Repeat("x", 255), " x", invisible, strings.Repeat("x", 256)},
	}
	someDescriptions = pool[string]{
		usual: []string{"", "nightly build"},
		odd:   []string{"100%_\\", strings.Repeat("x", 255), " x", invisible, strings.Repeat("x", 256)},
	}
	someLifetimes = pool[time.Duration]{
		usual: []time.Duration{
			0, time.Hour, apitoken.Days(30), apitoken.Days(1), time.Hour + 999, apitoken.NoExpiration, time.Hour + time.Microsecond,
		},
		odd: []time.Duration{
			time.Microsecond, 1999, apitoken.Days(31), 999, 1, -1, -apitoken.NoExpiration - 1, apitoken.Days(36500),
			apitoken.Days(36501), apitoken.NoExpiration - 1, apitoken.Days(65000),
		},
	}
	someMoves = []time.Duration{1, time.Microsecond, time.Second, time.Minute, time.Hour, apitoken.Days(1), apitoken.Days(29)}
)

func validID(id apitoken.UserID) bool { return id != "" && id != invisible }

func validName(name string) bool {
	return name != "" && name != " x" && name != invisible && len(name) != 101
}

func validResource(resource string) bool { return validOptional(resource) }

func validOptional(text string) bool { return text != " x" && text != invisible && len(text) != 256 }

// recent chooses a token, or nil if there is none.
func (s *sequence) recent(o *operands) *referenceToken {
	n := len(s.ref.tokens)
	if n == 0 {
		return nil
	}
	return s.ref.tokens[n-1-o.pick(n)]
}

// tokenID chooses the ID of a token, or sometimes an unknown ID.
func (s *sequence) tokenID(o *operands) apitoken.TokenID {
	t := s.recent(o)
	if t == nil || o.pick(16) == 15 {
		return apitoken.TokenID{1}
	}
	return t.ID
}

// actor chooses the host, a person, the holder of a token, or an invalid actor.
func (s *sequence) actor(o *operands) apitoken.Actor {
	kind, t := o.pick(16), s.recent(o)
	switch {
	case kind < 2:
		return apitoken.System()
	case kind < 6:
		return apitoken.As("ada")
	case kind < 10 || t == nil:
		return apitoken.As(someUsers.choose(o))
	case kind < 15:
		return apitoken.Identity{User: apitoken.User{ID: t.Owner}, Token: t.Token}.Actor()
	}
	return choose(o, []apitoken.Actor{
		{},
		{Kind: apitoken.ActorSystem, User: "ada"},
		{Kind: apitoken.ActorPerson, User: t.Owner, Token: t.ID},
		{Kind: apitoken.ActorToken, User: "ada"},
		{Kind: apitoken.ActorToken, User: someUsers.choose(o), Token: t.ID},
		{Kind: "root", User: "ada"},
	})
}

func (s *sequence) generate(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor := s.actor(o)
	p := s.params(actor, o)
	got, secret, err := m.Generate(s.ctx, actor, p)
	text := secret.Reveal()
	want, wantErr := s.ref.generate(actor, p, got.ID, "tok_..."+text[max(0, len(text)-4):])
	if err == nil {
		s.secrets[got.ID] = text
	}
	if n := len(s.ref.tokens); n > 1 && err == nil && got.ID.String() <= s.ref.tokens[n-2].ID.String() {
		return "", answer{value: got.ID}, answer{value: "an ID greater than that of the previous token"}
	}
	return fmt.Sprintf("%+v %+v", actor, p), answer{got, err}, answer{want, wantErr}
}

// params chooses a token to generate or to offer.
func (s *sequence) params(actor apitoken.Actor, o *operands) apitoken.GenerateParams {
	p := apitoken.GenerateParams{Owner: actor.User, Name: someNames.choose(o), Lifetime: someLifetimes.choose(o)}
	if o.pick(2) == 1 || p.Owner == "" {
		p.Owner = someUsers.choose(o)
	}
	switch o.pick(8) {
	case 5:
		p.Lifetime = 0
		fallthrough
	case 6:
		p.ExpiresAt = s.instant(o)
	case 7:
		p.Kind = choose(o, []apitoken.Kind{kindMachine, apitoken.KindUser, kindMachine, "robot"})
	}
	p.Resource, p.Description = someResources.choose(o), choose(o, []string{"", "", "for releases", strings.Repeat("x", 256)})
	if o.pick(6) == 0 {
		p.Permissions = somePermissions.choose(o)
	}
	return p
}

// instant chooses an expiry: about now, about the expiry of another token, or about the latest possible one.
func (s *sequence) instant(o *operands) time.Time {
	ceiling := time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
	at := choose(o, []time.Time{
		s.ref.now.Add(time.Hour), s.ref.now.Add(apitoken.Days(2) + 300), s.ref.now, s.ref.now.Add(-time.Microsecond),
		s.ref.now.Add(time.Microsecond), s.ref.now.AddDate(90, 0, 0), ceiling, ceiling.Add(-time.Nanosecond),
	})
	if t := s.recent(o); t != nil && !t.ExpiresAt.IsZero() && o.pick(3) == 2 {
		at = t.ExpiresAt.Add(choose(o, []time.Duration{0, time.Microsecond, -time.Microsecond}))
	}
	return at.In(time.FixedZone("", 5*3600+1800))
}

func (s *sequence) authenticate(m *apitoken.Manager, o *operands) (string, answer, answer) {
	t := s.recent(o)
	kind := o.pick(16)
	if t == nil {
		kind = 15
	}
	switch kind {
	case 14:
		text := s.secrets[t.ID]
		text = choose(o, []string{text + " ", text[1:], strings.ToUpper(text), "Bearer " + text, "", t.ID.String(), text + text})
		got, err := m.Authenticate(s.ctx, text)
		return "a malformed text", answer{got, err}, answer{apitoken.Identity{}, apitoken.ErrMalformed}
	case 15:
		got, err := m.Authenticate(s.ctx, s.foreign)
		return "a token of elsewhere", answer{got, err}, answer{apitoken.Identity{}, apitoken.ErrUnknownToken}
	}
	got, err := m.Authenticate(s.ctx, s.secrets[t.ID])
	want, wantErr := s.ref.authenticate(t)
	return t.ID.String(), answer{got, err}, answer{want, wantErr}
}

// moveClock moves the clock forward, often to the expiry of a token or slightly before or after it.
func (s *sequence) moveClock(_ *apitoken.Manager, o *operands) (string, answer, answer) {
	by := choose(o, someMoves)
	if t := s.recent(o); t != nil && o.pick(4) > 0 {
		around := choose(o, []time.Duration{0, -time.Microsecond, time.Microsecond, -time.Nanosecond})
		if to := t.ExpiresAt.Add(around).Sub(s.ref.now); to >= 0 && t.ExpiresAt.Before(beginning.AddDate(20, 0, 0)) {
			by = to
		}
	}
	s.clock.add(by)
	s.ref.now = s.clock.Now()
	return by.String(), answer{}, answer{}
}

func (s *sequence) revoke(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), s.tokenID(o)
	return fmt.Sprintf("%+v %s", actor, id), answer{err: m.Revoke(s.ctx, actor, id)}, answer{err: s.ref.revoke(actor, id)}
}

func (s *sequence) revokeText(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, t, text := s.actor(o), s.recent(o), s.foreign
	if t != nil && o.pick(8) == 7 {
		t = nil
	}
	if t != nil {
		text = s.secrets[t.ID]
	}
	got, err := m.RevokeText(s.ctx, actor, text, apitoken.Leak{Source: "commit"})
	want, wantErr := s.ref.revokeText(actor, t)
	return fmt.Sprintf("%+v %+v", actor, t), answer{got, err}, answer{want, wantErr}
}

// somePermissions are those of the library, in sets, and one that no role grants.
var somePermissions = pool[apitoken.Permission]{
	usual: []apitoken.Permission{
		apitoken.GenerateOwn, apitoken.AdminPermissions, apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny,
		apitoken.AdminPermissions &^ apitoken.RevokeAny, apitoken.ListAny | apitoken.RevokeAny, apitoken.Unlimited,
	},
	odd: []apitoken.Permission{0, 0, 1 << 40, 1 << 20},
}

func (s *sequence) narrow(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), s.tokenID(o)
	n := apitoken.Narrowing{Keep: somePermissions.choose(o)}
	if o.pick(2) > 0 {
		n.ExpiresAt = s.instant(o)
	}
	if o.pick(2) > 0 && !n.ExpiresAt.IsZero() {
		n.Keep = 0
	}
	got, err := m.Narrow(s.ctx, actor, id, n)
	want, wantErr := s.ref.narrow(actor, id, n)
	return fmt.Sprintf("%+v %s %+v", actor, id, n), answer{got, err}, answer{want, wantErr}
}

func (s *sequence) updateToken(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), s.tokenID(o)
	var c apitoken.TokenChange
	if o.pick(4) > 0 {
		name := someNames.choose(o)
		if n := len(s.ref.tokens); n > 0 && o.pick(2) == 1 {
			name = s.ref.tokens[o.pick(n)].Name // which the owner may have twice already
		}
		c.Name = &name
	}
	if o.pick(2) > 0 {
		description := someDescriptions.choose(o)
		c.Description = &description
	}
	got, err := m.UpdateToken(s.ctx, actor, id, c)
	want, wantErr := s.ref.updateToken(actor, id, c)
	return fmt.Sprintf("%+v %s %+v", actor, id, c), answer{got, err}, answer{want, wantErr}
}

func (s *sequence) revokeAll(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, owner := s.actor(o), someUsers.choose(o)
	return fmt.Sprintf("%+v %q", actor, owner), answer{err: m.RevokeAll(s.ctx, actor, owner)}, answer{err: s.ref.revokeAll(actor, owner)}
}

func (s *sequence) token(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), s.tokenID(o)
	got, err := m.Token(s.ctx, actor, id)
	want, wantErr := s.ref.token(actor, id)
	return fmt.Sprintf("%+v %s", actor, id), answer{got, err}, answer{want, wantErr}
}

func (s *sequence) policy(m *apitoken.Manager, _ *operands) (string, answer, answer) {
	got, err := m.Policy(s.ctx)
	return "", answer{got, err}, answer{s.ref.policy, nil}
}

func (s *sequence) setPolicy(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, p := s.actor(o), apitoken.MaxLifetimePolicy{Max: someLifetimes.choose(o)}
	p.Revision = choose(o, []int64{0, 0, s.ref.policy.Revision, s.ref.policy.Revision - 1, 7})
	s.layers(&p, o)
	got, err := m.SetPolicy(s.ctx, actor, p)
	want, wantErr := s.ref.setPolicy(actor, p)
	return fmt.Sprintf("%+v %+v", actor, p), answer{got, err}, answer{want, wantErr}
}

func (s *sequence) putUser(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, u := s.actor(o), apitoken.User{ID: someUsers.choose(o), Name: choose(o, []string{"", "Ada", "Bob", invisible}), Role: someRoles.choose(o)}
	if o.pick(4) == 3 {
		u.Service, u.Responsible = o.pick(4) > 0, someUsers.choose(o)
	}
	if o.pick(8) == 7 {
		u.Revision = choose(o, []int64{s.ref.users[u.ID].Revision, 7})
	}
	got, err := m.PutUser(s.ctx, actor, u)
	want, wantErr := s.ref.putUser(actor, u)
	return fmt.Sprintf("%+v %+v", actor, u), answer{got, err}, answer{want, wantErr}
}

func (s *sequence) disable(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), someUsers.choose(o)
	return fmt.Sprintf("%+v %q", actor, id), answer{err: m.DisableUser(s.ctx, actor, id)}, answer{err: s.ref.switchUser(apitoken.ActionDisableUser, actor, id)}
}

func (s *sequence) enable(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), someUsers.choose(o)
	for _, known := range slices.Sorted(maps.Keys(s.ref.users)) {
		if s.ref.users[known].Disabled() && o.pick(2) == 0 {
			id = known
		}
	}
	return fmt.Sprintf("%+v %q", actor, id), answer{err: m.EnableUser(s.ctx, actor, id)}, answer{err: s.ref.switchUser(apitoken.ActionEnableUser, actor, id)}
}

func (s *sequence) suspend(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), someUsers.choose(o)
	return fmt.Sprintf("%+v %q", actor, id), answer{err: m.SuspendUser(s.ctx, actor, id)}, answer{err: s.ref.switchUser(apitoken.ActionSuspendUser, actor, id)}
}

func (s *sequence) resume(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), someUsers.choose(o)
	for _, known := range slices.Sorted(maps.Keys(s.ref.users)) {
		if s.ref.users[known].Suspended() && o.pick(2) == 0 {
			id = known
		}
	}
	return fmt.Sprintf("%+v %q", actor, id), answer{err: m.ResumeUser(s.ctx, actor, id)}, answer{err: s.ref.switchUser(apitoken.ActionResumeUser, actor, id)}
}

func (s *sequence) user(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), someUsers.choose(o)
	got, err := m.User(s.ctx, actor, id)
	want, wantErr := s.ref.user(actor, id)
	return fmt.Sprintf("%+v %q", actor, id), answer{got, err}, answer{want, wantErr}
}

func (s *sequence) listUsers(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, q := s.actor(o), apitoken.UserQuery{After: someUsers.choose(o), Limit: choose(o, []int{0, 1, 2, 1000, 1001, -1})}
	got, err := m.ListUsers(s.ctx, actor, q)
	want, wantErr := s.ref.listUsers(actor, q)
	if len(want) == 0 {
		want = nil
	}
	return fmt.Sprintf("%+v %+v", actor, q), answer{got, err}, answer{want, wantErr}
}

// flood repeats calls that most actors may not make.
func (s *sequence) flood(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, times := s.actor(o), 6+o.pick(12)
	var got, want []string
	for i := range times {
		if i%4 == 3 {
			_, err := m.SetPolicy(s.ctx, actor, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)})
			_, wantErr := s.ref.setPolicy(actor, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)})
			got, want = append(got, sentinels(err)), append(want, sentinels(wantErr))
			continue
		}
		_, err := m.ListUsers(s.ctx, actor, apitoken.UserQuery{})
		_, wantErr := s.ref.listUsers(actor, apitoken.UserQuery{})
		got, want = append(got, sentinels(err)), append(want, sentinels(wantErr))
	}
	return fmt.Sprintf("%+v, %d times", actor, times), answer{value: got}, answer{value: want}
}

func (s *sequence) readEvents(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, q := s.actor(o), apitoken.EventQuery{
		After:   apitoken.EventSeq(o.pick(8) * (s.ref.removed + len(s.ref.events)) / 6),
		Owner:   choose(o, []apitoken.UserID{"", "", "bob", "carol", invisible}),
		Actor:   choose(o, []apitoken.UserID{"", "", "ada", "bob", invisible}),
		Action:  choose(o, []apitoken.Action{"", "", "", apitoken.ActionGenerate, apitoken.ActionRevoke}),
		Outcome: choose(o, []apitoken.Outcome{"", "", apitoken.OutcomeDone, apitoken.OutcomeDenied}),
		Limit:   choose(o, []int{0, 1, 5, 1000, 1001}),
	}
	got, err := collectRows(m.Events(s.ctx, actor, q))
	want, wantErr := s.ref.feed(actor, q)
	return fmt.Sprintf("%+v %+v", actor, q), answer{withoutID(got), err}, answer{want, wantErr}
}

// flush writes the last uses. A stored use may be earlier than the real one by at most the interval. flush checks this and
// updates the reference.
func (s *sequence) flush(*apitoken.Manager, *operands) (string, answer, answer) {
	if d := s.flushDenials(); d != "" {
		return "", answer{value: d}, answer{value: ""}
	}
	tokens, err := s.managers[0].ListTokens(s.ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true})
	if err != nil || len(tokens) != len(s.ref.tokens) {
		return "", answer{value: len(tokens), err: err}, answer{value: len(s.ref.tokens)}
	}
	for i, t := range s.ref.tokens {
		got := tokens[i].LastUsedAt
		late := t.used.Sub(got)
		if s.interval > 0 && got != t.LastUsedAt && got.After(t.LastUsedAt) && late >= 0 {
			t.LastUsedAt = got
		}
		if s.interval > 0 && got == t.LastUsedAt && late >= 0 && late <= s.interval {
			continue
		}
		if got != t.LastUsedAt || s.interval > 0 {
			what := fmt.Sprintf("%s, used at %s, known before %s", t.ID, t.used, t.LastUsedAt)
			return what, answer{value: got}, answer{value: t.used}
		}
	}
	return "", answer{}, answer{}
}

func collectRows[T any](rows iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// withoutID removes the IDs of events and the texts of reasons, which the reference cannot know. It keeps a reason that
// should not be there.
func withoutID(events []apitoken.Event) []apitoken.Event {
	for i := range events {
		e := &events[i]
		e.ID = apitoken.EventID{}
		if (e.Reason != "") == (e.Outcome == apitoken.OutcomeDenied) || e.Count > 1 && e.Reason == "" {
			e.Reason = ""
		}
	}
	return events
}
