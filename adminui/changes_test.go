package adminui_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// Where a change came from is in its event. A header of any length and content stops nothing.
func TestChangesHaveAnOrigin(t *testing.T) {
	origin := func(r *http.Request) apitoken.Origin {
		return apitoken.Origin{Address: r.RemoteAddr, UserAgent: r.UserAgent(), RequestID: r.Header.Get("X-Request-Id")}
	}
	long := strings.Repeat("x", 8<<10)
	said := apitoken.Origin{Address: "said by Options.Actor"}
	for name, test := range map[string]struct {
		origin func(*http.Request) apitoken.Origin
		actor  apitoken.Actor
		want   apitoken.Origin
		status int
	}{
		"from the function": {origin, apitoken.As("ada"), apitoken.Origin{Address: "192.0.2.1:1234", UserAgent: long[:255], RequestID: "r1"}, 303},
		"of the actor":      {origin, apitoken.As("ada").From(said), said, 303},
		"no function":       {nil, apitoken.As("ada"), apitoken.Origin{}, 303},
		"of nobody":         {origin, apitoken.Actor{}.From(said), apitoken.Origin{}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, func(o *adminui.Options) {
				o.Origin = test.origin
				o.Actor = func(*http.Request) (apitoken.Actor, error) { return test.actor, nil }
			})
			r := httptest.NewRequest(http.MethodPost, "/admin/users/bob/revoke-all", nil)
			r.Header.Set("User-Agent", long)
			r.Header.Set("X-Request-Id", "r1")
			w := httptest.NewRecorder()
			h.pages.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Fatalf("%d: %s", w.Code, text(w.Body.String()))
			}
			for e, err := range h.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{Action: apitoken.ActionRevokeAll}) {
				h.must(err)
				if diff := cmp.Diff(test.want, e.Actor.Origin); diff != "" || test.status != 303 {
					t.Errorf("the origin differs (-want +got):\n%s", diff)
				}
			}
		})
	}
}
