package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const tokensInTable = 20_000

// small measures what is done with single tokens, in a table that fits into the memory of the server.
func (b *bench) small(ctx context.Context, s *server) (err error) {
	const database = "small"
	_, all, err := issue(ctx, min(tokensInTable, b.rows))
	if err != nil {
		return err
	}
	if err := s.fill(ctx, database, rowsOf(all)); err != nil {
		return err
	}
	h, err := s.hostOn(ctx, database, waits)
	if err != nil {
		return err
	}
	if err := errors.Join(b.reads(ctx, h, all), h.close()); err != nil {
		return err
	}
	for _, d := range []disk{waits, relies} {
		h, err := s.hostOn(ctx, database, d)
		if err != nil {
			return err
		}
		if err := errors.Join(b.writes(ctx, h, d), h.close()); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) reads(ctx context.Context, h *host, all []issued) error {
	title := fmt.Sprintf("on %s, %d tokens, %d hot", h.name, len(all), min(hot, len(all)))
	presented := scattered(all)
	for _, build := range []func(context.Context, string, []issued) (group, error){h.authenticating, h.recordingUses, h.crowd} {
		if err := b.compare(ctx, func(ctx context.Context) (group, error) { return build(ctx, title, presented) }); err != nil {
			return err
		}
	}
	return nil
}

// nearest is how many times as long as the same SELECT by hand Authenticate may take.
var nearest = map[string]float64{"SQLite": 1.10, "PostgreSQL": 1.05, "MariaDB": 1.05}

// authenticating compares Authenticate with the same SELECT, prepared and scanned by hand, and with the sessions of scs in the same
// database.
func (h *host) authenticating(ctx context.Context, title string, presented []issued) (group, error) {
	hand, err := h.prepareByHand(ctx)
	if err != nil {
		return group{}, err
	}
	background := context.Background()
	sessions, err := h.openSessions(ctx, presented)
	if err != nil {
		return group{}, errors.Join(err, hand.close())
	}
	request, cancel := context.WithCancel(background)
	byHand := func(ctx context.Context) func(int) error {
		return inTurn(presented, func(t *issued) error { return hand.authenticate(ctx, t) })
	}
	return group{
		title: "Authenticate " + title + ", without last use",
		cases: []benchCase{
			{name: "floor: the same prepared SELECT by hand", run: byHand(background)},
			{name: "Authenticate", run: authenticate(background, h.m, presented)},
			{name: "by hand, context that can be cancelled", run: byHand(request)},
			{name: "Authenticate, context that can be cancelled", run: authenticate(request, h.m, presented)},
			{name: "the same SELECT by hand, not prepared", run: inTurn(presented, func(t *issued) error {
				return hand.authenticateUnprepared(background, t)
			})},
			{name: "scs: Load of a session in the same database", run: inTurn(sessions.keys, func(key *string) error {
				return sessions.load(background, *key)
			})},
			{name: "SELECT 1, prepared", run: repeat(func() error { return hand.select1(background) })},
		},
		aims: []aim{
			{name: h.name + ": Authenticate to the SELECT by hand", of: 1, against: 0, most: nearest[h.name]},
			{name: h.name + ": the same with a context that can be cancelled", of: 3, against: 2, most: nearest[h.name]},
		},
		close: func() error {
			cancel()
			return hand.close()
		},
	}, nil
}

// repeat is a case that does the same each time.
func repeat(once func() error) func(int) error {
	return func(n int) error {
		for range n {
			if err := once(); err != nil {
				return err
			}
		}
		return nil
	}
}

// recordingUses compares Authenticate that records when tokens are used with one that does not. The uses are written beside
// the requests. With the short interval a slice ends when all of its uses are written, or they would be on the bill of others. The
// default interval is longer than all slices together, so its one write is told of behind the table.
func (h *host) recordingUses(ctx context.Context, title string, presented []issued) (group, error) {
	const often = 50 * time.Millisecond
	hand, err := h.prepareByHand(ctx)
	if err != nil {
		return group{}, err
	}
	byDefault, err := h.manager(0)
	if err != nil {
		return group{}, err
	}
	frequent, err := h.manager(often)
	if err != nil {
		return group{}, err
	}
	background := context.Background()
	authenticateOften := authenticate(background, frequent, presented)
	return group{
		title: "Authenticate " + title + ", with last use",
		times: 20, // so that an interval fits into a slice
		cases: []benchCase{
			{name: "floor: Authenticate, last use off", run: authenticate(background, h.m, presented)},
			{name: "last use every minute, the default", run: authenticate(background, byDefault, presented)},
			{name: fmt.Sprintf("last use every %s, all writes included", often), run: func(n int) error {
				if err := authenticateOften(n); err != nil {
					return err
				}
				return frequent.Flush(background)
			}},
			{name: "by hand, with an UPDATE of the last use in each request", run: inTurn(presented, func(t *issued) error {
				return hand.authenticateAndTouch(background, t)
			})},
		},
		after: func() (string, error) { return h.writtenAtOnce(byDefault, presented) },
		aims: []aim{
			{name: h.name + ": Authenticate with last use to without", of: 1, against: 0, most: 1.30},
			{name: h.name + ": Authenticate with last use to SELECT and UPDATE in each request", of: 1, against: 3, most: 0.25},
		},
		close: func() error {
			return errors.Join(byDefault.Close(ctx), frequent.Close(ctx), checkUses(byDefault, frequent), hand.close())
		},
	}, nil
}

// writtenAtOnce tells how long it takes to write the uses of all these tokens, and looks whether they are written.
func (h *host) writtenAtOnce(m *apitoken.Manager, presented []issued) (string, error) {
	ctx := context.Background()
	if err := m.Flush(ctx); err != nil {
		return "", err
	}
	before := m.Now()
	if err := authenticate(ctx, m, presented)(len(presented)); err != nil {
		return "", err
	}
	start := time.Now()
	if err := m.Flush(ctx); err != nil {
		return "", err
	}
	took := time.Since(start)
	for _, t := range presented {
		token, err := m.Token(ctx, apitoken.System(), t.token.ID)
		if err != nil {
			return "", err
		}
		if token.LastUsedAt.Before(before.Add(-time.Second)) { // a use within a 64th of the interval is not recorded again
			return "", fmt.Errorf("the last use of %s is %s, used at %s", token.ID, token.LastUsedAt, before)
		}
	}
	return fmt.Sprintf("By default the last use of these %d tokens is written once a minute, which takes %s ms and no time of a request.",
		len(presented), millis(took)), nil
}

// manager makes a Manager that records uses at an interval.
func (h *host) manager(lastUsed time.Duration) (*apitoken.Manager, error) {
	return apitoken.New(h.store, &apitoken.Options{LastUsedInterval: lastUsed})
}

// checkUses makes sure that the measured Managers did all that they had to do.
func checkUses(managers ...*apitoken.Manager) error {
	for _, m := range managers {
		if n := m.UsesDropped(); n > 0 {
			return fmt.Errorf("%d uses were not recorded", n)
		}
	}
	return nil
}
