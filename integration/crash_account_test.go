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

// losses count what an accounting finds wrong. Nothing is to be.
type losses struct {
	Tokens      int // acknowledged, and not stored
	Revocations int // acknowledged, of one token or of all of a user, and a token lives
	OtherWrites int // acknowledged, of a user or of the policy, and undone
	Unasked     int // stored, though nobody asked for it, or was told that it was not done
	Halves      int // a change without its event, or an event without its change
	Places      int // in the numbering of the feed that are empty, or taken twice, or are another event's now
	Verdicts    int // of Authenticate that are not what is stored
}

// books are the ledgers of all clients, and the feed as far as it was followed.
type books struct {
	ledgers []*ledger
	feed    []apitoken.Event

	found    losses
	examples []string
}

const mostExamples = 12

// visit is what somebody sees who comes new to a database.
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

// connect does something on connections that are new, and closes them.
func (d database) connect(t *testing.T, do func(*sql.DB)) {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsns[0])
	must(t, err)
	defer func() { _ = db.Close() }()
	do(db)
}

// settle holds that the books balance.
func (b *books) settle(t *testing.T, m *apitoken.Manager, last bool) {
	t.Helper()
	found := b.account(t, m, last)
	if diff := cmp.Diff(losses{}, found); diff != "" {
		t.Fatalf("losses (-want +got):\n%s\nfor example\n\t%s", diff, strings.Join(b.examples, "\n\t"))
	}
}

// account compares what is stored with what the clients were told, while none of them works. What was found takes the place
// of what was not known: from then on it has to stay. The last accounting reads the feed once more from its beginning, and
// presents all tokens and not only those that something was done to since the one before.
func (b *books) account(t *testing.T, m *apitoken.Manager, last bool) losses {
	t.Helper()
	b.found, b.examples = losses{}, nil
	is := readAll(t, m)
	b.follow(t, m)
	if last {
		again := all(t, m.Events(t.Context(), apitoken.System(), apitoken.EventQuery{Limit: 1000}))
		if diff := cmp.Diff(b.feed, again); diff != "" {
			b.note(&b.found.Places, "the feed changed behind its reader (-read +now):\n%s", diff)
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

// follow reads on in the feed. Places are 1, 2, 3 and so on.
func (b *books) follow(t *testing.T, m *apitoken.Manager) {
	t.Helper()
	q := apitoken.EventQuery{After: apitoken.EventSeq(len(b.feed)), Limit: 1000}
	for _, e := range all(t, m.Events(t.Context(), apitoken.System(), q)) {
		b.feed = append(b.feed, e)
		if e.Seq != apitoken.EventSeq(len(b.feed)) {
			b.note(&b.found.Places, "event %s is at place %d, and %d events were read", e.ID, e.Seq, len(b.feed))
		}
	}
}

// compare holds what is stored against the ledgers.
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
				delete(l.maxima, limit) // was never set, and is a stranger if it comes
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
	case held.may&is != 0:
	case held.may&absent == 0 && is == absent:
		b.note(&b.found.Tokens, "token %s is absent, and can only be %s", held.id, held.may)
	case is == alive && held.may&dead != 0:
		b.note(&b.found.Revocations, "token %s is alive, and can only be %s", held.id, held.may)
	default:
		b.note(&b.found.Unasked, "token %s is %s, and can only be %s", held.id, is, held.may)
	}
	held.may = is
}

func (b *books) compareUser(held *heldUser, is apitoken.User) {
	switch {
	case is.Epoch < held.ended:
		b.note(&b.found.Revocations, "the tokens of %s were revoked %d times, and his epoch is %d", held.id, held.ended, is.Epoch)
	case is.Epoch > held.ended+held.perhapsEnded:
		b.note(&b.found.Unasked, "the tokens of %s were revoked %d to %d times, and his epoch is %d",
			held.id, held.ended, held.ended+held.perhapsEnded, is.Epoch)
	}
	held.ended, held.perhapsEnded = is.Epoch, 0
	if !held.perhapsDisabled && held.disabled != is.Disabled() {
		b.note(&b.found.OtherWrites, "that %s is disabled was %v, and is %v", held.id, held.disabled, is.Disabled())
	}
	held.disabled, held.perhapsDisabled = is.Disabled(), false
}

// adopt enters the tokens that a client asked for and was not answered.
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

// present asks Authenticate about a token whose fate is known.
func (b *books) present(t *testing.T, m *apitoken.Manager, held *heldToken) {
	t.Helper()
	is, err := verdict(t.Context(), m, held.text)
	must(t, err)
	if is != held.may {
		b.note(&b.found.Verdicts, "token %s is stored as %s, and authenticates as %s", held.id, held.may, is)
	}
}
