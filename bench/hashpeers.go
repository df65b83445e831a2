package main

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/seed-d6cf0a46/apitoken"
)

// keyedHash does what the token/hmac package of ory/fosite does before anything is looked up: the token is a random key and its
// HMAC-SHA-512/256 under a key of the server. It is written anew here, because that package brings two hundred others along.
func keyedHash() peer {
	key := randomKey(32)
	encoding := base64.RawURLEncoding
	mac := func(of []byte) []byte {
		h := hmac.New(sha512.New512_256, key)
		h.Write(of)
		return h.Sum(nil)
	}
	return peer{
		checking: "HMAC-SHA-512/256 as in ory/fosite, nothing looked up", issuing: "token and HMAC-SHA-512/256 as in ory/fosite",
		issue: func(*apitoken.Identity) (credential, error) {
			random := randomKey(32)
			signature := encoding.EncodeToString(mac(random))
			return credential{encoding.EncodeToString(random) + "." + signature, signature}, nil
		},
		check: func(c *credential) error {
			random, signature, _ := strings.Cut(c.text, ".")
			message, err := encoding.DecodeString(random)
			if err != nil {
				return err
			}
			sum, err := encoding.DecodeString(signature)
			if err != nil || !hmac.Equal(sum, mac(message)) {
				return errWrong
			}
			return c.is(signature)
		},
	}
}

// besidePasswords compares Authenticate with hashes that are made to be slow, as some keep their keys. A few tokens are enough for
// these, and a slice that one bcrypt fits in.
func besidePasswords(ctx context.Context) (group, error) {
	const rounds, cost = 10_000, bcrypt.DefaultCost
	m, all, err := issue(ctx, hot)
	if err != nil {
		return group{}, err
	}
	type stored struct {
		text               string
		salt, bcrypt, slow []byte
	}
	var some []stored
	for _, t := range all[:4] {
		s := stored{text: t.text, salt: randomKey(16)}
		if s.bcrypt, err = bcrypt.GenerateFromPassword([]byte(t.text), cost); err != nil {
			return group{}, err
		}
		if s.slow, err = pbkdf2.Key(sha256.New, t.text, s.salt, rounds, sha256.Size); err != nil {
			return group{}, err
		}
		some = append(some, s)
	}
	return group{
		title: "Authenticate in memory beside hashes that are made for passwords, the key to compare with at hand",
		times: 20,
		cases: []benchCase{
			{name: "measure: Authenticate", run: authenticate(context.Background(), m, all)},
			{name: "PBKDF2-HMAC-SHA-256, 10,000 rounds", run: inTurn(some, func(s *stored) error {
				sum, err := pbkdf2.Key(sha256.New, s.text, s.salt, rounds, sha256.Size)
				if err != nil || !hmac.Equal(sum, s.slow) {
					return errWrong
				}
				return nil
			})},
			{name: "bcrypt, cost 10", run: inTurn(some, func(s *stored) error {
				return bcrypt.CompareHashAndPassword(s.bcrypt, []byte(s.text))
			})},
		},
		close: func() error { return m.Close(ctx) },
	}, nil
}
