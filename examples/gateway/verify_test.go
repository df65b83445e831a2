package gateway_test

import (
	"testing"
)

func TestGatewayNginx(t *testing.T) {
	long(t)
	program := need(t, "nginx", "nginx")
	h := newHost(t, 0)
	addr := freeAddress(t)
	dir := folder(t, "nginx", "127.0.0.1:8080", addr, "127.0.0.1:9000", address(h.server), "127.0.0.1:9001", address(h.application))
	start(t, dir, addr, program, "-p", dir, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off; master_process off;")
	testVerifying(t, "nginx", h, addr)
}

func TestGatewayCaddy(t *testing.T) {
	long(t)
	program := need(t, "caddy", "caddy")
	h := newHost(t, 0)
	addr := freeAddress(t)
	dir := folder(t, "caddy", "127.0.0.1:8080", addr, "127.0.0.1:9000", address(h.server), "127.0.0.1:9001", address(h.application))
	start(t, dir, addr, program, "run", "--config", "Caddyfile", "--adapter", "caddyfile")
	testVerifying(t, "caddy", h, addr)
}

// testVerifying tests a gateway that asks the verify endpoint for each request.
func testVerifying(t *testing.T, name string, h *host, addr string) {
	refused := seen{Status: 401, Challenge: []string{`Bearer realm="api", error="invalid_token"`}}

	token, text := h.generate("bob")
	before := send(t, addr, text)
	want(t, "a token", seen{Status: 200, By: told(token, "bob")}, before)
	want(t, "no token", seen{Status: 401, Challenge: []string{`Bearer realm="api"`}}, send(t, addr, ""))
	unknown := send(t, addr, "tok_unknown")
	want(t, "an unknown token", refused, unknown)
	want(t, "a token that the header hides", seen{Status: 200, By: told(token, "bob")}, send(t, addr, text, "Connection", "X-Auth-User, Authorization-Info"))
	for _, name := range spelledOtherwise {
		want(t, name, seen{Status: 200, By: told(token, "bob")}, send(t, addr, text, name, "admin"))
	}
	odd, oddText := h.generate(oddUser)
	want(t, "an odd user id", seen{Status: 200, By: told(odd, "j%C3%BCrgen%2B1%20%25%2F@example.org")}, send(t, addr, oddText))

	h.revoke(text)
	after := send(t, addr, text)
	want(t, "a revoked token", refused, after)
	t.Logf("%s: before %d, unknown %d, after %d", name, before.Status, unknown.Status, after.Status)

	h.store.down.Store(true)
	want(t, "a store in trouble", seen{Status: 503, RetryAfter: "5"}, send(t, addr, oddText))
	h.store.down.Store(false)
	want(t, "the trouble is over", seen{Status: 200, By: told(odd, "j%C3%BCrgen%2B1%20%25%2F@example.org")}, send(t, addr, oddText))
	h.server.Close()
	gone := send(t, addr, oddText)
	t.Logf("%s: the host is gone: %d", name, gone.Status)
	if gone.Status < 500 || gone.By != nil {
		t.Errorf("the host is gone: %v comes back", gone)
	}
}
