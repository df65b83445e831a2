package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// sink is a mail server that keeps what it gets.
type sink struct {
	address string

	mu    sync.Mutex
	mails map[string][]string // the bodies, by recipient
	busy  bool
}

func newSink(t *testing.T) *sink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{address: listener.Addr().String(), mails: map[string][]string{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{sink: s}, nil }))
	server.Domain, server.AllowInsecureAuth = "localhost", true
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close()); err != nil {
			t.Error(err)
		}
		<-served
	})
	return s
}

// session is one connection of a client.
type session struct {
	sink *sink
	to   string
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	if s.sink.busy {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "busy"}
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "gone@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.mails[s.to] = append(s.sink.mails[s.to], string(text))
	return nil
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

func (s *sink) setBusy(busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = busy
}

// counts returns how many mails each recipient got.
func (s *sink) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for to, mails := range s.mails {
		counts[to] = len(mails)
	}
	return counts
}

// replicas returns mailers that each have their own Manager and connection to one database.
func replicas(t *testing.T, n int, s *sink) ([]mailer, *clock.Mock) {
	t.Helper()
	file, now := filepath.Join(t.TempDir(), "tokens.db"), clock.NewMock()
	now.Set(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
	var all []mailer
	for range n {
		db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
		must(t, err)
		t.Cleanup(func() { _ = db.Close() })
		store, err := sqlstore.New(db, sqlstore.SQLite, nil)
		must(t, err)
		must(t, store.Migrate(t.Context()))
		m, err := apitoken.New(store, &apitoken.Options{Clock: now})
		must(t, err)
		t.Cleanup(func() { _ = m.Close(context.Background()) })
		all = append(all, mailer{manager: m, server: s.address, from: "tokens@example.com", addressOf: addressOf, log: slog.New(slog.DiscardHandler)})
	}
	return all, now
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func generate(t *testing.T, m mailer, owner apitoken.UserID, name string) {
	t.Helper()
	_, err := m.manager.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: owner})
	must(t, err)
	_, _, err = m.manager.Generate(t.Context(), apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name, Lifetime: apitoken.Days(40)})
	must(t, err)
}

// Each of three replicas looks at the same time. Everybody gets one mail a step.
func TestThreeReplicasSendEachNoticeOnce(t *testing.T) {
	s := newSink(t)
	all, now := replicas(t, 3, s)
	want := map[string]int{}
	for i := range 30 {
		id := fmt.Sprintf("user%d@example.com", i)
		generate(t, all[0], apitoken.UserID(id), "ci")
		want[id] = 3
	}
	for _, days := range []int{0, 12, 23, 5, 3} { // 30, 7 and 1 day before the expiry are passed
		now.Add(apitoken.Days(days))
		var looking sync.WaitGroup
		for _, m := range all {
			looking.Go(func() {
				if _, err := m.sendDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		looking.Wait()
		if _, err := all[0].sendDue(t.Context()); err != nil { // what two have read and only one has leased
			t.Error(err)
		}
	}
	if diff := cmp.Diff(want, s.counts()); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// Somebody without an address, or with one that is refused, gets nothing and holds up nobody.
func TestNobodyIsHeldUpByOthers(t *testing.T) {
	s := newSink(t)
	all, now := replicas(t, 1, s)
	for _, id := range []apitoken.UserID{"nobody", "gone@example.com", "bob@example.com"} {
		generate(t, all[0], id, "ci")
	}
	now.Add(apitoken.Days(35))
	for range 3 {
		_, err := all[0].sendDue(t.Context())
		must(t, err)
		now.Add(11 * time.Minute)
	}
	if diff := cmp.Diff(map[string]int{"bob@example.com": 1}, s.counts()); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

func TestANoticeIsSentOnceTheServerTakesIt(t *testing.T) {
	s := newSink(t)
	all, now := replicas(t, 1, s)
	generate(t, all[0], "bob@example.com", "nächtlich")
	now.Add(apitoken.Days(35))
	s.setBusy(true)
	for _, after := range []time.Duration{0, 9 * time.Minute} {
		now.Add(after)
		if mails, err := all[0].sendDue(t.Context()); mails != 0 || err != nil {
			t.Errorf("%d mails to a server that is busy, %v", mails, err)
		}
	}
	s.setBusy(false)
	now.Add(time.Minute)
	if mails, err := all[0].sendDue(t.Context()); mails != 1 || err != nil {
		t.Errorf("%d mails once the server takes them, %v, want 1", mails, err)
	}
	text := s.mails["bob@example.com"][0]
	for _, part := range []string{"Subject: =?utf-8?q?The_token_\"n=C3=A4chtlich\"_expires_on_2026-04-10?=", "To: bob@example.com", "10 Apr 2026 12:00:00 UTC"} {
		if !strings.Contains(text, part) {
			t.Errorf("the mail does not say %q:\n%s", part, text)
		}
	}
}
