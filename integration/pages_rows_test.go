package integration_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// envPagesRows is the variable with the number of tokens in the test of the pages.
const envPagesRows = "APITOKEN_PAGES_ROWS"

// pagesOfMany are the pages whose time is measured. {newest} is the id of the newest token.
var pagesOfMany = []string{
	"/users", "/users?q=user%2010", "/users/user%2040", "/users/user%2040/tokens", "/tokens/{newest}", "/tokens", "/tokens?status=all", "/tokens?status=revoked", "/tokens?order=expiry",
	"/tokens?within=7", "/tokens?unused=90", "/tokens?no-end=yes", "/tokens?on-behalf=yes", "/tokens?beyond=yes", "/expiring", "/policy",
	"/activity", "/activity?owner=user%2040", "/activity?action=token.revoke", "/activity?outcome=denied",
}

// No page takes longer than a second, however many tokens there are. The times are logged beside those with 400 tokens.
func TestPagesWithManyTokens(t *testing.T) {
	long(t)
	many := fromEnvironment(t, envPagesRows, 2000)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			times := map[string][]time.Duration{}
			for _, rows := range []int{400, many} {
				d := b.database(t).withoutDisk()
				db := d.open(t, 0)
				store := d.newMigrated(t, db, nil)
				now := time.Now().UTC().Truncate(time.Microsecond)
				loadPages(t, store, now, rows)
				d.analyze(t, db)
				m := managerOf(t, store, &apitoken.Options{Clock: newMovable(now), LastUsedInterval: -1})
				_, err := m.SetPolicy(t.Context(), apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90)})
				must(t, err)
				pages, err := adminui.New(m, &adminui.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.As("root"), nil }})
				must(t, err)
				newest, err := m.ListTokens(t.Context(), apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Order: apitoken.OrderNewest, Limit: 1})
				must(t, err)
				for _, path := range pagesOfMany {
					times[path] = append(times[path], timeOfPage(t, pages, strings.Replace(path, "{newest}", newest[0].ID.String(), 1)))
				}
			}
			for _, path := range pagesOfMany {
				few, most := times[path][0], times[path][1]
				ratio := float64(most) / float64(few)
				t.Logf("%-32s %8v with 400 tokens, %8v with %d: %.1f times", path, few.Round(10*time.Microsecond), most.Round(10*time.Microsecond), many, ratio)
				if most > time.Second {
					t.Errorf("%s takes %v with %d tokens, want a second at most", path, most, many)
				}
			}
		})
	}
}

// timeOfPage returns the least time of several requests for a page.
func timeOfPage(t *testing.T, pages http.Handler, path string) time.Duration {
	t.Helper()
	var all []time.Duration
	for range 7 {
		w := httptest.NewRecorder()
		start := time.Now()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		all = append(all, time.Since(start))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, w.Code)
		}
	}
	return slices.Min(all)
}

// loadPages stores an administrator, one user for eight tokens, and more events than tokens. A quarter of the tokens has expired, a
// tenth is revoked, and a tenth never expires.
func loadPages(t *testing.T, store apitoken.Store, now time.Time, rows int) {
	t.Helper()
	ctx := t.Context()
	start := time.Now()
	event := func(n int, action apitoken.Action, owner apitoken.UserID, token apitoken.TokenID) apitoken.Event {
		return apitoken.Event{
			ID: apitoken.EventID(uuid.New()), At: now.Add(time.Duration(n-rows) * time.Minute), Action: action, Outcome: apitoken.OutcomeDone,
			Actor: apitoken.As("root"), Owner: owner, Token: token, After: apitoken.State{Name: fmt.Sprint("token ", n)},
		}
	}
	user := func(i int) apitoken.UserID { return apitoken.UserID(fmt.Sprint("user ", i)) }
	create := func(u apitoken.User) {
		u.CreatedAt = now
		_, err := store.CreateUser(ctx, u, event(0, apitoken.ActionPutUser, u.ID, apitoken.TokenID{}))
		must(t, err)
	}
	create(apitoken.User{ID: "root", Role: apitoken.RoleAdmin})
	users := max(50, rows/8)
	for i := range users {
		create(apitoken.User{ID: user(i), Name: fmt.Sprint("Somebody ", i), Role: apitoken.RoleUser})
	}
	var revoked []apitoken.Event
	for i := range rows {
		n := apitoken.NewToken{Token: apitoken.Token{
			Owner: user(i % users), Name: fmt.Sprint("token ", i), Kind: apitoken.KindUser, Hint: fmt.Sprintf("tok_...%04d", i%10000),
			CreatedAt: now.Add(time.Duration(i-rows) * time.Minute), CreatedBy: user(i % users),
		}}
		binary.BigEndian.PutUint64(n.ID[:], uint64(n.CreatedAt.UnixMilli())<<16)
		binary.BigEndian.PutUint32(n.Digest[:], uint32(i)*2654435761)
		binary.BigEndian.PutUint32(n.Digest[4:], uint32(i))
		if i%5 == 0 {
			n.CreatedBy = "root"
		}
		if i%10 != 3 {
			n.ExpiresAt = now.Add(time.Duration(i%120-30) * 24 * time.Hour)
		}
		e := event(i, apitoken.ActionGenerate, n.Owner, n.ID)
		must(t, store.CreateToken(ctx, n, 0, e))
		if i%10 == 7 {
			revoked = append(revoked, event(i, apitoken.ActionRevoke, n.Owner, n.ID))
		}
		if len(revoked) == 500 || i == rows-1 {
			_, err := store.RevokeTokens(ctx, apitoken.Revocation{At: now, By: "root"}, revoked)
			must(t, err)
			revoked = nil
		}
	}
	var denials []apitoken.Event
	for i := range rows / 20 {
		e := event(i, apitoken.ActionListTokens, user(i%users), apitoken.TokenID{})
		e.Outcome, e.Reason = apitoken.OutcomeDenied, "needs ListAny"
		denials = append(denials, e)
	}
	must(t, store.AppendEvents(ctx, denials))
	t.Logf("%d users, %d tokens and their events are loaded in %v", users, rows, time.Since(start).Round(time.Millisecond))
}
