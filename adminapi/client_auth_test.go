package adminapi_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

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
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// introspecting gives the endpoint over a Manager, with all defaults.
func introspecting(t testing.TB, m *apitoken.Manager, opts adminapi.IntrospectionOptions) http.Handler {
	t.Helper()
	if opts.Clients == nil {
		opts.Clients = gateways(t)
	}
	h, err := adminapi.Introspection(m, &opts)
	if err != nil {
		t.Fatal(err)
	}
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

func answerTo(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// told is what a client sees of an answer.
func told(w *httptest.ResponseRecorder) string {
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
	toldUnknownClient = "401\nCache-Control: no-store\nContent-Type: application/json\nWww-Authenticate: Basic realm=\"clients\"\n{\"error\":\"invalid_client\"}"
	toldInactive      = "200\nCache-Control: no-store\nContent-Type: application/json\n{\"active\":false}"
	toldTrouble       = "503\nCache-Control: no-store\nContent-Type: application/json\nRetry-After: 5\n{\"error\":\"temporarily_unavailable\",\"error_description\":\"this cannot be answered at the moment\"}"
)

func toldInvalid(description string) string {
	return "400\nCache-Control: no-store\nContent-Type: application/json\n{\"error\":\"invalid_request\",\"error_description\":\"" + description + "\"}"
}

func TestWhoIsAClient(t *testing.T) {
	const twice = "the client is authenticated more than once"
	encoded := basic("gw:" + gatewaySecret)
	inForm := url.Values{"client_id": {oddID}, "client_secret": {oddSecret}}.Encode()
	tests := []struct {
		name    string
		headers []string // values of Authorization
		form    string
		want    string
	}{
		{"Basic", []string{encoded}, "", toldInactive},
		{"Basic in lower case", []string{"basic" + encoded[5:]}, "", toldInactive},
		{"more spaces", []string{"Basic   " + encoded[6:]}, "", toldInactive},
		{"space around", []string{" " + encoded + " \t"}, "", toldInactive},
		{"in the form", nil, "client_id=gw&client_secret=" + gatewaySecret, toldInactive},
		{"an odd one in the form", nil, inForm, toldInactive},

		// One and the same client, as each of these was seen to write it.
		{"raw, as by curl", []string{basic("percent:" + percentSecret)}, "", toldInactive},
		{"encoded, plus for a space", []string{basic("gw%3A1+a:s%2Fe%2Bc%3Dr%25e%3At+%C3%A9~-0123")}, "", toldInactive},
		{"encoded, each character that may be", []string{basic("gw%3A1+a:s%2Fe%2Bc%3Dr%25e%3At+%C3%A9%7E%2D0123")}, "", toldInactive},
		{"encoded, %20 for a space", []string{basic("gw%3A1%20a:s%2Fe%2Bc%3Dr%25e%3At%20%C3%A9~-0123")}, "", toldInactive},
		{"encoded in lower case", []string{basic("gw%3a1+a:s%2fe%2bc%3dr%25e%3at+%c3%a9~-0123")}, "", toldInactive},
		{"encoded, of a secret that has a percent sign", []string{basic("percent:100%2525-of-a-secret")}, "", toldInactive},
		{"encoded twice", []string{basic("gw%253A1+a:s%252Fe%252Bc%253Dr%2525e%253At+%25C3%25A9~-0123")}, "", toldUnknownClient},
		{"the id with a colon raw", []string{basic(oddID + ":" + oddSecret)}, "", toldUnknownClient},
		{"decoded in part", []string{basic("percent:100%-of-a-secret")}, "", toldUnknownClient},
		{"a form is decoded once", nil, "client_id=percent&client_secret=" + percentSecret, toldUnknownClient},

		{"nobody", nil, "", toldUnknownClient},
		{"an empty header", []string{""}, "", toldUnknownClient},
		{"the scheme alone", []string{"Basic"}, "", toldUnknownClient},
		{"the scheme and a space", []string{"Basic "}, "", toldUnknownClient},
		{"another scheme", []string{"Bearer " + encoded[6:]}, "", toldUnknownClient},
		{"a longer scheme", []string{"Basics " + encoded[6:]}, "", toldUnknownClient},
		{"a tab behind the scheme", []string{"Basic\t" + encoded[6:]}, "", toldUnknownClient},
		{"no scheme", []string{encoded[6:]}, "", toldUnknownClient},
		{"no base64", []string{"Basic gw:" + gatewaySecret}, "", toldUnknownClient},
		{"a line end in base64", []string{encoded[:12] + "\n" + encoded[12:]}, "", toldUnknownClient},
		{"base64 and more", []string{encoded + ", Basic x"}, "", toldUnknownClient},
		{"base64 that is not exact", []string{"Basic Z3c6eP=="}, "", toldUnknownClient},
		{"no colon", []string{basic("gw")}, "", toldUnknownClient},
		{"nothing but a colon", []string{basic(":")}, "", toldUnknownClient},
		{"an empty id", []string{basic(":" + gatewaySecret)}, "", toldUnknownClient},
		{"an empty secret", []string{basic("gw:")}, "", toldUnknownClient},
		{"another secret", []string{basic("gw:" + gatewaySecret + "0")}, "", toldUnknownClient},
		{"the secret of another", []string{basic("percent:" + gatewaySecret)}, "", toldUnknownClient},
		{"an unknown id", []string{basic("nobody:" + gatewaySecret)}, "", toldUnknownClient},
		{"the colon elsewhere", []string{basic("gwg:" + gatewaySecret[1:])}, "", toldUnknownClient},
		{"bad percent encoding", []string{basic("gw:" + gatewaySecret + "%zz")}, "", toldUnknownClient},
		{"bad percent encoding of the id", []string{basic("g%:" + gatewaySecret)}, "", toldUnknownClient},
		{"a million bytes", []string{basic("gw:" + strings.Repeat("x", 1<<20))}, "", toldUnknownClient},
		{"an id alone in the form", nil, "client_id=gw", toldUnknownClient},
		{"a secret alone in the form", nil, "client_secret=" + gatewaySecret, toldUnknownClient},
		{"an empty secret in the form", nil, "client_id=gw&client_secret=", toldUnknownClient},
		{"a wrong secret in the form", nil, "client_id=gw&client_secret=wrong", toldUnknownClient},

		{"two headers", []string{encoded, encoded}, "", toldInvalid(twice)},
		{"two headers, the second empty", []string{encoded, ""}, "", toldInvalid(twice)},
		{"Basic and the form", []string{encoded}, "client_id=gw&client_secret=" + gatewaySecret, toldInvalid(twice)},
		{"Basic and an id in the form", []string{encoded}, "client_id=gw", toldInvalid(twice)},
		{"Basic and a secret in the form", []string{encoded}, "client_secret=" + gatewaySecret, toldInvalid(twice)},
		{"Basic and an id without a value, which is none", []string{encoded}, "client_id=", toldInactive},
		{"another scheme and the form", []string{"Bearer x"}, "client_id=gw&client_secret=" + gatewaySecret, toldInvalid(twice)},
		{"two ids in the form", nil, "client_id=gw&client_id=gw&client_secret=" + gatewaySecret, toldInvalid("a parameter is there more than once")},
	}
	m := tokentest.New(t).Manager
	revoking, err := adminapi.Revocation(m, &adminapi.RevocationOptions{Clients: gateways(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request := func() *http.Request {
				r := formRequest("token=unknown&" + test.form)
				if test.headers != nil {
					r.Header["Authorization"] = test.headers
				}
				return r
			}
			if diff := cmp.Diff(test.want, told(answerTo(introspecting(t, m, adminapi.IntrospectionOptions{}), request()))); diff != "" {
				t.Errorf("the answer of Introspection differs (-want +got):\n%s", diff)
			}
			want := test.want
			if want == toldInactive {
				want = toldRevoked
			}
			if diff := cmp.Diff(want, told(answerTo(revoking, request()))); diff != "" {
				t.Errorf("the answer of Revocation differs (-want +got):\n%s", diff)
			}
		})
	}
}

// The host's own check sees each reading once, whatever the first one gives, and nothing that is empty.
func TestAClientCheckIsAskedForEveryReading(t *testing.T) {
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
		{"base64 that another text has too", "Basic Z3c6YX==", "gw:a", nil, 401}, // gw:a is Z3c6YQ==
		{"no client", "", "", nil, 401},
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
			if w := answerTo(h, r); w.Code != test.status {
				t.Errorf("the status is %d, want %d", w.Code, test.status)
			}
			if diff := cmp.Diff(test.want, asked); diff != "" {
				t.Errorf("what is asked differs (-want +got):\n%s", diff)
			}
		})
	}
}

