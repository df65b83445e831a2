package integration_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
)

// history records the calls of the clients of one run.
type history struct {
	clock    *movable
	progress atomic.Int64 // numbers the beginnings and ends of acts

	mu      sync.Mutex
	acts    []*act
	secrets map[apitoken.TokenID]string
	issued  []apitoken.Token
	wrong   error // an error that needs no model
}

func newHistory(clock *movable) *history {
	return &history{clock: clock, secrets: map[apitoken.TokenID]string{}}
}

// provision creates an administrator, who is never disabled, and two users.
func (h *history) provision(ctx context.Context, store apitoken.Store) error {
	host, err := apitoken.New(store, &apitoken.Options{Clock: h.clock, Roles: historyRoles})
	if err != nil {
		return err
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}, {ID: "carol"}} {
		if _, err := host.PutUser(ctx, apitoken.System(), u); err != nil {
			return err
		}
	}
	return nil
}

// replica is a client with its own Manager, like a replica of a host.
type replica struct {
	*history
	number  int
	manager *apitoken.Manager
	reading reading
}

// reading is a clock that remembers the last time that it showed.
type reading struct {
	clock *movable
	last  time.Time
}

func (r *reading) Now() time.Time {
	r.last = r.clock.Now()
	return r.last
}

func (h *history) join(number int, store apitoken.Store) (*replica, error) {
	c := &replica{history: h, number: number, reading: reading{clock: h.clock}}
	var err error
	c.manager, err = apitoken.New(store, &apitoken.Options{Clock: &c.reading, LastUsedInterval: time.Hour, Roles: historyRoles})
	return c, err
}

// historyRoles has the role that users change to and from. It differs from that of a user in the limit of the policy only.
var historyRoles = map[apitoken.Role]apitoken.Permission{"free": apitoken.GenerateOwn}

// inserting is a store that notes in an act when it was asked to insert the token. A change of the owner's role that ended before
// must not be missed.
type inserting struct{ apitoken.Store }

// noteInserting is the key of a function in the context of a call.
type noteInserting struct{}

func (s inserting) CreateToken(ctx context.Context, n apitoken.NewToken, revision int64, e apitoken.Event) error {
	if note, ok := ctx.Value(noteInserting{}).(func()); ok {
		note()
	}
	return s.Store.CreateToken(ctx, n, revision, e)
}

func (c *replica) close() { _ = c.manager.Close(context.Background()) }

// perform makes the call of an act, and records the act with the result.
func (c *replica) perform(ctx context.Context, a *act) {
	a.client = c.number
	earliest := c.clock.Now()
	c.reading.last = time.Time{}
	a.begin = c.progress.Add(1)
	err := c.do(context.WithValue(ctx, noteInserting{}, func() { a.inserting = c.progress.Add(1) }), a)
	a.end = c.progress.Add(1)
	a.at, a.err = c.reading.last, cause(err)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.acts = append(c.acts, a)
	switch {
	case a.err == nil && err != nil:
		c.wrong = fmt.Errorf("%s: the error is no sentinel: %w", a, err)
	case !a.at.IsZero() && (a.at.Before(earliest) || a.at.After(c.clock.Now())):
		c.wrong = fmt.Errorf("%s: judged by a time that was not during the call", a)
	}
}

