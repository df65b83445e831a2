package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemory "github.com/alexedwards/scs/v2/memstore"
	"github.com/gorilla/securecookie"

	"github.com/seed-d6cf0a46/apitoken"
)

// What a session holds of who is there.
const (
	sessionUser = "user"
	sessionID   = "id"
)

// scsLoad is what the middleware of alexedwards/scs does with each request, on the store that it comes with.
func scsLoad() peer {
	m := newSCS()
	return peer{
		checking: "scs SessionManager.Load", issuing: "scs session, kept in memory",
		issue: scsIssue(m),
		check: func(c *credential) error {
			ctx, err := m.Load(context.Background(), c.text)
			if err != nil {
				return err
			}
			return c.is(m.GetString(ctx, sessionID))
		},
		keeps: true,
		least: 50,
	}
}

// scsFind is its store alone, which gives the bytes of the session.
func scsFind() peer {
	m := newSCS()
	issue := scsIssue(m)
	return peer{
		checking: "scs Store.Find, nothing decoded",
		issue: func(id *apitoken.Identity) (credential, error) {
			c, err := issue(id)
			if err != nil {
				return c, err
			}
			session, _, err := m.Store.Find(c.text)
			return credential{c.text, string(session)}, err
		},
		check: func(c *credential) error {
			session, found, err := m.Store.Find(c.text)
			if err != nil || !found {
				return errWrong
			}
			return c.is(string(session))
		},
		keeps: true,
	}
}

// newSCS has the defaults but for the goroutine that removes expired sessions once a minute: none expires here.
func newSCS() *scs.SessionManager {
	m := scs.New()
	m.Store = scsmemory.NewWithCleanupInterval(0)
	return m
}

// scsIssue begins a session as a login does.
func scsIssue(m *scs.SessionManager) func(*apitoken.Identity) (credential, error) {
	return func(id *apitoken.Identity) (credential, error) {
		ctx, err := m.Load(context.Background(), "")
		if err != nil {
			return credential{}, err
		}
		answer := id.Token.ID.String()
		m.Put(ctx, sessionUser, string(id.User.ID))
		m.Put(ctx, sessionID, answer)
		text, _, err := m.Commit(ctx)
		return credential{text, answer}, err
	}
}

// cookie is a session that the browser keeps.
func cookie(how string, blockKey []byte) peer {
	const name = "session"
	s := securecookie.New(randomKey(64), blockKey)
	return peer{
		checking: "securecookie Decode, " + how, issuing: "securecookie Encode, " + how,
		issue: func(id *apitoken.Identity) (credential, error) {
			answer := id.Token.ID.String()
			text, err := s.Encode(name, map[string]string{sessionUser: string(id.User.ID), sessionID: answer})
			return credential{text, answer}, err
		},
		check: func(c *credential) error {
			value := make(map[string]string)
			if err := s.Decode(name, c.text, &value); err != nil {
				return err
			}
			return c.is(value[sessionID])
		},
	}
}

// plainMap keeps what it has issued as it is.
func plainMap() peer {
	var mu sync.RWMutex
	byText := map[string]*apitoken.Identity{}
	lookup := func(text string) (apitoken.Identity, bool) {
		mu.RLock()
		id := byText[text]
		mu.RUnlock()
		if id == nil || !id.Token.ExpiresAt.IsZero() && !time.Now().Before(id.Token.ExpiresAt) {
			return apitoken.Identity{}, false
		}
		return *id, true
	}
	return peer{
		checking: "map of the texts behind a sync.RWMutex, clock, copy",
		issue: func(id *apitoken.Identity) (credential, error) {
			text := base64.RawURLEncoding.EncodeToString(randomKey(32))
			mu.Lock()
			byText[text] = id
			mu.Unlock()
			return credential{text, string(id.Token.ID[:])}, nil
		},
		check: func(c *credential) error {
			id, ok := lookup(c.text)
			if !ok {
				return errWrong
			}
			return c.is(string(id.Token.ID[:]))
		},
		keeps: true,
	}
}

func randomKey(n int) []byte {
	key := make([]byte, n)
	_, _ = rand.Read(key)
	return key
}
