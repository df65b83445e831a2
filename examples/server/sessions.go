package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// sessionLifetime is how long somebody stays signed in, whatever he does. The browser forgets him earlier if it is closed.
const sessionLifetime = 12 * time.Hour

// sessions are who is signed in. The browser has 256 random bits in a cookie; the table has their SHA-256, so that a reader of
// the database cannot sign in with it.
//
// A session is good for one epoch of its user: DisableUser and RevokeAll begin the next one. So a session ends with the
// user's tokens, also if the user is enabled again before the browser asks for anything.
type sessions struct {
	db     database
	secure bool // browsers show the cookie over HTTPS alone
}

// cookie is the cookie of a session. With the prefix of its name a browser takes it over HTTPS alone, and from this host and
// none beside it.
func (s sessions) cookie(id string) *http.Cookie {
	name := "session"
	if s.secure {
		name = "__Host-session"
	}
	return &http.Cookie{Name: name, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure}
}

// begin signs a user in, as read before the decision, with a session that is new whatever the browser has shown.
func (s sessions) begin(ctx context.Context, user apitoken.User) (*http.Cookie, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // it never fails
	id := base64.RawURLEncoding.EncodeToString(random)
	now := time.Now()
	if err := s.db.exec(ctx, `DELETE FROM user_sessions WHERE ends_at <= ?`, now.UnixMicro()); err != nil {
		return nil, fmt.Errorf("forget old sessions: %w", err)
	}
	err := s.db.exec(ctx, `INSERT INTO user_sessions (digest, name, epoch, ends_at) VALUES (?, ?, ?, ?)`,
		digest(id), string(user.ID), user.Epoch, now.Add(sessionLifetime).UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("begin a session: %w", err)
	}
	return s.cookie(id), nil
}

// user is whose session the request shows, or empty, and the epoch that it is good for.
func (s sessions) user(r *http.Request) (name string, epoch int64, err error) {
	cookie, err := r.Cookie(s.cookie("").Name)
	if err != nil {
		return "", 0, nil
	}
	err = s.db.row(r.Context(), `SELECT name, epoch FROM user_sessions WHERE digest = ? AND ends_at > ?`,
		digest(cookie.Value), time.Now().UnixMicro()).Scan(&name, &epoch)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", 0, fmt.Errorf("read a session: %w", err)
	}
	return name, epoch, nil
}

// end ends the session that the request shows, if any.
func (s sessions) end(r *http.Request) error {
	cookie, err := r.Cookie(s.cookie("").Name)
	if err != nil {
		return nil
	}
	if err := s.db.exec(r.Context(), `DELETE FROM user_sessions WHERE digest = ?`, digest(cookie.Value)); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

func digest(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}
