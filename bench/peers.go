package main

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"

	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	scsmemory "github.com/alexedwards/scs/v2/memstore"
	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-d6cf0a46/apitoken"
)

// besidePeers compares Authenticate with what a host would take instead.
func (p *population) besidePeers(context.Context) (group, error) {
	presented := p.hottest()
	signer := newSigner()
	texts := make([]string, len(presented))
	for i, t := range presented {
		var err error
		if texts[i], err = signer.issue(t.identity); err != nil {
			return group{}, err
		}
	}
	// The store is as large as the library's. Sessions do not expire during the run, so no goroutine removes them.
	sessions, err := newSessions(scsmemory.NewWithCleanupInterval(0), len(p.all))
	if err != nil {
		return group{}, err
	}
	g := group{
		title: fmt.Sprintf("Authenticate beside JWT and session, %d hot of %d", len(presented), len(p.all)),
		cases: []benchCase{
			{
				name: "floor: Authenticate", run: authenticate(context.Background(), p.m, presented),
				aims: []aim{{against: 1, most: 1.0 / 15}, {against: 2, most: 1.0 / 50}},
			},
			{name: "JWT HS256", run: inTurn(texts, func(text *string) error {
				_, err := signer.check(*text)
				return err
			})},
			{name: "scs Load", run: inTurn(sessions.keys[:len(presented)], sessions.load)},
		},
	}
	warm(g.cases)
	return g, nil
}

// signer issues and verifies access tokens with the claims of RFC 9068 section 2.2. It looks nothing up, so it cannot know of
// a revocation.
type signer struct {
	key    []byte
	parser *jwt.Parser
}

const issuer, audience = "https://accounts.example.com", "https://api.example.com"

func newSigner() signer {
	key := make([]byte, 32)
	_, _ = crand.Read(key)
	return signer{key, jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience))}
}

func (s signer) issue(id *apitoken.Identity) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: string(id.User.ID), ID: id.Token.ID.String(),
		IssuedAt: jwt.NewNumericDate(id.Token.CreatedAt), ExpiresAt: jwt.NewNumericDate(id.Token.ExpiresAt),
	}).SignedString(s.key)
}

// check returns the subject of a valid token.
func (s signer) check(text string) (subject string, err error) {
	var claims jwt.RegisteredClaims
	_, err = s.parser.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return s.key, nil })
	return claims.Subject, err
}

// sessions are what a host would keep with scs.
type sessions struct {
	manager *scs.SessionManager
	keys    []string
}

const signedIn = "user-1"

// newSessions starts n sessions as a sign-in does.
func newSessions(store scs.Store, n int) (*sessions, error) {
	s := &sessions{manager: scs.New()}
	s.manager.Store = store
	for range n {
		ctx, err := s.manager.Load(context.Background(), "")
		if err != nil {
			return nil, err
		}
		s.manager.Put(ctx, "user", signedIn)
		s.manager.Put(ctx, "role", "member")
		key, _, err := s.manager.Commit(ctx)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, key)
	}
	rand.Shuffle(n, func(i, j int) { s.keys[i], s.keys[j] = s.keys[j], s.keys[i] })
	return s, nil
}

// load is what the middleware of scs does with a request that only reads.
func (s *sessions) load(key *string) error {
	ctx, err := s.manager.Load(context.Background(), *key)
	if err == nil && s.manager.GetString(ctx, "user") != signedIn {
		err = errWrong
	}
	return err
}

// sessionTables create the table that the store of each driver asks for.
var sessionTables = map[string]string{
	"sqlite": `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`,
	"pgx":    `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`,
	"mysql":  `CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)`,
}

// sessionsInDatabase starts n sessions in the database of the host.
func (h *host) sessionsInDatabase(ctx context.Context, n int) (*sessions, error) {
	if _, err := h.db.ExecContext(ctx, sessionTables[h.driver]); err != nil {
		return nil, err
	}
	var store scs.Store
	switch h.driver {
	case "sqlite":
		store = sqlite3store.NewWithCleanupInterval(h.db, 0)
	case "pgx":
		store = postgresstore.NewWithCleanupInterval(h.db, 0)
	case "mysql":
		store = mysqlstore.NewWithCleanupInterval(h.db, 0)
	}
	return newSessions(store, n)
}
