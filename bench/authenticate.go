package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const tokensInTable = 20_000

// small measures single tokens in a table that fits into the memory of the server.
func (b *bench) small(ctx context.Context, s *server) (err error) {
	p, err := populate(ctx, min(tokensInTable, b.rows))
	if err != nil {
		return err
	}
	if err := s.fill(ctx, "small", rowsOf(p.all)); err != nil {
		return err
	}
	h, err := s.hostOn(ctx, "small")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	for _, build := range []func(context.Context, *byHand, []bearer) (group, error){
		h.authenticating, h.recordingUses, h.generating, h.revoking,
	} {
		hand, err := h.prepareByHand(ctx)
		if err != nil {
			return err
		}
		err = b.compare(ctx, func(ctx context.Context) (group, error) { return build(ctx, hand, p.hottest()) })
		if err := errors.Join(err, hand.close()); err != nil {
			return err
		}
	}
	return nil
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
	authenticateAndRecord := authenticate(background, recording, presented)
	return group{
		title: "Last use on " + h.name,
		scale: 10,
		cases: []benchCase{
			{name: "floor: Authenticate, last use off", run: authenticate(background, h.m, presented)},
			{
				name: "Authenticate, last use as by default", run: authenticateAndRecord,
				aims: []aim{{against: 0, most: 1.30}, {against: 2, most: 0.25}},
			},
			{name: "SELECT and UPDATE by hand", run: inTurn(presented, func(t *bearer) error { return hand.authenticateAndTouch(background, t) })},
		},
		close: func() error {
			err := authenticateAndRecord(len(presented)) // a short run may not have come to all of them
			return errors.Join(err, recording.Close(ctx), allRecorded(recording), h.checkUsed(ctx, presented))
		},
	}, nil
}

// checkUsed returns an error unless the uses of these tokens are written.
func (h *host) checkUsed(ctx context.Context, presented []bearer) error {
	for _, t := range presented {
		token, err := h.m.Token(ctx, apitoken.System(), t.id.Token.ID)
		if err != nil {
			return err
		}
		if time.Since(token.LastUsedAt) > time.Hour {
			return fmt.Errorf("the last use of %s is %s", token.ID, token.LastUsedAt)
		}
	}
	return nil
}
