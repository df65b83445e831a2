package adminapi_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

const (
	gatewaySecret = "gateway-secret-0123456789"
	oddID         = "gw:1 a"
	oddSecret     = "s/e+c=r%e:t é~-0123"
	percentSecret = "100%25-of-a-secret" // reads otherwise when decoded
)

// gateways are the clients of these tests.
func gateways(t testing.TB) adminapi.ClientCheck {
	t.Helper()
	check, err := adminapi.FixedClients(map[string]string{"gw": gatewaySecret, oddID: oddSecret, "percent": percentSecret})
	must(t, err)
	return check
}

// introspecting gives the endpoint over a Manager, with all defaults.
func introspecting(t testing.TB, m *apitoken.Manager, opts adminapi.IntrospectionOptions) http.Handler {
	t.Helper()
	if opts.Clients == nil {
		opts.Clients = gateways(t)
	}
	h, err := adminapi.Introspection(m, &opts)
	must(t, err)
	return h
}

// formRequest is a request with a form in its body. More headers are pairs of name and value.
func formRequest(form string, more ...string) *http.Request {
	r := httptest.NewRequest("POST", "/oauth2/endpoint", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(more); i += 2 {
		r.Header.Add(more[i], more[i+1])
	}
	return r
}

// basic is the value of a header with Basic credentials, exactly as given.
func basic(credentials string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}

// asGateway is a request of a client that may ask.
func asGateway(form string) *http.Request {
	return formRequest(form, "Authorization", basic("gw:"+gatewaySecret))
}

// clientView is what a client sees of an answer.
func clientView(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintln(&b, w.Code)
	for _, name := range []string{"Allow", "Cache-Control", "Content-Type", "Retry-After", "Www-Authenticate"} {
		for _, value := range w.Header()[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return b.String() + w.Body.String()
}

const (
	wantUnknownClient = "401\nCache-Control: no-store\nContent-Type: application/json\nWww-Authenticate: Basic realm=\"clients\"\n{\"error\":\"invalid_client\"}"
	wantInactive      = "200\nCache-Control: no-store\nContent-Type: application/json\n{\"active\":false}"
	wantUnavailable   = "503\nCache-Control: no-store\nContent-Type: application/json\nRetry-After: 5\n{\"error\":\"temporarily_unavailable\",\"error_description\":\"this is unavailable at the moment\"}"
)

func wantInvalid(description string) string {
	return "400\nCache-Control: no-store\nContent-Type: application/json\n{\"error\":\"invalid_request\",\"error_description\":\"" + description + "\"}"
}

// The check is called once for each reading, whatever it returns for the first, and never with an empty text.
func TestAClientCheckIsCalledForEveryReading(t *testing.T) {
	m := tokentest.New(t).Manager
	tests := []struct {
		name, header string
		good         string // the pair that is a client
		want         []string
		status       int
	}{
		{"one reading", basic("gw:secret"), "gw:secret", []string{"gw:secret"}, 200},
		{"two readings, the first is right", basic("gw:a%2Bb"), "gw:a%2Bb", []string{"gw:a%2Bb", "gw:a+b"}, 200},
		{"two readings, the second is right", basic("gw:a%2Bb"), "gw:a+b", []string{"gw:a%2Bb", "gw:a+b"}, 200},
		{"two readings, none is right", basic("gw:a%2Bb"), "", []string{"gw:a%2Bb", "gw:a+b"}, 401},
		{"cannot be decoded", basic("gw:50%"), "gw:50%", []string{"gw:50%"}, 200},
		{"as long as allowed", basic("gw:" + strings.Repeat("s", 3069)), "gw:" + strings.Repeat("s", 3069), []string{"gw:" + strings.Repeat("s", 3069)}, 200},
		{"too long by one", basic("gw:" + strings.Repeat("s", 3070)), "gw:" + strings.Repeat("s", 3070), nil, 401},
		{"a million bytes", basic("gw:" + strings.Repeat("s", 1<<20)), "", nil, 401},
		{"a line end in base64", "Basic Z3c6\nYQ==", "gw:a", nil, 401},
		{"base64 that another text has too", "Basic Z3c6YX==", "gw:a", nil, 401}, // gw:a is Z3c6YQ==
		{"no credentials", "", "", nil, 401},
		{"no secret", basic("gw:"), "gw:", nil, 401},
		{"no id", basic(":secret"), ":secret", nil, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var asked []string
			h := introspecting(t, m, adminapi.IntrospectionOptions{Clients: func(_ context.Context, id, secret string) (bool, error) {
				asked = append(asked, id+":"+secret)
				return id+":"+secret == test.good, nil
			}})
			r := formRequest("token=x")
			if test.header != "" {
				r.Header.Set("Authorization", test.header)
			}
			if w := respond(h, r); w.Code != test.status {
				t.Errorf("the status is %d, want %d", w.Code, test.status)
			}
			if diff := cmp.Diff(test.want, asked); diff != "" {
				t.Errorf("the calls differ (-want +got):\n%s", diff)
			}
		})
	}
}

// If the check fails for one reading, the other one may still be a client.
func TestAFailingClientCheckIsNotARefusal(t *testing.T) {
	m := tokentest.New(t).Manager
	for good, want := range map[string]string{"a+b": wantInactive, "other": wantUnavailable} {
		var reported error
		h := introspecting(t, m, adminapi.IntrospectionOptions{
			Clients: func(_ context.Context, _, secret string) (bool, error) {
				if secret == good {
					return true, nil
				}
				return false, errors.New("directory down")
			},
			OnError: func(_ *http.Request, err error) { reported = err },
		})
		if diff := cmp.Diff(want, clientView(respond(h, formRequest("token=x", "Authorization", basic("gw:a%2Bb"))))); diff != "" {
			t.Errorf("the answer differs (-want +got):\n%s", diff)
		}
		if want == wantUnavailable && (reported == nil || !strings.Contains(reported.Error(), "directory down")) {
			t.Errorf("OnError got %v", reported)
		}
	}
}

func TestFixedClientsAreChecked(t *testing.T) {
	for name, secrets := range map[string]map[string]string{
		"nil": nil, "none": {}, "an empty id": {"": gatewaySecret}, "an empty secret": {"gw": ""}, "a short secret": {"gw": "fifteen-letters"},
	} {
		if check, err := adminapi.FixedClients(secrets); check != nil || !errors.Is(err, apitoken.ErrInvalid) || strings.Contains(err.Error(), "fifteen-letters") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	secrets := map[string]string{"gw": "sixteen--letters"}
	check, err := adminapi.FixedClients(secrets)
	must(t, err)
	secrets["later"] = gatewaySecret
	for pair, want := range map[[2]string]bool{
		{"gw", "sixteen--letters"}: true, {"later", gatewaySecret}: false, {"gws", "ixteen--letters"}: false,
		{"gw", ""}: false, {"", ""}: false, {"g", "wsixteen--letters"}: false, {"gw", "Sixteen--letters"}: false,
	} {
		if got, err := check(t.Context(), pair[0], pair[1]); got != want || err != nil {
			t.Errorf("%q is %v, %v; want %v", pair, got, err, want)
		}
	}
}

// FuzzClientAuthentication compares the calls of the check with what net/http reads from the same header.
func FuzzClientAuthentication(f *testing.F) {
	for _, header := range []string{
		"", "Basic", "Basic ", "basic Z3c6YQ==", basic("gw:" + gatewaySecret), basic("gw:a%2Bb"), basic("%zz:+"), basic("a:b:c"),
		"Basic Z3c6YQ", "Basic Z3c6\nYQ==", "Bearer x", "Basic \u00e9", " Basic  Z3c6YQ== ", basic(":"), basic("%:%"),
	} {
		f.Add(header, "")
	}
	f.Add(basic("gw:a"), "client_id=gw&client_secret=a")
	f.Add("", "client_id=g%77&client_secret=+")
	f.Add("", "client_id=%&client_secret=;")
	m := tokentest.New(f).Manager
	f.Fuzz(func(t *testing.T, header, form string) {
		var asked [][2]string
		h := introspecting(t, m, adminapi.IntrospectionOptions{Clients: func(_ context.Context, id, secret string) (bool, error) {
			asked = append(asked, [2]string{id, secret})
			return strings.Contains(secret, "a"), nil
		}})
		r := formRequest("token=x&" + form)
		if header != "" {
			r.Header["Authorization"] = []string{header}
		}
		w := respond(h, r)

		var allowed bool
		for _, pair := range asked {
			allowed = allowed || strings.Contains(pair[1], "a")
			if pair[0] == "" || pair[1] == "" {
				t.Errorf("the check was called for %q", pair)
			}
		}
		if len(asked) > 2 || len(asked) == 2 && asked[0] == asked[1] {
			t.Errorf("the check was called for %q", asked)
		}
		if want := map[bool][]int{true: {200}, false: {400, 401}}[allowed]; w.Code != want[0] && w.Code != want[len(want)-1] {
			t.Errorf("the status is %d, and the check was called for %q", w.Code, asked)
		}
		if header == "" || len(asked) == 0 {
			return
		}
		r.Header.Set("Authorization", strings.Join(strings.Fields(header), " ")) // net/http takes one space, and none around
		id, secret, ok := r.BasicAuth()
		if !ok {
			t.Fatalf("the check was called for %q, and net/http reads no credentials", asked)
		}
		decodedID, idErr := url.QueryUnescape(id)
		decodedSecret, secretErr := url.QueryUnescape(secret)
		for _, pair := range asked {
			raw := pair == [2]string{id, secret}
			decoded := idErr == nil && secretErr == nil && pair == [2]string{decodedID, decodedSecret}
			if !raw && !decoded {
				t.Errorf("the check was called for %q, and net/http reads %q and %q", pair, id, secret)
			}
		}
	})
}

// These requests cannot be written as a line of testdata/oauth2.
func TestAFormThatCannotBeReadIsInvalid(t *testing.T) {
	m := tokentest.New(t).Manager
	for name, h := range map[string]http.Handler{
		"Introspection": introspecting(t, m, adminapi.IntrospectionOptions{}),
		"Revocation":    revoking(t, m, nil),
	} {
		broken, untyped := asGateway("token=x"), asGateway("token=x")
		broken.Body = io.NopCloser(iotest.ErrReader(errors.New("connection reset")))
		untyped.Header.Del("Content-Type")
		for want, r := range map[string]*http.Request{
			wantInvalid("the body cannot be read"):                                                     broken,
			wantInvalid("the body must be application/x-www-form-urlencoded in UTF-8, not compressed"): untyped,
		} {
			if diff := cmp.Diff(want, clientView(respond(h, r))); diff != "" {
				t.Errorf("the answer of %s differs (-want +got):\n%s", name, diff)
			}
		}
	}
}
