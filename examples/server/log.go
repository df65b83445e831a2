package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// redacting is a writer that redacts all tokens.
type redacting struct {
	apitoken.Scanner
	to io.Writer
}

func (r redacting) Write(line []byte) (int, error) {
	_, err := io.WriteString(r.to, r.Redact(string(line)))
	return len(line), err
}

func newLog(to io.Writer, o options) (*slog.Logger, error) {
	scanner, err := apitoken.NewScanner(o.prefix)
	if err != nil {
		return nil, err
	}
	return slog.New(slog.NewTextHandler(redacting{scanner, to}, &slog.HandlerOptions{Level: o.level})), nil
}

// observer logs every decision of the library.
type observer struct{ *slog.Logger }

func (l observer) Observe(ctx context.Context, o apitoken.Observation) {
	if l.Enabled(ctx, slog.LevelDebug) {
		l.LogAttrs(ctx, slog.LevelDebug, "apitoken", o.LogValue().Group()...)
	}
}

// entry is what the log says about a request beyond its method and path.
type entry struct{ id, user string }

type entryKey struct{}

// note sets the user of the request for the log.
func note(r *http.Request, user string) {
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		e.user = user
	}
}

// requestID returns the ID of a request in the log and in the events.
func requestID(r *http.Request) string {
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		return e.id
	}
	return ""
}

// logged logs a line for each request. It leaves out the header, the body and the query, which may have secrets.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, e, answer := time.Now(), &entry{id: rand.Text()}, &answer{ResponseWriter: w, status: http.StatusOK}
		defer func() { // so that a panic is logged, too
			attrs := []slog.Attr{
				slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", answer.status), slog.Duration("duration", time.Since(begun)),
			}
			if e.user != "" {
				attrs = append(attrs, slog.String("user", e.user))
			}
			log.LogAttrs(r.Context(), slog.LevelInfo, "request", append(attrs, slog.String("id", e.id))...)
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), entryKey{}, e)))
	})
}

// answer remembers the status of the response.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
