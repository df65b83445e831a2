package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-d6cf0a46/apitoken"
)

// signing is a way to sign a JWT.
type signing struct {
	method          jwt.SigningMethod
	private, public any
}

func hs256() signing {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return signing{jwt.SigningMethodHS256, key, key}
}

// signings are the ways, the quickest to verify first.
func signings() ([]signing, error) {
	onRSA, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	public, onEdwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	onP256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return []signing{
		hs256(),
		{jwt.SigningMethodRS256, onRSA, &onRSA.PublicKey},
		{jwt.SigningMethodES256, onP256, &onP256.PublicKey},
		{jwt.SigningMethodEdDSA, onEdwards, public},
	}, nil
}

// peer is an access token with the claims that RFC 9068 section 2.2 wants, and of these all that section 4 has the server look
// at. Nothing is looked up, so it has no way to know of a revocation.
func (s signing) peer() peer {
	const issuer, audience = "https://accounts.example.com", "https://api.example.com"
	parser := jwt.NewParser(jwt.WithValidMethods([]string{s.method.Alg()}), jwt.WithExpirationRequired(),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience))
	key := func(*jwt.Token) (any, error) { return s.public, nil }
	least := 0
	if s.method == jwt.SigningMethodHS256 {
		least = 15
	}
	return peer{
		checking: "JWT " + s.method.Alg() + " Parse", issuing: "JWT " + s.method.Alg() + " SignedString",
		issue: func(id *apitoken.Identity) (credential, error) {
			c := credential{answer: id.Token.ID.String()}
			var err error
			c.text, err = jwt.NewWithClaims(s.method, jwt.RegisteredClaims{
				Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: string(id.User.ID), ID: c.answer,
				IssuedAt: jwt.NewNumericDate(id.Token.CreatedAt), ExpiresAt: jwt.NewNumericDate(id.Token.ExpiresAt),
			}).SignedString(s.private)
			return c, err
		},
		check: func(c *credential) error {
			var claims jwt.RegisteredClaims
			if _, err := parser.ParseWithClaims(c.text, &claims, key); err != nil {
				return err
			}
			return c.is(claims.ID)
		},
		least: least,
	}
}
