package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const tokensInTable = 20_000

// onDatabase measures single tokens in a table that fits into the memory of the server, then lists in a large table.
func (b *bench) onDatabase(ctx context.Context, s *server) (err error) {
	p, err := populate(ctx, tokensInTable)
	if err != nil {
		return err
	}
	if err := s.fill(ctx, rowsOf(p.all)); err != nil {
		return err
	}
	h, err := s.newHost(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	hand, err := h.prepareByHand(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hand.close()) }()
	for _, build := range []func(context.Context, *byHand, []bearer) (group, error){
		h.authenticating, h.recordingUses, h.generating, h.revoking,
	} {
		if err := b.compare(ctx, func(ctx context.Context) (group, error) { return build(ctx, hand, p.hottest()) }); err != nil {
			return err
		}
	}
	if err := b.fromAfar(ctx, s, p.hottest()); err != nil {
		return err
	}
	now := time.Now()
	if err := s.fill(ctx, historyOf(b.Rows, now)); err != nil {
		return err
	}
	if err := b.compare(ctx, func(context.Context) (group, error) { return h.paging(b.Rows, now), nil }); err != nil {
		return err
	}
	return b.compare(ctx, func(ctx context.Context) (group, error) { return h.inventory(ctx, b.Rows) })
}

// nearest is the most that Authenticate may take in multiples of the same SELECT by hand.
var nearest = map[string]float64{"SQLite": 1.10, "PostgreSQL": 1.05, "MariaDB": 1.05}

// authenticating compares Authenticate with the same SELECT, prepared and scanned by hand, and with a session in the same
// database. The context can be cancelled, as that of a request.
func (h *host) authenticating(ctx context.Context, hand *byHand, presented []bearer) (group, error) {
	sessions, err := h.sessionsInDatabase(ctx, len(presented))
	if err != nil {
		return group{}, err
	}
	request, cancel := context.WithCancel(context.Background())
	return group{
		title: fmt.Sprintf("Authenticate on %s, %d hot of %d tokens", h.name, len(presented), tokensInTable),
		cases: []benchCase{
			{name: "floor: prepared SELECT by hand", run: inTurn(presented, func(t *bearer) error { return hand.authenticate(request, t) })},
			{
				name: "Authenticate", run: authenticate(request, h.m, presented),
				aims: atMost(nearest[h.name]), cost: "Authenticate, " + h.name,
			},
			{name: "scs Load, same database", run: inTurn(sessions.keys, sessions.load)},
		},
		close: func() error {
			cancel()
			return nil
		},
	}, nil
}

// recordingUses compares Authenticate that records the last use with a SELECT and an UPDATE in each request.
func (h *host) recordingUses(ctx context.Context, hand *byHand, presented []bearer) (group, error) {
	recording, err := apitoken.New(h.store, nil)
	if err != nil {
		return group{}, err
	}
	background := context.Background()
	return group{
		title: "Last use on " + h.name,
		scale: 10,
		cases: []benchCase{
			{name: "floor: Authenticate, last use off", run: authenticate(background, h.m, presented)},
			{
				name: "Authenticate, last use as by default", run: authenticate(background, recording, presented),
				aims: []aim{{against: 0, most: 1.30}, {against: 2, most: 0.25}},
			},
			{name: "SELECT and UPDATE by hand", run: inTurn(presented, func(t *bearer) error { return hand.authenticateAndTouch(background, t) })},
		},
		close: func() error {
			return errors.Join(recording.Close(ctx), allRecorded(recording), h.checkUsed(ctx, presented[0]))
		},
	}, nil
}

// checkUsed returns an error unless the use of a token is written.
func (h *host) checkUsed(ctx context.Context, t bearer) error {
	token, err := h.m.Token(ctx, apitoken.System(), t.id)
	if err == nil && token.LastUsedAt.IsZero() {
		err = errors.New("the last use is not written")
	}
	return err
}
