package main

import (
	"context"
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// peer is another way to tell who is there, set up as its documentation recommends.
type peer struct {
	checking, issuing string // what is done; issuing may be empty
	issue             func(*apitoken.Identity) (credential, error)
	check             func(*credential) error

	keeps bool // what it has issued
	least int  // how many times as long as Authenticate it is to take; 0: no matter
}

// credential is what somebody presents in place of a token, and what the answer has to be.
type credential struct{ text, answer string }

func (c *credential) is(answer string) error {
	if answer != c.answer {
		return errWrong
	}
	return nil
}

// peers are all of them. Those that look nothing up, which are the keyed hash, the JWTs and the cookies, cannot revoke one by one.
// Those that are quicker than Authenticate keep the texts as they are, so whoever reads their memory can present them.
func peers() ([]peer, error) {
	all := []peer{plainMap(), scsFind(), keyedHash()}
	signings, err := signings()
	if err != nil {
		return nil, err
	}
	for _, s := range signings {
		all = append(all, s.peer())
	}
	return append(all, scsLoad(), cookie("HMAC", nil), cookie("HMAC and AES", randomKey(32))), nil
}

// besidePeers compares Authenticate with all of them.
func (p *population) besidePeers(context.Context) (group, error) {
	all, err := peers()
	if err != nil {
		return group{}, err
	}
	return p.beside(all)
}

// besideAimed compares it with those that there is an aim for.
func (p *population) besideAimed(context.Context) (group, error) {
	return p.beside([]peer{hs256().peer(), scsLoad()})
}

func (p *population) beside(others []peer) (group, error) {
	presented := p.hottest()
	g := group{
		title: fmt.Sprintf("Authenticate in memory beside %d others, %d tokens or sessions, %d hot", len(others), len(p.all), len(presented)),
		cases: []benchCase{{name: "measure: Authenticate", run: inTurn(presented, authenticated(context.Background(), p.m))}},
		close: func() error { return nil },
	}
	for i, other := range others {
		credentials, err := p.credentials(presented, other)
		if err != nil {
			return group{}, fmt.Errorf("%s: %w", other.checking, err)
		}
		g.cases = append(g.cases, benchCase{name: other.checking, run: inTurn(credentials, other.check)})
		if other.least > 0 {
			name := fmt.Sprintf("memory: Authenticate to %s, at most a %dth", other.checking, other.least)
			g.aims = append(g.aims, aim{name: name, of: 0, against: i + 1, most: 1 / float64(other.least)})
		}
	}
	warm(g.cases)
	return g, nil
}

// credentials are what a peer issues for these tokens. One that keeps what it has issued issues for all others as well.
func (p *population) credentials(presented []bearer, other peer) ([]credential, error) {
	wanted := map[apitoken.TokenID]bool{}
	for _, t := range presented {
		wanted[t.id] = true
	}
	of := presented
	if other.keeps {
		of = p.all
	}
	var all []credential
	for _, t := range of {
		c, err := other.issue(p.identity(t))
		if err != nil {
			return nil, err
		}
		if wanted[t.id] {
			all = append(all, c)
		}
	}
	return all, other.refuses(all)
}

// refuses makes sure that the peer looks at all of what it is shown: of each credential it takes another character, and changes it.
func (p peer) refuses(issued []credential) error {
	for i, c := range issued {
		at := i % len(c.text)
		wrong := credential{c.text[:at] + another(c.text[at]) + c.text[at+1:], c.answer}
		if p.check(&wrong) == nil {
			return fmt.Errorf("it takes what it has not issued, another byte at %d of %d", at, len(c.text))
		}
	}
	return nil
}

// another is a character of base64 that has another first bit. Of the last of a text the other bits may not matter.
func another(c byte) string {
	if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'f' {
		return "g"
	}
	return "A"
}