func (c *replica) do(ctx context.Context, a *act) (err error) {
	m, actor := c.manager, apitoken.As(a.actor)
	switch a.kind {
	case actGenerate:
		var secret apitoken.Secret
		a.made, secret, err = m.Generate(ctx, actor, apitoken.GenerateParams{Owner: a.owner, Name: a.name, Lifetime: a.lifetime})
		if err == nil {
			c.issue(a.made, secret)
		}
	case actAuthenticate:
		a.identity, err = m.Authenticate(ctx, c.secret(a.token))
	case actList:
		a.listed, err = m.ListTokens(ctx, actor, apitoken.TokenQuery{Owner: a.owner, Status: a.status, Limit: 1000})
		a.listed = slices.Clone(a.listed)
		for i := range a.listed {
			a.listed[i].LastUsedAt = time.Time{} // histories make no promise about it
		}
	case actRevoke:
		if a.byText {
			_, err = m.RevokeText(ctx, actor, c.secret(a.token), apitoken.Leak{})
			break
		}
		err = m.Revoke(ctx, actor, a.token)
	case actRename:
		_, err = m.UpdateToken(ctx, actor, a.token, apitoken.TokenChange{Name: &a.name})
	case actRevokeAll:
		err = m.RevokeAll(ctx, actor, a.owner)
	case actRevokeMany:
		var r apitoken.RevokeManyResult
		r, err = m.RevokeMany(ctx, actor, apitoken.TokenQuery{Owner: a.owner}, apitoken.RevokeManyParams{AtMost: 1000})
		a.revoked = r.Revoked
	case actDisable:
		err = m.DisableUser(ctx, actor, a.owner)
	case actEnable:
		err = m.EnableUser(ctx, actor, a.owner)
	case actSuspend:
		err = m.SuspendUser(ctx, actor, a.owner)
	case actResume:
		err = m.ResumeUser(ctx, actor, a.owner)
	case actReadUser:
		a.user, err = m.User(ctx, actor, a.owner)
	case actPutRole:
		_, err = m.PutUser(ctx, actor, apitoken.User{ID: a.owner, Role: a.role})
	case actSetPolicy:
		a.policy, err = m.SetPolicy(ctx, actor, a.wanted())
	case actReadPolicy:
		a.policy, err = m.Policy(ctx)
	case actFlush:
		err = m.Flush(ctx)
	case actSweep: // a history is shorter than a day, so nothing may go
		var swept apitoken.Swept
		swept, err = m.Sweep(ctx, apitoken.System(), apitoken.SweepParams{Revoked: apitoken.Days(1), Expired: apitoken.Days(1)})
		if err == nil && swept != (apitoken.Swept{Next: swept.Next}) {
			err = fmt.Errorf("the sweep removed %d tokens", swept.Tokens)
		}
	case actMoveClock:
		c.clock.add(30 * time.Minute)
	}
	return err
}

// issue makes a new token known to all clients.
func (h *history) issue(t apitoken.Token, secret apitoken.Secret) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets[t.ID] = secret.Reveal()
	h.issued = append(h.issued, t)
}

func (h *history) secret(id apitoken.TokenID) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.secrets[id]
}

// recent returns one of the last tokens, if any. 0 is the last one.
func (h *history) recent(back int) (apitoken.Token, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.issued)
	if n == 0 {
		return apitoken.Token{}, false
	}
	return h.issued[max(0, n-1-back)], true
}

// revision returns the latest revision of the policy that a client has seen.
func (h *history) revision() (last int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.acts {
		last = max(last, a.policy.Revision)
	}
	return last
}

// cause returns the sentinel of an error.
func cause(err error) error {
	for _, s := range []error{
		apitoken.ErrDenied, apitoken.ErrUncertain, apitoken.ErrUnavailable, apitoken.ErrUserDisabled, apitoken.ErrSuspended, apitoken.ErrRevoked,
		apitoken.ErrExpired, apitoken.ErrUnknownToken, apitoken.ErrLifetime, apitoken.ErrExists, apitoken.ErrConflict,
		apitoken.ErrNotFound,
	} {
		if errors.Is(err, s) {
			return s
		}
	}
	return nil
}

// overlapping counts the acts that overlap another one.
func (h *history) overlapping() int {
	slices.SortFunc(h.acts, func(a, b *act) int { return cmp.Compare(a.begin, b.begin) })
	n := 0
	for i, a := range h.acts {
		if slices.ContainsFunc(h.acts[:i], func(b *act) bool { return b.end > a.begin }) ||
			i+1 < len(h.acts) && h.acts[i+1].begin < a.end {
			n++
		}
	}
	return n
}

// checkTimeout is much longer than a check takes. A longer check counts as a failure.
const checkTimeout = time.Minute

// check asks whether the history is linearizable.
func (h *history) check() porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(specification(), h.moments(), checkTimeout)
}

func (h *history) String() string {
	var text strings.Builder
	for _, a := range h.acts {
		text.WriteString(a.String() + "\n")
	}
	return text.String()
}
