package integration_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// step is one operation of a sequence. Its operands choose among the data that exist when the step runs.
type step struct {
	Operation string
	Operands  operands
}

type operands []byte

// pick takes the next operand as a choice among n.
func (o *operands) pick(n int) int {
	if len(*o) == 0 {
		return 0
	}
	first := (*o)[0]
	*o = (*o)[1:]
	return int(first) % n
}

const (
	operandsOfStep = 20
	stepsOfPlan    = 50
)

// plan is a sequence: the options of the Manager and the steps.
type plan struct {
	Options operands
	Steps   []step
}

// GoString is short, because a failing sequence prints its operations.
func (p plan) GoString() string { return fmt.Sprintf("plan of %d steps", len(p.Steps)) }

func plans() *rapid.Generator[plan] {
	var names []string
	for _, o := range operations {
		names = append(names, slices.Repeat([]string{o.name}, o.weight)...)
	}
	operand := rapid.SliceOfN(rapid.Byte(), operandsOfStep, operandsOfStep)
	steps := rapid.Custom(func(t *rapid.T) step {
		return step{Operation: rapid.SampledFrom(names).Draw(t, "operation"), Operands: operand.Draw(t, "operands")}
	})
	return rapid.Custom(func(t *rapid.T) plan {
		return plan{Options: operand.Draw(t, "options"), Steps: rapid.SliceOfN(steps, stepsOfPlan, stepsOfPlan).Draw(t, "steps")}
	})
}

// movable is a clock that stands still until it is moved. (The Mock of benbjohnson/clock sleeps a millisecond at each move,
// which is too slow for a hundred thousand moves.)
type movable struct{ now atomic.Int64 }

func newMovable(t time.Time) *movable {
	c := &movable{}
	c.now.Store(t.UnixNano())
	return c
}

func (c *movable) Now() time.Time      { return time.Unix(0, c.now.Load()).UTC() }
func (c *movable) add(d time.Duration) { c.now.Add(int64(d)) }

// sequence runs one plan on two Managers, which must act as one, and on the [reference]. The Managers share a store, or on
// a server have stores on different connection pools.
type sequence struct {
	ctx      context.Context
	managers [2]*apitoken.Manager
	pager    apitoken.TokenPager // the store of the first Manager, or nil
	clock    *movable
	interval time.Duration
	ref      *reference
	secrets  map[apitoken.TokenID]string
	foreign  string // a token of another installation
	seen     coverage
	trace    []string
}

// coverage counts the answers to each operation.
type coverage map[string]int

// beginning is the time at which sequences and histories begin: near the end of February in a leap year.
var beginning = time.Date(2024, time.February, 28, 22, 30, 0, 0, time.UTC)

func newSequence(replicas []apitoken.Store, clock *movable, options operands, seen coverage) (*sequence, error) {
	declared := map[apitoken.Role]apitoken.Permission{
		"support": apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ManageUsers,
		"auditor": apitoken.ListAny | apitoken.RevokeAny | apitoken.ReadEvents,
		"none":    0,
	}
	opts := &apitoken.Options{
		Clock:              clock,
		MaxActivePerOwner:  maxActive,
		DefaultMaxLifetime: [...]time.Duration{0, apitoken.Days(30)}[options.pick(2)],
		DefaultLifetime:    [...]time.Duration{0, apitoken.Days(7)}[options.pick(2)],
		LastUsedInterval:   [...]time.Duration{time.Hour, -1}[options.pick(4)/3],
		Kinds:              []apitoken.Kind{kindMachine},
		Roles:              declared,
	}
	s := &sequence{
		ctx:      context.Background(),
		clock:    clock,
		interval: opts.LastUsedInterval,
		ref: &reference{
			now: clock.Now(), roles: map[apitoken.Role]apitoken.Permission{
				apitoken.RoleUser: apitoken.GenerateOwn,
				apitoken.RoleAdmin: apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny |
					apitoken.RevokeAny | apitoken.SetPolicy | apitoken.ManageUsers | apitoken.ReadEvents,
			},
			defaultLifetime: apitoken.Days(90),
			policy:          apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration},
			users:           map[apitoken.UserID]apitoken.User{},
		},
		secrets: map[apitoken.TokenID]string{},
		seen:    seen,
	}
	s.pager, _ = replicas[0].(apitoken.TokenPager)
	for role, grants := range declared {
		s.ref.roles[role] = grants
	}
	if opts.DefaultLifetime != 0 {
		s.ref.defaultLifetime = opts.DefaultLifetime
	}
	if opts.DefaultMaxLifetime != 0 {
		s.ref.policy.Max = opts.DefaultMaxLifetime
	}
	for i := range s.managers {
		m, err := apitoken.New(replicas[i%len(replicas)], opts)
		if err != nil {
			return nil, err
		}
		s.managers[i] = m
	}
	return s, s.populate()
}

// populate provisions the first users, and generates a token of another installation.
func (s *sequence) populate() error {
	for _, u := range []apitoken.User{
		{ID: "ada", Name: "Ada", Role: apitoken.RoleAdmin}, {ID: "bob", Name: "Bob"}, {ID: "carol", Role: "support"},
	} {
		got, err := s.managers[0].PutUser(s.ctx, apitoken.System(), u)
		want, _ := s.ref.putUser(apitoken.System(), u)
		if err != nil || got != want {
			return fmt.Errorf("provision %s: got %+v, %v, want %+v", u.ID, got, err, want)
		}
	}
	elsewhere, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		return err
	}
	if _, err := elsewhere.PutUser(s.ctx, apitoken.System(), apitoken.User{ID: "ada"}); err != nil {
		return err
	}
	_, secret, err := elsewhere.Generate(s.ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "deploy"})
	s.foreign = secret.Reveal()
	return err
}

