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

// The event of a change has its origin. A header of any length and content is cut, not refused.
func TestChangesHaveAnOrigin(t *testing.T) {
	origin := func(r *http.Request) apitoken.Origin {
		return apitoken.Origin{Address: r.RemoteAddr, UserAgent: r.UserAgent(), RequestID: r.Header.Get("X-Request-Id")}
	}
	long := strings.Repeat("x", 8<<10)
	said := apitoken.Origin{Address: "set by Options.Actor"}
	for name, test := range map[string]struct {
		origin func(*http.Request) apitoken.Origin
		actor  apitoken.Actor
		want   apitoken.Origin
	}{
		"from the function": {origin, apitoken.As("ada"), apitoken.Origin{Address: "192.0.2.1:1234", UserAgent: long[:255], RequestID: "r1"}},
		"of the actor":      {origin, apitoken.As("ada").From(said), said},
		"no function":       {nil, apitoken.As("ada"), apitoken.Origin{}},
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
			if w.Code != http.StatusSeeOther {
				t.Fatalf("%d: %s", w.Code, text(w.Body.String()))
			}
			for e, err := range h.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{Action: apitoken.ActionRevokeAll}) {
				h.must(err)
				if diff := cmp.Diff(test.want, e.Actor.Origin); diff != "" {
					t.Errorf("the origin differs (-want +got):\n%s", diff)
				}
			}
		})
	}
}
