package integration_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// losses counts the errors that an audit finds.
type losses struct {
	Tokens      int // acknowledged, and not stored
	Revocations int // acknowledged, of one token or of all of a user, and not effective
	OtherWrites int // acknowledged changes of a user or of the policy, and lost
	Unasked     int // stored, although not requested or not acknowledged
	Halves      int // changes without their event, or events without their change
	Places      int // numbers of the feed that are missing, repeated, or have changed
	Verdicts    int // results of Authenticate that differ from the stored token
}

// books are the ledgers of all clients, and the events read so far.
type books struct {
	ledgers []*ledger
	feed    []apitoken.Event
	late    bool // a write whose outcome is unknown may arrive after an audit that did not find it

	found    losses
	examples []string
}

const mostExamples = 12

// visit opens the database with a new Manager.
func (d database) visit(t *testing.T, look func(*apitoken.Manager)) {
	t.Helper()
	d.connect(t, func(db *sql.DB) {
		store, err := sqlstore.New(db, d.dialect, nil)
		must(t, err)
		defer func() { _ = store.Close() }()
		m, err := apitoken.New(store, &apitoken.Options{LastUsedInterval: -1})
		must(t, err)
		look(m)
	})
}

// connect calls do with a new connection pool.
func (d database) connect(t *testing.T, do func(*sql.DB)) {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsns[0])
	must(t, err)
	defer func() { _ = db.Close() }()
	do(db)
}

// settle audits the books. Any loss ends the test.
func (b *books) settle(t *testing.T, m *apitoken.Manager, last bool) {
	t.Helper()
	found := b.audit(t, m, last)
	if diff := cmp.Diff(losses{}, found); diff != "" {
		t.Fatalf("losses (-want +got):\n%s\nfor example\n\t%s", diff, strings.Join(b.examples, "\n\t"))
	}
}

// audit compares the stored data with the answers that the clients got, while no client works. Where an outcome was unknown, the
// stored one counts from now on. The last audit reads the feed again from its beginning and presents all tokens, not only those
// that were changed since the previous audit.
func (b *books) audit(t *testing.T, m *apitoken.Manager, last bool) losses {
	t.Helper()
	b.found, b.examples = losses{}, nil
	is := readAll(t, m)
	b.follow(t, m)
	if last {
		again := all(t, m.Events(t.Context(), apitoken.System(), apitoken.EventQuery{Limit: 1000}))
		if diff := cmp.Diff(b.feed, again); diff != "" {
			b.note(&b.found.Places, "events that were read have changed (-read +now):\n%s", diff)
		}
	}
	b.compare(is)
	for _, what := range is.halves(b.feed) {
		b.note(&b.found.Halves, "%s", what)
	}
	for _, l := range b.ledgers {
		for _, held := range l.tokens {
			if held.text != "" && (held.news || last) {
				b.present(t, m, held)
			}
			held.news = false
		}
	}
	return b.found
}

func (b *books) note(count *int, format string, args ...any) {
	*count++
	if len(b.examples) < mostExamples {
		b.examples = append(b.examples, fmt.Sprintf(format, args...))
	}
}

// follow reads new events. Their numbers are 1, 2, 3 and so on.
func (b *books) follow(t *testing.T, m *apitoken.Manager) {
	t.Helper()
	q := apitoken.EventQuery{After: apitoken.EventSeq(len(b.feed)), Limit: 1000}
	for _, e := range all(t, m.Events(t.Context(), apitoken.System(), q)) {
		b.feed = append(b.feed, e)
		if e.Seq != apitoken.EventSeq(len(b.feed)) {
			b.note(&b.found.Places, "event %s has number %d, and %d events were read", e.ID, e.Seq, len(b.feed))
		}
	}
}

// compare compares the stored data with the ledgers.
func (b *books) compare(is *holdings) {
	set := map[time.Duration]int{}
	for _, e := range b.feed {
		if e.Action == apitoken.ActionSetPolicy {
			set[e.After.MaxLifetime]++
		}
	}
	strangers := map[apitoken.TokenID]apitoken.Token{}
	for id, t := range is.tokens {
		strangers[id] = t
	}
	for _, l := range b.ledgers {
		for id, held := range l.tokens {
			b.compareToken(held, is.fate(id))
			delete(strangers, id)
		}
		for _, held := range l.users {
			b.compareUser(held, is.users[held.id])
		}
		for limit, acknowledged := range l.maxima {
			l.maxima[limit] = true
			if set[limit] == 0 {
				delete(l.maxima, limit) // was never set, and must not appear later
			}
			if set[limit] == 0 && acknowledged {
				b.note(&b.found.OtherWrites, "the maximum %v was set, and has no event", limit)
			}
			delete(set, limit)
		}
		b.adopt(l, strangers)
	}
	for id, t := range strangers {
		b.note(&b.found.Unasked, "token %s, %q of %s, is stored", id, t.Name, t.Owner)
	}
	for limit := range set {
		b.note(&b.found.Unasked, "the maximum %v has an event", limit)
	}
}

func (b *books) compareToken(held *heldToken, is fates) {
	switch {
	case is == isAbsent && held.may&isAbsent != 0 && b.late:
		return
	case held.may&is != 0:
	case held.may&isAbsent == 0 && is == isAbsent:
		b.note(&b.found.Tokens, "token %s is absent, and can only be %s", held.id, held.may)
	case is == isActive && held.may&isRevoked != 0:
		b.note(&b.found.Revocations, "token %s is active, and can only be %s", held.id, held.may)
	default:
		b.note(&b.found.Unasked, "token %s is %s, and can only be %s", held.id, is, held.may)
	}
	held.may = is
}

func (b *books) compareUser(held *heldUser, is apitoken.User) {
	switch {
	case is.Epoch < held.ended:
		b.note(&b.found.Revocations, "the tokens of %s were revoked %d times, and the epoch is %d", held.id, held.ended, is.Epoch)
	case is.Epoch > held.ended+held.perhapsEnded:
		b.note(&b.found.Unasked, "the tokens of %s were revoked %d to %d times, and the epoch is %d",
			held.id, held.ended, held.ended+held.perhapsEnded, is.Epoch)
	}
	held.ended, held.perhapsEnded = is.Epoch, 0
	if !held.perhapsDisabled && held.disabled != is.Disabled() {
		b.note(&b.found.OtherWrites, "%s: disabled was %v, and is %v", held.id, held.disabled, is.Disabled())
	}
	held.disabled, held.perhapsDisabled = is.Disabled(), false
}

// adopt enters the tokens that a client asked for without getting an answer.
func (b *books) adopt(l *ledger, strangers map[apitoken.TokenID]apitoken.Token) {
	for id, t := range strangers {
		if !l.asked[t.Name] {
			continue
		}
		owner := slices.IndexFunc(l.users, func(u *heldUser) bool { return u.id == t.Owner })
		l.hold(l.users[owner], &heldToken{id: id, may: fateOf(t)})
		delete(strangers, id)
	}
	clear(l.asked)
}

// present authenticates a token whose state is known.
func (b *books) present(t *testing.T, m *apitoken.Manager, held *heldToken) {
	t.Helper()
	is, err := verdict(t.Context(), m, held.text)
	must(t, err)
	if is != held.may {
		b.note(&b.found.Verdicts, "token %s is stored as %s, and authenticates as %s", held.id, held.may, is)
	}
}
