package adminapi_test

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// newFuzzSite is a host with an administrator, Ada, and a user, Bob.
func newFuzzSite(f *testing.F) (*apitoken.Manager, http.Handler) {
	m, err := apitoken.New(memstore.New(), nil)
	must(f, err)
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			f.Fatal(err)
		}
	}
	return m, newHandler(f, m)
}

// FuzzQuery expects of every query that it is refused, or that each of its parameters reaches the store.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "limit=5", "after=" + noToken, "status=active&kind=user", "resource=project:web", "expires_before=2026-01-31T00:00:00Z", "without_expiration=true",
		"lives_longer_than_seconds=1.5", "unused_since=0001-01-01T00:00:00Z", "limit=0", "a;b", "%zz", "status=&status=", "created_by=%C3%A4", "on_behalf=true", "created_with=" + noToken,
	} {
		f.Add(query)
	}
	store := &recordingStore{Store: memstore.New()}
	m, err := apitoken.New(store, nil)
	must(f, err)
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin}); err != nil {
		f.Fatal(err)
	}
	h := newHandler(f, m)
	f.Fuzz(func(t *testing.T, query string) {
		store.asked = nil
		r := newRequest("GET", "/tokens", "")
		r.URL.RawQuery = query
		r.Header.Set("Test-User", "ada")
		w := respond(h, r)
		switch w.Code {
		case 400, 422:
			if len(store.asked) > 0 {
				t.Errorf("%q is refused and the store was asked", query)
			}
			return
		case 200:
		default:
			t.Fatalf("%q has the status %d: %s", query, w.Code, w.Body)
		}
		values, err := url.ParseQuery(query)
		if err != nil || len(store.asked) != 1 {
			t.Fatalf("%q is accepted: %v", query, err)
		}
		q := store.asked[0]
		there := map[string]bool{
			"status": q.Status != "", "name_contains": q.NameContains != "", "kind": q.Kind != "", "resource": q.Resource != "",
			"created_by": q.CreatedBy != "", "created_with": !q.CreatedWith.IsZero(), "on_behalf": q.OnBehalf,
			"expires_before": !q.ExpiresBefore.IsZero(), "without_expiration": q.WithoutExpiration, "unused_since": !q.UnusedSince.IsZero(),
			"lives_longer_than_seconds": q.LivesLongerThan != 0, "after": !q.After.IsZero(), "limit": values.Has("limit"),
		}
		for name := range values {
			if _, known := there[name]; !known {
				t.Errorf("%q has the unknown parameter %q and is accepted", query, name)
			}
		}
		for name, is := range there {
			if is != values.Has(name) {
				t.Errorf("%q: %s is present: %v, and reaches the store: %v", query, name, values.Has(name), is)
			}
		}
		want := values.Get("limit")
		if want == "" {
			want = "100"
		}
		if limit, err := strconv.Atoi(want); err != nil || limit != q.Limit {
			t.Errorf("%q asks the store for a page of %d", query, q.Limit)
		}
	})
}

// FuzzSeconds expects of every text that reads as seconds that it is formatted as the same number, and never reads as no
// expiration.
func FuzzSeconds(f *testing.F) {
	for _, text := range []string{"0", "1", "0.000001", "9223372036.854775", "9223372036.854776", "-1", "1e3", "1.", ".5", "00", "1.0000001"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		micros, ok := adminapi.ParseMicros(text)
		if !ok {
			return
		}
		d := time.Duration(micros) * time.Microsecond
		if d < 0 || d == apitoken.NoExpiration || d/time.Microsecond != time.Duration(micros) {
			t.Fatalf("%q is read as %d µs", text, micros)
		}
		again, ok := adminapi.ParseMicros(adminapi.SecondsOf(d).String())
		if !ok || again != micros {
			t.Errorf("%q is %d µs, and written as %s", text, micros, adminapi.SecondsOf(d))
		}
		want, err := strconv.ParseFloat("0"+text, 64)
		if err != nil || math.Abs(want-d.Seconds()) > 1e-6*math.Max(1, want) {
			t.Errorf("%q is read as %s, %v", text, d, err)
		}
	})
}

// FuzzIfMatch expects that only * and the one spelling of the revision allow a change.
func FuzzIfMatch(f *testing.F) {
	for _, value := range []string{`"1"`, `"2"`, `*`, `W/"1"`, `"1", "2"`, `1`, `""`, `"01"`, `"+1"`, ``, ` *`, `"1" `} {
		f.Add(value)
	}
	m, h := newFuzzSite(f)
	f.Fuzz(func(t *testing.T, value string) {
		bob, err := m.User(ctx, apitoken.System(), "bob")
		must(t, err)
		r := newRequest("PUT", "/users/bob", fmt.Sprintf(`{"name": "%d"}`, bob.Revision))
		r.Header.Set("Test-User", "ada")
		r.Header["If-Match"] = []string{value}
		w := respond(h, r)
		want := value == "*" || value == fmt.Sprintf(`"%d"`, bob.Revision)
		if (w.Code == 200) != want || !want && w.Code != 400 && w.Code != 412 {
			t.Errorf("If-Match: %s at revision %d has the status %d: %s", value, bob.Revision, w.Code, w.Body)
		}
		if adminapi.IsEntityTag(value) && w.Code == 400 {
			t.Errorf("the entity tag %s is malformed", value)
		}
	})
}

