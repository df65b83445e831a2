package gateway_test

import (
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// apache runs Apache with one of the two modules in front of the application of a host. more are further pairs of texts to
// replace in its configuration.
func apache(t *testing.T, h *host, module string, more ...string) (addr string) {
	t.Helper()
	const modules = "/usr/lib/apache2/modules/"
	program := need(t, "apache", "apache2", modules+"mod_oauth2.so", modules+"mod_auth_openidc.so")
	addr = freeAddress(t)
	authority := filepath.Join(folder(t, "node"), "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.tls.Certificate().Raw})
	must(t, os.WriteFile(authority, text, 0o644))
	dir := folder(t, "apache", append([]string{
		"127.0.0.1:8080", addr, "127.0.0.1:9000", address(h.server), "127.0.0.1:9443", address(h.tls), "127.0.0.1:9001", address(h.application),
		"REPLACE-THIS-CLIENT-SECRET", clientSecret, "/etc/ssl/certs/ca-certificates.crt", authority,
	}, more...)...)
	start(t, dir, addr, program, "-d", dir, "-f", "httpd.conf", "-D", module, "-X")
	return addr
}

func TestGatewayApacheOAuth2(t *testing.T) {
	long(t)
	h := newHost(t, 0)
	addr := apache(t, h, "oauth2")
	const refused = `Bearer error="invalid_token", error_description="Token could not be verified."`
	text := testIntrospecting(t, h, addr, refused, `Bearer error="invalid_request", error_description="No bearer token found in the request."`)

	h.revoke(text)
	late := await(t, 10*time.Second, "the token is refused", func() bool { return send(t, addr, text).Status == 401 })
	t.Logf("mod_oauth2 with expiry=1 refuses after %.1f s", late.Seconds())
}

// By default mod_oauth2 caches an answer for 300 seconds, whatever expiry the answer has. The clock of the host stands still, so
// that the token is valid until Apache has asked, however long that takes.
func TestGatewayApacheOAuth2LooksAtNoExpiry(t *testing.T) {
	long(t)
	h := newHost(t, 0)
	addr := apache(t, h, "oauth2", "&expiry=1", "")
	h.clock.stopAt(time.Now())
	token, text := h.generateFor(2 * time.Second)
	want(t, "a token of two seconds", seen{Status: 200, By: toldByApache(token, "bob")}, send(t, addr, text))
	await(t, 5*time.Second, "the token has expired", func() bool { return time.Now().After(token.ExpiresAt) })
	h.clock.stopAt(token.ExpiresAt)
	if _, err := h.manager.Authenticate(t.Context(), text); !errors.Is(err, apitoken.ErrExpired) {
		t.Fatalf("error %v, want %v", err, apitoken.ErrExpired)
	}
	want(t, "the token, expired", seen{Status: 200, By: toldByApache(token, "bob")}, send(t, addr, text))
}

func TestGatewayApacheOpenIDC(t *testing.T) {
	long(t)
	h := newHost(t, 0)
	addr := apache(t, h, "openidc")
	const refused = `Bearer error="invalid_token", error_description="Reference token could not be introspected"`
	text := testIntrospecting(t, h, addr, refused, `Bearer error="invalid_request", error_description="No bearer token found in the request"`)

	h.revoke(text)
	want(t, "a revoked token", seen{Status: 401, Challenge: []string{refused}}, send(t, addr, text))
}

// By default mod_auth_openidc caches an answer until its exp. So IntrospectionOptions.ExpiryCap bounds how long it accepts a
// revoked token. An answer without exp is not cached.
func TestGatewayApacheOpenIDCKeepsATokenUntilItsExpiry(t *testing.T) {
	long(t)
	for _, test := range []struct {
		name      string
		expiryCap time.Duration
		lifetime  time.Duration
		after     int
	}{
		{"the real exp", apitoken.NoExpiration, apitoken.Days(90), 200},
		{"exp capped to five seconds", 5 * time.Second, apitoken.Days(90), 401},
		{"no exp", 0, apitoken.NoExpiration, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, test.expiryCap)
			addr := apache(t, h, "openidc", "OIDCOAuthTokenIntrospectionInterval -1", "")
			token, text := h.generateFor(test.lifetime)
			before := send(t, addr, text)
			want(t, "a token", seen{Status: 200, By: toldByApache(token, "bob")}, before)
			h.revoke(text)
			after := send(t, addr, text)
			late := await(t, time.Minute, "it is answered as it should be", func() bool { return send(t, addr, text).Status == test.after })
			t.Logf("mod_auth_openidc, interval 0, %s: before %d, right after %d, after %.1f s %d", test.name, before.Status, after.Status, late.Seconds(), test.after)
			switch test.name {
			case "the real exp":
				want(t, "the revoked token", before, after)
			case "no exp":
				if after.Status != 401 {
					t.Errorf("right after the revocation it answers %d", after.Status)
				}
			}
		})
	}
}

// toldByApache returns the headers of one of the modules. An introspection has no kind.
func toldByApache(token apitoken.Token, user string) map[string][]string {
	return map[string][]string{"X-Auth-User": {user}, "X-Auth-Token-Id": {token.ID.String()}}
}

// testIntrospecting tests what both modules have in common, and returns a valid token.
func testIntrospecting(t *testing.T, h *host, addr, refused, without string) (text string) {
	token, text := h.generate("bob")
	want(t, "a token", seen{Status: 200, By: toldByApache(token, "bob")}, send(t, addr, text))
	want(t, "no token", seen{Status: 401, Challenge: []string{without}}, send(t, addr, ""))
	want(t, "an unknown token", seen{Status: 401, Challenge: []string{refused}}, send(t, addr, "tok_unknown"))
	want(t, "headers of the connection", seen{Status: 200, By: toldByApache(token, "bob")}, send(t, addr, text, "Connection", "X-Auth-User"))
	odd, oddText := h.generate(oddUser)
	want(t, "an odd user id", seen{Status: 200, By: toldByApache(odd, "j%c3%bcrgen+1%20%25/@example.org")}, send(t, addr, oddText))
	for _, name := range spelledOtherwise {
		want(t, name, seen{Status: 403}, send(t, addr, text, name, "admin"))
	}

	// Neither module distinguishes a failing store from a refusal.
	_, later := h.generate("bob")
	h.store.down.Store(true)
	want(t, "a failing store", seen{Status: 401, Challenge: []string{refused}}, send(t, addr, later))
	h.store.down.Store(false)
	return text
}
