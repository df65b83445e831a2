package integration_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// feedRecord records the outcome of the writes of events.
type feedRecord struct {
	enough int

	mu        sync.Mutex
	committed map[apitoken.EventID]bool // acknowledged
	refused   map[apitoken.EventID]bool // and not committed by a retry
	interval  int
	do        func() // at every interval
}

func newFeedRecord(enough int) *feedRecord {
	return &feedRecord{enough: enough, committed: map[apitoken.EventID]bool{}, refused: map[apitoken.EventID]bool{}}
}

// every calls do whenever that many more events were committed.
func (r *feedRecord) every(interval int, do func()) { r.interval, r.do = interval, do }

// full reports whether enough events were committed.
func (r *feedRecord) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.committed) >= r.enough
}

func (r *feedRecord) note(err error, events ...apitoken.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		if err != nil {
			r.refused[e.ID] = true
			continue
		}
		r.committed[e.ID] = true
		delete(r.refused, e.ID)
		if len(r.committed)%r.interval == 0 {
			r.do()
		}
	}
}

// witnessed is a Store that records its events.
type witnessed struct {
	apitoken.Store
	record *feedRecord
}

func (w witnessed) CreateToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	err := w.Store.CreateToken(ctx, n, policyRevision, e)
	w.record.note(err, e)
	return err
}

func (w witnessed) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	changed, err := w.Store.RevokeToken(ctx, id, r, e)
	if changed || err != nil {
		w.record.note(err, e)
	}
	return changed, err
}

func (w witnessed) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	err := w.Store.ChangeToken(ctx, was, is, e)
	w.record.note(err, e)
	return err
}

func (w witnessed) NarrowToken(
	ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
) (apitoken.Token, error) {
	is, err := w.Store.NarrowToken(ctx, id, n, e)
	w.record.note(err, e)
	return is, err
}

func (w witnessed) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	is, err := w.Store.CreateUser(ctx, u, e)
	w.record.note(err, e)
	return is, err
}

func (w witnessed) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	is, err := w.Store.ChangeUser(ctx, id, c, e)
	w.record.note(err, e)
	return is, err
}

func (w witnessed) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	err := w.Store.PutPolicy(ctx, p, ifRevision, e)
	w.record.note(err, e)
	return err
}

func (w witnessed) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	err := w.Store.AppendEvents(ctx, events)
	w.record.note(err, events...)
	return err
}

// writer is one of the writers, with its own user.
type writer struct {
	witnessed
	manager *apitoken.Manager
	user    apitoken.UserID
}

// writeAllSorts writes until the record is full.
func writeAllSorts(t *testing.T, store witnessed, number int) {
	m, err := apitoken.New(store, nil)
	if err != nil {
		t.Error(err)
		return
	}
	w := writer{store, m, apitoken.UserID(fmt.Sprint("writer ", number))}
	for round := 0; !w.record.full(); round++ {
		if err := w.writeRound(context.Background(), round); err != nil {
			t.Errorf("%s, round %d: %v", w.user, round, err)
			return
		}
	}
}

// writeRound makes changes through the Manager. Some conflict with other writers, and some are refused after they have inserted
// their event.
func (w writer) writeRound(ctx context.Context, round int) error {
	host := apitoken.System()
	name := fmt.Sprint("round ", round)
	if _, err := w.manager.PutUser(ctx, host, apitoken.User{ID: w.user, Name: name}); err != nil {
		return err
	}
	token, _, err := w.manager.Generate(ctx, host, apitoken.GenerateParams{Owner: w.user, Name: name})
	if err != nil {
		return refusedAs(err, apitoken.ErrConflict)
	}
	_, _, err = w.manager.Generate(ctx, host, apitoken.GenerateParams{Owner: w.user, Name: name})
	if err := refusedAs(err, apitoken.ErrExists, apitoken.ErrConflict); err != nil {
		return err
	}
	if round%8 == 0 {
		_, err := w.manager.SetPolicy(ctx, host, apitoken.MaxLifetimePolicy{Max: apitoken.Days(100 + round)})
		if err := refusedAs(err, apitoken.ErrConflict); err != nil {
			return err
		}
	}
	_, err = w.manager.PutUser(ctx, host, apitoken.User{ID: "everybody", Name: fmt.Sprint(w.user, name)})
	if err := refusedAs(err, apitoken.ErrConflict); err != nil {
		return err
	}
	_, err = w.CreateUser(ctx, apitoken.User{ID: w.user, Role: apitoken.RoleUser, CreatedAt: at}, event(apitoken.ActionPutUser))
	if err := refusedAs(err, apitoken.ErrExists); err != nil {
		return err
	}
	_, err = w.ChangeUser(ctx, w.user, apitoken.UserChange{EndEpoch: true, IfRevision: -1}, event(apitoken.ActionPutUser))
	if err := refusedAs(err, apitoken.ErrConflict); err != nil {
		return err
	}
	if _, err := w.manager.User(ctx, apitoken.As("nobody"), w.user); !errors.Is(err, apitoken.ErrDenied) {
		return fmt.Errorf("an unknown user reads a user: error %v, want %v", err, apitoken.ErrDenied)
	}
	var denials []apitoken.Event
	for range 1 + round%8 {
		denials = append(denials, event(apitoken.ActionReadToken))
	}
	if err := w.AppendEvents(ctx, denials); err != nil {
		return err
	}
	return w.manager.Revoke(ctx, host, token.ID)
}

// refusedAs returns nil if err is one of the permitted refusals.
func refusedAs(err error, answers ...error) error {
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return nil
		}
	}
	return err
}
