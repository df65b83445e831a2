package main

import (
	"net/http"
	"testing"
)

func TestOriginsAreReadAsBrowsersWriteThem(t *testing.T) {
	for text, want := range map[string]proxy{
		"":                                {},
		"https://tokens.example.com":      {"https://tokens.example.com", true},
		"HTTPS://Tokens.Example.COM":      {"https://tokens.example.com", true},
		"https://tokens.example.com/":     {"https://tokens.example.com", true},
		"https://tokens.example.com:443":  {"https://tokens.example.com", true},
		"https://tokens.example.com:":     {"https://tokens.example.com", true},
		"Https://tokens.example.com:8443": {"https://tokens.example.com:8443", true},
		"http://tokens.example.com:80":    {"http://tokens.example.com", false},
		"https://[2001:DB8::1]:443":       {"https://[2001:db8::1]", true},
	} {
		got, err := readOrigin(text)
		if got != want || err != nil {
			t.Errorf("%q is %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"tokens.example.com", "//tokens.example.com", "ftp://tokens.example.com", "https://", "https://:443", "https:tokens.example.com",
		"https://tokens.example.com/admin", "https://tokens.example.com?x", "https://tokens.example.com#x", "https://user@tokens.example.com",
		"https://bücher.example", "https://tokens.example.com https://x", "null", " https://tokens.example.com",
	} {
		if got, err := readOrigin(text); err == nil {
			t.Errorf("%q is %+v, want an error", text, got)
		}
	}
}

func TestAddressIsTheClients(t *testing.T) {
	for _, test := range []struct {
		name, origin, remote string
		forwarded            []string
		want                 string
	}{
		{"no proxy", "", "192.0.2.1:1234", nil, "192.0.2.1"},
		{"no proxy, and the client makes one up", "", "192.0.2.1:1234", []string{"10.0.0.1"}, "192.0.2.1"},
		{"a proxy", "https://x.example", "127.0.0.1:1234", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a client that makes up more", "https://x.example", "127.0.0.1:1234", []string{"10.0.0.1, 10.0.0.2", "10.0.0.3,192.0.2.1"}, "192.0.2.1"},
		{"a proxy that does not say", "https://x.example", "127.0.0.1:1234", nil, "127.0.0.1"},
		{"a proxy that says nothing of use", "https://x.example", "127.0.0.1:1234", []string{"unknown"}, "127.0.0.1"},
		{"with a port", "https://x.example", "127.0.0.1:1234", []string{"192.0.2.1:99"}, "192.0.2.1"},
		{"IPv4 in IPv6", "", "[::ffff:192.0.2.1]:1234", nil, "192.0.2.1"},
		{"IPv6", "", "[2001:db8:1:2:3:4:5:6]:1234", nil, "2001:db8:1:2::/64"},
		{"another of the same network", "", "[2001:db8:1:2:ffff::1]:1234", nil, "2001:db8:1:2::/64"},
		{"with a zone", "", "[fe80::1%eth0]:1234", nil, "fe80::/64"},
	} {
		r := &http.Request{RemoteAddr: test.remote, Header: http.Header{}}
		for _, line := range test.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		if got := (proxy{origin: test.origin}).address(r); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// The events have the exact address, which the limits on tries do not need.
func TestEventsNameTheClient(t *testing.T) {
	for _, test := range []struct{ origin, remote, forwarded, want string }{
		{"", "192.0.2.1:1234", "10.0.0.1", "192.0.2.1"},
		{"", "[2001:db8:1:2:3:4:5:6]:1234", "", "2001:db8:1:2:3:4:5:6"},
		{"https://x.example", "127.0.0.1:1234", "10.0.0.2, 192.0.2.1", "192.0.2.1"},
		{"", "@", "10.0.0.1", ""},
	} {
		r := &http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": {test.forwarded}, "User-Agent": {"curl"}}}
		got := (proxy{origin: test.origin}).ofRequest(r)
		if got.Address != test.want || got.UserAgent != "curl" {
			t.Errorf("%q behind %q: %+v, want the address %q", test.remote, test.origin, got, test.want)
		}
	}
}