// FuzzPutUser expects of every body that it has a documented status, and changes only the members that it names.
func FuzzPutUser(f *testing.F) {
	for _, body := range []string{
		`{"name": "x"}`, `{"name": "", "role": "admin"}`, `{"role": "user"}`, `{"name": "x", "name": "y"}`, `{"Name": null}`, `[[`, `{"name": "\ud800"}`,
	} {
		f.Add(body)
	}
	m, h := newFuzzSite(f)
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return
		}
		before, err := m.User(ctx, apitoken.System(), "bob")
		must(t, err)
		w := call(h, "ada", "PUT", "/users/bob", body)
		after, err := m.User(ctx, apitoken.System(), "bob")
		must(t, err)
		switch w.Code {
		case 400, 413, 422:
			if before != after {
				t.Errorf("%q is refused, and the user is %+v after %+v", body, after, before)
			}
		case 200:
			changed := before
			changed.Name, changed.Role, changed.Revision = after.Name, after.Role, after.Revision
			if after != changed || after.Role != apitoken.RoleUser && after.Role != apitoken.RoleAdmin ||
				after.Name != before.Name && !strings.Contains(body, "name") || after.Role != before.Role && !strings.Contains(body, "role") {
				t.Errorf("%q: the user is %+v after %+v", body, after, before)
			}
		default:
			t.Errorf("%q has the status %d: %s", body, w.Code, w.Body)
		}
	})
}

// FuzzPath expects of every path that the answer has a documented form, and that GET changes nothing.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "//", "/users", "/users/%2e%2e/tokens", "/users/../policy", "/tokens/" + noToken, "/policy/choices/", "/users/%00", "/a%2Fb", "/users/bob%2Ftokens"} {
		f.Add(path)
	}
	m, h := newFuzzSite(f)
	f.Fuzz(func(t *testing.T, path string) {
		r := newRequest("GET", "/", "")
		if !strings.HasPrefix(path, "/") {
			return
		}
		parsed, err := r.URL.Parse("http://host" + path)
		if err != nil {
			return
		}
		r.URL = parsed
		r.Header.Set("Test-User", "ada")
		w := respond(h, r)
		if contentType := w.Header().Get("Content-Type"); w.Header().Get("Cache-Control") != "no-store" ||
			contentType != "application/json" && contentType != "application/problem+json" {
			t.Errorf("%q has the status %d and the header %v", path, w.Code, w.Header())
		}
		switch w.Code {
		case 200, 400, 404, 405, 422:
		default:
			t.Errorf("%q has the status %d: %s", path, w.Code, w.Body)
		}
		for e, err := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{After: 2}) {
			t.Fatalf("%q made the event %+v, %v", path, e, err)
		}
	})
}

// FuzzGenerate expects of every body that it has a documented status, and that no token exceeds the maximum lifetime.
func FuzzGenerate(f *testing.F) {
	for _, body := range []string{
		`{"name": "x"}`, `{"name": "x", "lifetime_seconds": 0.5}`, `{"name": "x", "no_expiration": true}`,
		`{"name": "x", "expires_at": "2026-01-02T12:00:00Z"}`, `{"name": "x", "name": "y"}`, `{"Name": null}`, `[[`,
	} {
		f.Add(body)
	}
	tt := tokentest.NewWith(f, apitoken.Options{DefaultMaxLifetime: apitoken.Days(30)})
	tt.User("bob", apitoken.RoleUser)
	h := newHandler(f, tt.Manager)
	end := tt.Clock.Now().Add(apitoken.Days(30))
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return
		}
		w := call(h, "bob", "POST", "/users/bob/tokens", body)
		switch w.Code {
		case 400, 409, 413, 422:
		case 201:
			for token, err := range tt.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive}) {
				if err != nil || token.ExpiresAt.IsZero() || token.ExpiresAt.After(end) {
					t.Errorf("%q gives a token until %s, %v", body, token.ExpiresAt, err)
				}
			}
			must(t, tt.Manager.RevokeAll(ctx, apitoken.System(), "bob"))
		default:
			t.Errorf("%q has the status %d: %s", body, w.Code, w.Body)
		}
	})
}
