package gateway_test

import "testing"

func TestGatewayNginx(t *testing.T) {
	long(t)
	program := need(t, "nginx", "nginx")
	h := newHost(t, 0)
	addr := freeAddress(t)
	dir := folder(t, "nginx", "127.0.0.1:8080", addr, "127.0.0.1:9000", address(h.server), "127.0.0.1:9001", address(h.application))
	start(t, dir, addr, program, "-p", dir, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off; master_process off;")
	testVerifying(t, h, addr)
}

func TestGatewayCaddy(t *testing.T) {
	long(t)
	program := need(t, "caddy", "caddy")
	h := newHost(t, 0)
	addr := freeAddress(t)
	dir := folder(t, "caddy", "127.0.0.1:8080", addr, "127.0.0.1:9000", address(h.server), "127.0.0.1:9001", address(h.application))
	start(t, dir, addr, program, "run", "--config", "Caddyfile", "--adapter", "caddyfile")
	testVerifying(t, h, addr)
}

// testVerifying tests a gateway that asks the verify endpoint for each request.
func testVerifying(t *testing.T, h *host, addr string) {
	refused := seen{Status: 401, Challenge: []string{`Bearer realm="api", error="invalid_token"`}}

	token, text := h.generate("bob")
	want(t, "a token", seen{Status: 200, By: told(token, "bob")}, send(t, addr, text))
	want(t, "no token", seen{Status: 401, Challenge: []string{`Bearer realm="api"`}}, send(t, addr, ""))
	want(t, "an unknown token", refused, send(t, addr, "tok_unknown"))
	want(t, "a token that the header hides", seen{Status: 200, By: told(token, "bob")}, send(t, addr, text, "Connection", "X-Auth-User, Authorization-Info"))
	for _, name := range spelledOtherwise {
		want(t, name, seen{Status: 200, By: told(token, "bob")}, send(t, addr, text, name, "admin"))
	}
	odd, oddText := h.generate(oddUser)
	want(t, "an odd user id", seen{Status: 200, By: told(odd, "j%C3%BCrgen%2B1%20%25%2F@example.org")}, send(t, addr, oddText))

	h.revoke(text)
	want(t, "a revoked token", refused, send(t, addr, text))

	h.store.down.Store(true)
	want(t, "a failing store", seen{Status: 503, RetryAfter: "5"}, send(t, addr, oddText))
	h.store.down.Store(false)
	want(t, "the store again", seen{Status: 200, By: told(odd, "j%C3%BCrgen%2B1%20%25%2F@example.org")}, send(t, addr, oddText))
	h.server.Close()
	if gone := send(t, addr, oddText); gone.Status < 500 || gone.By != nil {
		t.Errorf("without the host: %v comes back, want an error of the gateway", gone)
	}
}
