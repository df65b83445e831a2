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

// sessionLifetime is the lifetime of a session. Activity does not extend it. The cookie is gone earlier if the browser is closed.
const sessionLifetime = 12 * time.Hour

// sessions are the sessions of this host. The browser has 256 random bits in a cookie. The table has their SHA-256, so a reader
// of the database cannot use it to sign in.
//
// A session is valid for one epoch of its user. DisableUser and RevokeAll begin the next epoch. So a session ends with the
// tokens of its user, even if the user is enabled again before the browser sends the next request.
type sessions struct {
	db     database
	secure bool // browsers send the cookie over HTTPS only
}

// cookie returns the cookie of a session. The prefix __Host- makes a browser accept it over HTTPS only, and only from this host.
func (s sessions) cookie(id string) *http.Cookie {
	name := "session"
	if s.secure {
		name = "__Host-session"
	}
	return &http.Cookie{Name: name, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure}
}

// begin begins a session. Its id is always new, whatever cookie the browser sent. user is as read before the sign-in was decided.
func (s sessions) begin(ctx context.Context, user apitoken.User) (*http.Cookie, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // it never fails
	id := base64.RawURLEncoding.EncodeToString(random)
	now := time.Now()
	if err := s.db.exec(ctx, `DELETE FROM user_sessions WHERE ends_at <= ?`, now.UnixMicro()); err != nil {
		return nil, fmt.Errorf("delete expired sessions: %w", err)
	}
	err := s.db.exec(ctx, `INSERT INTO user_sessions (digest, name, epoch, ends_at) VALUES (?, ?, ?, ?)`,
		digest(id), string(user.ID), user.Epoch, now.Add(sessionLifetime).UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("begin a session: %w", err)
	}
	return s.cookie(id), nil
}

// user returns the user and the epoch of the session of a request. The name is empty if there is none.
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

// end ends the session of the request, if any.
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
