package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// proxy is what stands in front, as named with -origin; the zero proxy is none.
type proxy struct {
	origin string // as browsers write it: https://tokens.example.com
	secure bool   // it speaks TLS
}

// readOrigin reads an origin however it is written, and gives it the form in which browsers send it: the scheme and the host
// in lower case, and no port where it is the usual one.
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

// crossOrigin refuses what other sites have the browser send, but for the origin of the proxy, if there is one.
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

// address is where a request comes from, for the limit on tries. An IPv6 network of 64 bits counts as one address, because
// one client has all of it.
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

// ofRequest is where a request comes from, for the events.
func (p proxy) ofRequest(r *http.Request) apitoken.Origin {
	o := apitoken.Origin{UserAgent: r.UserAgent(), RequestID: requestID(r)}
	if address := p.client(r); address.IsValid() {
		o.Address = address.String()
	}
	return o
}

// client is the address of the client. A proxy adds it at the end of X-Forwarded-For; what stands before it may be made up.
func (p proxy) client(r *http.Request) netip.Addr {
	if lines := r.Header.Values("X-Forwarded-For"); p.origin != "" && len(lines) > 0 {
		all := strings.Split(lines[len(lines)-1], ",")
		if address := addressOf(strings.TrimSpace(all[len(all)-1])); address.IsValid() {
			return address
		}
	}
	return addressOf(r.RemoteAddr)
}

// addressOf reads an address with or without a port. It is not valid if the text is none.
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
