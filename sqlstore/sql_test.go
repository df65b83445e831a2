package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

func newStore(t *testing.T, d sqlstore.Dialect, prefix string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.New(openNothing(t), d, &sqlstore.Options{TablePrefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var dialects = map[string]sqlstore.Dialect{"SQLite": sqlstore.SQLite, "PostgreSQL": sqlstore.PostgreSQL, "MySQL": sqlstore.MySQL}

const selectTokens = `SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.hint
FROM x_tokens AS t
LEFT JOIN x_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 WHERE `

func TestTokensQuery(t *testing.T) {
	after := apitoken.TokenID{1, 2, 3}
	now, end := time.UnixMicro(1_000_001), time.UnixMicro(2_000_002)
	const hostile = `'; DROP TABLE x_tokens; -- ? apitoken_`
	for _, c := range []struct {
		name string
		q    apitoken.TokenQuery
		want string
		args []any
	}{
		{
			"all",
			apitoken.TokenQuery{AnyOwner: true, Limit: 10, Now: now},
			`t.id > ? ORDER BY t.id LIMIT ?`,
			[]any{make([]byte, 16), 10},
		}, {
			"of an owner, behind a token",
			apitoken.TokenQuery{Owner: "bob", After: after, Limit: 10, Now: now},
			`t.id > ? AND t.owner = ? ORDER BY t.id LIMIT ?`,
			[]any{after[:], "bob", 10},
		}, {
			"revoked",
			apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusRevoked, Limit: 1, Now: now},
			`t.id > ? AND (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) ORDER BY t.id LIMIT ?`,
			[]any{make([]byte, 16), 1},
		}, {
			"active",
			apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive, Limit: 1, Now: now},
			`t.id > ? AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?) ` +
				`ORDER BY t.id LIMIT ?`,
			[]any{make([]byte, 16), int64(1_000_001), 1},
		}, {
			"expired",
			apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusExpired, Limit: 1, Now: now},
			`t.id > ? AND t.revoked_at IS NULL AND e.owner IS NULL AND t.expires_at <= ? ORDER BY t.id LIMIT ?`,
			[]any{make([]byte, 16), int64(1_000_001), 1},
		}, {
			"everything at once, with hostile texts",
			apitoken.TokenQuery{
				Owner: hostile, Status: apitoken.StatusActive, ExpiresBefore: end, NameContains: hostile, After: after, Limit: 1000, Now: now,
			},
			`t.id > ? AND t.owner = ? AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?) ` +
				`AND t.expires_at < ? AND instr(t.name, ?) > 0 ORDER BY t.id LIMIT ?`,
			[]any{after[:], hostile, int64(1_000_001), int64(2_000_002), hostile, 1000},
		}, {
			"what ends before 1970",
			apitoken.TokenQuery{AnyOwner: true, ExpiresBefore: time.UnixMicro(0), Limit: 1, Now: now},
			`t.id > ? AND t.expires_at < ? ORDER BY t.id LIMIT ?`,
			[]any{make([]byte, 16), int64(0), 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, args := newStore(t, sqlstore.SQLite, "x_").ListTokens(c.q)
			if diff := cmp.Diff(selectTokens+c.want, text); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.args, args); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokensQueryCountsItsPlaceholders(t *testing.T) {
	text, args := newStore(t, sqlstore.PostgreSQL, "x_").ListTokens(apitoken.TokenQuery{
		Owner: "bob", Status: apitoken.StatusExpired, ExpiresBefore: time.UnixMicro(1), NameContains: "ci", Limit: 1,
	})
	want := selectTokens + `t.id > $1 AND t.owner = $2 AND t.revoked_at IS NULL AND e.owner IS NULL AND t.expires_at <= $3 ` +
		`AND t.expires_at < $4 AND strpos(t.name, $5) > 0 ORDER BY t.id LIMIT $6`
	if diff := cmp.Diff(want, text); diff != "" || len(args) != 6 {
		t.Errorf("%d parameters, want 6; text (-want +got):\n%s", len(args), diff)
	}
}

func TestTouchQuery(t *testing.T) {
	one, two := apitoken.TokenID{1}, apitoken.TokenID{2}
	text, args := newStore(t, sqlstore.SQLite, "x_").TouchTokens([]apitoken.Touch{
		{Token: one, At: time.UnixMicro(1)}, {Token: two, At: time.UnixMicro(2)},
	})
	want := `UPDATE x_tokens AS t SET last_used_at = v.column2
FROM (VALUES (?, ?), (?, ?)) AS v
WHERE t.id = +v.column1 AND (t.last_used_at IS NULL OR t.last_used_at < v.column2)`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{one[:], int64(1), two[:], int64(2)}, args); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

// A query that meets a row twice may write either value, so each token is in it once.
func TestTouchKeepsTheLastUseOfEachToken(t *testing.T) {
	one, two := apitoken.TokenID{1}, apitoken.TokenID{2}
	use := func(id apitoken.TokenID, micros int64) apitoken.Touch {
		return apitoken.Touch{Token: id, At: time.UnixMicro(micros)}
	}
	given := []apitoken.Touch{use(two, 5), use(one, 1), use(two, 7), use(one, 1), use(two, 6)}
	was := append([]apitoken.Touch(nil), given...)
	if diff := cmp.Diff([]apitoken.Touch{use(one, 1), use(two, 7)}, sqlstore.Latest(given)); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(was, given); diff != "" {
		t.Errorf("the caller's own slice (-want +got):\n%s", diff)
	}
}
