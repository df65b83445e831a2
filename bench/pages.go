package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const rowsOfPage = 100

// large measures what depends on how many rows there are.
func (b *bench) large(ctx context.Context, s *server) error {
	const database = "large"
	_, all, err := issue(ctx, hot)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := s.fill(ctx, database, historyOf(b.rows, now), rowsOf(all)); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "Loaded %d tokens in %.1f s.\n\n", b.rows, time.Since(now).Seconds())
	h, err := s.hostOn(ctx, database, waits)
	if err != nil {
		return err
	}
	if err = b.pages(ctx, h, now); err == nil {
		err = b.sweep(ctx, h, now, all)
	}
	return errors.Join(err, h.close())
}

func (b *bench) pages(ctx context.Context, h *host, now time.Time) error {
	for _, build := range []func() (group, error){
		func() (group, error) { return h.paging(b.rows, 1, now, apitoken.TokenQuery{AnyOwner: true}) },
		func() (group, error) { return h.paging(b.rows, 10, now, apitoken.TokenQuery{Owner: collector}) },
		func() (group, error) { return h.inventory(ctx, b.rows) },
	} {
		if err := b.compare(ctx, func(context.Context) (group, error) { return build() }); err != nil {
			return err
		}
	}
	return nil
}

// paging compares the first page with one behind nine tenths of the rows. Every step-th row of the table belongs to the list.
func (h *host) paging(rows, step int, now time.Time, q apitoken.TokenQuery) (group, error) {
	behind := func(i int) apitoken.TokenID { return historicRow(i*step, rows, now).id }
	listed := rows / step
	deep := listed / 10 * 9
	who := "of everybody"
	if !q.AnyOwner {
		who = "of one owner"
	}
	page := func(after, first apitoken.TokenID) func(int) error {
		q := q
		q.After, q.Limit = after, rowsOfPage
		return repeat(func() error {
			tokens, err := h.m.ListTokens(context.Background(), apitoken.System(), q)
			if err == nil && (len(tokens) != rowsOfPage || tokens[0].ID != first) {
				err = errors.New("the answer is another page")
			}
			return err
		})
	}
	return group{
		title: fmt.Sprintf("Page of %d tokens %s on %s, who has %d in a table of %d", rowsOfPage, who, h.name, listed, rows),
		cases: []benchCase{
			{name: "floor: the first page", run: page(apitoken.TokenID{}, behind(0))},
			{name: fmt.Sprintf("the page behind the first %d", deep), run: page(behind(deep-1), behind(deep))},
		},
		aims: []aim{{
			name: fmt.Sprintf("%s: the page at %d of the tokens %s to the first", h.name, deep, who), of: 1, most: 1.25,
		}},
		close: func() error { return nil },
	}, nil
}
