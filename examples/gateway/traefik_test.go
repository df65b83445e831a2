package gateway_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// traefik is the part of Traefik's dynamic configuration that docs/gateways.md uses.
type traefik struct {
	HTTP struct {
		Routers map[string]struct {
			Rule, Service string
			Middlewares   []string
		}
		Middlewares map[string]struct {
			Headers *struct {
				CustomRequestHeaders map[string]string `yaml:"customRequestHeaders"`
			}
			ForwardAuth *struct {
				Address                  string
				TrustForwardHeader       bool     `yaml:"trustForwardHeader"`
				AuthResponseHeaders      []string `yaml:"authResponseHeaders"`
				AuthResponseHeadersRegex string   `yaml:"authResponseHeadersRegex"`
			} `yaml:"forwardAuth"`
		}
	}
}

// readTraefik reads the configuration on the page, with the addresses of the test. A key that the model lacks is an error.
func readTraefik(t *testing.T, page string, verify string) (c traefik) {
	t.Helper()
	_, text, _ := strings.Cut(page, "\n```yaml\n")
	text, _, found := strings.Cut(text, "\n```\n")
	if !found {
		t.Fatal("the page has no configuration for Traefik")
	}
	must(t, yaml.UnmarshalWithOptions([]byte(text), &c, yaml.Strict()))
	for name, m := range c.HTTP.Middlewares {
		if m.ForwardAuth != nil {
			if m.ForwardAuth.Address != "https://tokens.example.org/verify" {
				t.Errorf("%s asks %s", name, m.ForwardAuth.Address)
			}
			m.ForwardAuth.Address = verify
		}
	}
	return c
}

// handler models the two middlewares as Traefik documents them, in front of a proxy that removes the headers that Connection
// names. Traefik itself does not run here.
func (c traefik) handler(t *testing.T, application *url.URL) http.Handler {
	t.Helper()
	var next http.Handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(application) }}
	if len(c.HTTP.Routers) != 1 {
		t.Fatalf("%d routers", len(c.HTTP.Routers))
	}
	for _, router := range c.HTTP.Routers {
		for _, name := range slices.Backward(router.Middlewares) {
			m, ok := c.HTTP.Middlewares[name]
			switch inner := next; {
			case ok && m.Headers != nil:
				next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					for name, value := range m.Headers.CustomRequestHeaders {
						if r.Header.Set(name, value); value == "" {
							r.Header.Del(name)
						}
					}
					inner.ServeHTTP(w, r)
				})
			case ok && m.ForwardAuth != nil:
				all := "^(" + strings.Join(m.ForwardAuth.AuthResponseHeaders, "|") + ")$"
				if m.ForwardAuth.AuthResponseHeadersRegex != "" {
					all = m.ForwardAuth.AuthResponseHeadersRegex
				}
				next = forwardAuth{m.ForwardAuth.Address, regexp.MustCompile(all), inner}
			default:
				t.Fatalf("there is no middleware %q", name)
			}
		}
	}
	return next
}

type forwardAuth struct {
	address string
	copied  *regexp.Regexp
	next    http.Handler
}

func (f forwardAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ask, err := http.NewRequestWithContext(r.Context(), "GET", f.address, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	ask.Header = r.Header.Clone()
	ask.Header.Del("Connection")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		maps.Copy(w.Header(), answer.Header)
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.StatusCode)
		return
	}
	maps.DeleteFunc(r.Header, func(name string, _ []string) bool { return f.copied.MatchString(name) })
	for name, values := range answer.Header {
		if f.copied.MatchString(name) {
			r.Header[name] = values
		}
	}
	f.next.ServeHTTP(w, r)
}

func TestGatewayTraefikAsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/gateways.md")
	must(t, err)
	h := newHost(t, 0)
	application, err := url.Parse(h.application.URL)
	must(t, err)
	gateway := httptest.NewServer(readTraefik(t, string(page), h.server.URL+"/verify").handler(t, application))
	t.Cleanup(gateway.Close)
	testVerifying(t, h, address(gateway))
}

// With a configuration without the headers middleware, a client can act as another user. The model has to show that, or the
// test above would prove nothing.
func TestGatewayTraefikModelShowsFaults(t *testing.T) {
	h := newHost(t, 0)
	application, _ := url.Parse(h.application.URL)
	config := traefik{}
	text := fmt.Sprintf(`{http: {routers: {a: {middlewares: [tokens]}}, middlewares: {tokens: {forwardAuth: {address: "%s/verify",
		authResponseHeaders: [X-Auth-User, X-Auth-Token-Id, X-Auth-Token-Kind]}}}}}`, h.server.URL)
	must(t, yaml.UnmarshalWithOptions([]byte(text), &config, yaml.Strict()))
	gateway := httptest.NewServer(config.handler(t, application))
	t.Cleanup(gateway.Close)
	_, token := h.generate("bob")
	for name, fields := range map[string][2]string{"X_Auth_User": {"X_Auth_User", "somebody else"}, "Connection": {"Connection", "X-Auth-User"}} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", gateway.URL, nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header[fields[0]] = []string{fields[1]}
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		body := new(strings.Builder)
		_ = res.Write(body)
		_ = res.Body.Close()
		if !strings.Contains(body.String(), "somebody else") && res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: the model does not show the fault: %s", name, body)
		}
	}
}
