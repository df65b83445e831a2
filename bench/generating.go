package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed-d6cf0a46/apitoken"
)

// generatingInMemory compares Generate with the least that a new token costs, a random text and its hash, and with what it costs
// others to issue something.
func generatingInMemory(ctx context.Context) (group, error) {
	m, all, err := issue(ctx, hot)
	if err != nil {
		return group{}, err
	}
	id, err := m.Authenticate(ctx, all[0].text)
	if err != nil {
		return group{}, err
	}
	others, err := issuers()
	if err != nil {
		return group{}, err
	}
	named := 0
	last := make([]credential, len(others))
	g := group{
		title: "Generate in memory, and what others issue",
		cases: []benchCase{
			{name: "floor: 32 random bytes, base64, SHA-256", run: repeat(func() error {
				if text, digest := randomText(); text == "" || digest == ([32]byte{}) {
					return errWrong
				}
				return nil
			})},
			{name: "Generate", run: repeat(func() error {
				named++
				name := strconv.Itoa(named)
				token, secret, err := m.Generate(context.Background(), apitoken.System(), apitoken.GenerateParams{
					Owner: id.User.ID, Name: name,
				})
				if err == nil && (token.Name != name || secret.Reveal() == "") {
					err = errWrong
				}
				return err
			})},
		},
		after: func() (string, error) {
			for i := range others {
				if err := others[i].check(&last[i]); err != nil {
					return "", fmt.Errorf("%s: %w", others[i].issuing, err)
				}
			}
			return "Generate decides by the policy and keeps the token, its name and an event.", nil
		},
	}
	for i, other := range others {
		g.cases = append(g.cases, benchCase{name: other.issuing, run: repeat(func() (err error) {
			last[i], err = other.issue(&id)
			return err
		})})
	}
	g.close = func() error { return m.Close(ctx) }
	return g, nil
}

//go:noinline
func randomText() (string, [sha256.Size]byte) {
	var random [32]byte
	_, _ = rand.Read(random[:])
	var text [43]byte
	base64.RawURLEncoding.Encode(text[:], random[:])
	return string(text[:]), sha256.Sum256(text[:])
}

// issuers are the peers that issue something of their own.
func issuers() ([]peer, error) {
	all, err := peers()
	return slices.DeleteFunc(all, func(p peer) bool { return p.issuing == "" }), err
}