// Trouble with one reading is no verdict on the client, but the other one may be enough.
func TestTroubleWithTheClientsIsNoVerdict(t *testing.T) {
	m := tokentest.New(t).Manager
	for good, want := range map[string]string{"a+b": toldInactive, "other": toldTrouble} {
		var toldHost error
		h := introspecting(t, m, adminapi.IntrospectionOptions{
			Clients: func(_ context.Context, _, secret string) (bool, error) {
				if secret == good {
					return true, nil
				}
				return false, errors.New("directory down")
			},
			OnError: func(_ *http.Request, err error) { toldHost = err },
		})
		if diff := cmp.Diff(want, told(answerTo(h, formRequest("token=x", "Authorization", basic("gw:a%2Bb"))))); diff != "" {
			t.Errorf("the answer differs (-want +got):\n%s", diff)
		}
		if want == toldTrouble && (toldHost == nil || !strings.Contains(toldHost.Error(), "directory down")) {
			t.Errorf("the host is told %v", toldHost)
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
	if err != nil {
		t.Fatal(err)
	}
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

// FuzzClientAuthentication compares what the host's check is asked with what net/http reads from the same header.
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
		w := answerTo(h, r)

		var allowed bool
		for _, pair := range asked {
			allowed = allowed || strings.Contains(pair[1], "a")
			if pair[0] == "" || pair[1] == "" {
				t.Errorf("it was asked for %q", pair)
			}
		}
		if len(asked) > 2 || len(asked) == 2 && asked[0] == asked[1] {
			t.Errorf("it was asked for %q", asked)
		}
		if want := map[bool][]int{true: {200}, false: {400, 401}}[allowed]; w.Code != want[0] && w.Code != want[len(want)-1] {
			t.Errorf("it answers %d, asked for %q", w.Code, asked)
		}
		if header == "" || len(asked) == 0 {
			return
		}
		r.Header.Set("Authorization", strings.Join(strings.Fields(header), " ")) // net/http takes one space, and none around
		id, secret, ok := r.BasicAuth()
		if !ok {
			t.Fatalf("it was asked for %q, where net/http sees nobody", asked)
		}
		decodedID, idErr := url.QueryUnescape(id)
		decodedSecret, secretErr := url.QueryUnescape(secret)
		for _, pair := range asked {
			raw := pair == [2]string{id, secret}
			decoded := idErr == nil && secretErr == nil && pair == [2]string{decodedID, decodedSecret}
			if !raw && !decoded {
				t.Errorf("it was asked for %q, where net/http sees %q and %q", pair, id, secret)
			}
		}
	})
}
