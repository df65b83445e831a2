package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// proxy is the proxy that -origin names. The zero proxy means that there is none.
type proxy struct {
	origin string // as browsers write it: https://tokens.example.com
	secure bool   // HTTPS
}

// readOrigin reads an origin and normalizes it as browsers do: scheme and host in lower case, no default port.
func readOrigin(text string) (proxy, error) {
	if text == "" {
		return proxy{}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return proxy{}, fmt.Errorf("-origin: %w", err)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	host := strings.ToLower(u.Host)
	if *u != (url.URL{Scheme: u.Scheme, Host: u.Host}) || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return proxy{}, fmt.Errorf("-origin: %q is no origin such as https://tokens.example.com", text)
	}
	for _, r := range host {
		if r > '~' {
			return proxy{}, fmt.Errorf("-origin: %q has letters beyond ASCII; write the host as browsers send it, such as xn--bcher-kva.example", text)
		}
	}
	usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	host = strings.TrimSuffix(strings.TrimSuffix(host, usual), ":")
	return proxy{origin: u.Scheme + "://" + host, secure: u.Scheme == "https"}, nil
}

// crossOrigin returns a protection against requests that other sites make the browser send. It trusts the origin of the proxy.
func (p proxy) crossOrigin() (protection *http.CrossOriginProtection, trusted []string, err error) {
	protection = http.NewCrossOriginProtection()
	if p.origin == "" {
		return protection, nil, nil
	}
	if err := protection.AddTrustedOrigin(p.origin); err != nil {
		return nil, nil, fmt.Errorf("-origin: %w", err)
	}
	return protection, []string{p.origin}, nil
}

// address returns the address of the client for the limits on tries. An IPv6 network of 64 bits counts as one address, because
// one client usually has all of it.
func (p proxy) address(r *http.Request) string {
	address := p.client(r)
	switch {
	case !address.IsValid():
		return ""
	case address.Is4():
		return address.String()
	}
	return netip.PrefixFrom(address, 64).Masked().String()
}

// ofRequest returns the origin of a request for the events.
func (p proxy) ofRequest(r *http.Request) apitoken.Origin {
	o := apitoken.Origin{UserAgent: r.UserAgent(), RequestID: requestID(r)}
	if address := p.client(r); address.IsValid() {
		o.Address = address.String()
	}
	return o
}

// client returns the address of the client. The proxy appends it to X-Forwarded-For; the client may have sent what is before.
func (p proxy) client(r *http.Request) netip.Addr {
	if lines := r.Header.Values("X-Forwarded-For"); p.origin != "" && len(lines) > 0 {
		all := strings.Split(lines[len(lines)-1], ",")
		if address := addressOf(strings.TrimSpace(all[len(all)-1])); address.IsValid() {
			return address
		}
	}
	return addressOf(r.RemoteAddr)
}

// addressOf parses an address with or without a port. The result is invalid if the text is no address.
func addressOf(text string) netip.Addr {
	address, err := netip.ParseAddr(text)
	if err != nil {
		both, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}
		}
		address = both.Addr()
	}
	return address.Unmap().WithZone("")
}