// runPlan runs a plan on an empty store. It returns the first difference between the Managers and the reference, with the
// operations before it, or an empty text.
func runPlan(replicas []apitoken.Store, clock *movable, p plan, seen coverage) string {
	s, err := newSequence(replicas, clock, p.Options, seen)
	if err != nil {
		return err.Error()
	}
	defer func() {
		for _, m := range s.managers {
			_ = m.Close(s.ctx)
		}
	}()
	for i, step := range p.Steps {
		difference := s.do(step)
		if difference == "" && (i%10 == 9 || i == len(p.Steps)-1) {
			difference = s.everything()
		}
		if difference != "" {
			return fmt.Sprintf("%s\nafter:\n  %s", difference, strings.Join(s.trace, "\n  "))
		}
	}
	return ""
}

// do runs one step on both sides.
func (s *sequence) do(st step) string {
	at := slices.IndexFunc(operations, func(o operation) bool { return o.name == st.Operation })
	o := st.Operands
	if s.gatheredLong() {
		what, got, want := s.flush(nil, nil)
		if d := s.compare("flush", what, got, want); d != "" {
			return d
		}
	}
	s.ref.asked = o.pick(2)
	what, got, want := operations[at].run(s, s.managers[s.ref.asked], &o)
	return s.compare(st.Operation, what, got, want)
}

// answer is the result of a method.
type answer struct {
	value any
	err   error
}

func (s *sequence) compare(operation, what string, got, want answer) string {
	answered := sentinels(got.err)
	s.seen[operation+": "+strings.Fields(answered)[0]]++
	if operation != "everything" && operation != "policy" { // calls that leave no event
		s.trace = append(s.trace, fmt.Sprintf("%s  %s %s -> %s", s.clock.Now().Format(time.RFC3339Nano), operation, what, answered))
	}
	if wanted := sentinels(want.err); answered != wanted {
		return fmt.Sprintf("%s %s: got the error %s (%v), want %s", operation, what, answered, got.err, wanted)
	}
	if !reflect.DeepEqual(got.value, want.value) {
		return fmt.Sprintf("%s %s (-want +got):\n%s", operation, what, cmp.Diff(want.value, got.value, cmpopts.EquateComparable(apitoken.SweepCursor{})))
	}
	return ""
}

var allSentinels = []struct {
	name string
	err  error
}{
	{"ErrUserDisabled", apitoken.ErrUserDisabled}, {"ErrSuspended", apitoken.ErrSuspended}, {"ErrReplaced", apitoken.ErrReplaced}, {"ErrRevoked", apitoken.ErrRevoked}, {"ErrExpired", apitoken.ErrExpired},
	{"ErrUnknownToken", apitoken.ErrUnknownToken}, {"ErrMalformed", apitoken.ErrMalformed},
	{"ErrUnauthenticated", apitoken.ErrUnauthenticated},
	{"ErrLifetime", apitoken.ErrLifetime}, {"ErrInvalid", apitoken.ErrInvalid}, {"ErrDenied", apitoken.ErrDenied},
	{"ErrNotFound", apitoken.ErrNotFound}, {"ErrRepeated", apitoken.ErrRepeated}, {"ErrExists", apitoken.ErrExists}, {"ErrTooMany", apitoken.ErrTooMany}, {"ErrConflict", apitoken.ErrConflict},
	{"ErrTruncated", apitoken.ErrTruncated},
	{"ErrUnavailable", apitoken.ErrUnavailable}, {"ErrUncertain", apitoken.ErrUncertain},
}

// sentinels names all sentinels that err is, and the values of a LifetimeError.
func sentinels(err error) string {
	if err == nil {
		return "ok"
	}
	var names []string
	for _, s := range allSentinels {
		if errors.Is(err, s.err) {
			names = append(names, s.name)
		}
	}
	if lifetime := (*apitoken.LifetimeError)(nil); errors.As(err, &lifetime) {
		names = append(names, fmt.Sprintf("%d of %d: %s", lifetime.Requested, lifetime.Max, lifetime.Source))
	}
	if names == nil {
		return "no-sentinel"
	}
	return strings.Join(names, " ")
}

// everything compares all tokens, by status, all users and all events.
func (s *sequence) everything() string {
	m, host := s.managers[0], apitoken.System()
	for _, status := range []apitoken.Status{"", apitoken.StatusActive, apitoken.StatusExpired, apitoken.StatusRevoked} {
		q := apitoken.TokenQuery{AnyOwner: true, Status: status, Limit: 1000}
		got, err := m.ListTokens(s.ctx, host, q)
		want, wantErr := s.ref.list(host, q)
		if d := s.compare("everything", "tokens "+string(status), answer{got, err}, answer{want, wantErr}); d != "" {
			return d
		}
	}
	users, err := m.ListUsers(s.ctx, host, apitoken.UserQuery{})
	want, wantErr := s.ref.listUsers(host, apitoken.UserQuery{})
	if d := s.compare("everything", "users", answer{users, err}, answer{want, wantErr}); d != "" {
		return d
	}
	events, err := collectRows(m.Events(s.ctx, host, apitoken.EventQuery{Limit: 7}))
	all, allErr := s.ref.feed(host, apitoken.EventQuery{})
	return s.compare("everything", "events", answer{withoutID(events), err}, answer{all, allErr})
}
