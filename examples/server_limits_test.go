package examples_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestServerLimitsTriesUnderAName(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "tries.db"))
	bob, admin := s.logins["BOB"], s.logins["ADMIN"]
	own := s.browser(t)
	own.signIn(t, 303, bob)
	own.do(t, 303, "POST", "/sign-out", "")

	stranger := s.browser(t)
	stranger.signIn(t, 303, admin) // so that admin counts by browser: by name it may share a counter with one of those below
	stranger.do(t, 303, "POST", "/sign-out", "")
	for _, name := range []string{"bob", "nobody"} {
		p := stranger.exhaust(t, name)
		if !regexp.MustCompile(`^[1-3]$`).MatchString(p.Header.Get("Retry-After")) ||
			!strings.Contains(p.text, "Try again in "+p.Header.Get("Retry-After")+" seconds.") {
			t.Errorf("Retry-After is %q, and the page is\n%s", p.Header.Get("Retry-After"), p.text)
		}
	}
	own.signIn(t, 303, bob) // this browser has an earlier sign-in of bob
	stranger.signIn(t, 303, admin)
	s.stop(t, os.Interrupt)
}

// exhaust sends many wrong passwords at once, and returns the page that refuses one of them as too many.
func (b *browser) exhaust(t *testing.T, name string) (tooMany page) {
	t.Helper()
	form := url.Values{"name": {name}, "password": {"wrong"}}.Encode()
	pages := make(chan page, 50)
	var all sync.WaitGroup
	for range cap(pages) {
		all.Go(func() {
			resp, err := b.client.Post(b.url+"/sign-in", "application/x-www-form-urlencoded", strings.NewReader(form))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Error(err)
			}
			pages <- page{resp, string(text)}
		})
	}
	all.Wait()
	close(pages)
	for p := range pages {
		if p.StatusCode == http.StatusTooManyRequests {
			tooMany = p
		}
	}
	if tooMany.Response == nil {
		t.Fatal("50 wrong passwords at once are not too many")
	}
	return tooMany
}

// Wrong passwords, even from the same address, delay the right one by some seconds and do not lock the account. The number of
// wrong passwords that are checked is limited.
func TestServerLimitsTriesWithoutLockingTheAccount(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "delay.db"))
	s.browser(t).exhaust(t, "admin")
	s.expect(t, 200, basic(s.logins["ADMIN"]), "GET", "/admin/api/policy", "")

	statuses := make(chan int, 60)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/admin/api/policy", nil)
			if err != nil {
				t.Error(err)
				return
			}
			req.SetBasicAuth("admin", "wrong")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			statuses <- resp.StatusCode
			_ = resp.Body.Close()
		})
	}
	all.Wait()
	close(statuses)
	got := map[int]int{}
	for status := range statuses {
		got[status]++
	}
	if got[429] < 30 || got[401]+got[429] != 60 {
		t.Errorf("60 wrong passwords at once are answered %v; want most of them 429", got)
	}
	s.stop(t, os.Interrupt)
}

// Only the hash of a password takes 10 ms, on any computer.
func TestServerComputesAHashForUnknownNames(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "time.db"))
	b := s.browser(t)
	for range 3 {
		begun := time.Now()
		b.signIn(t, 403, "nobody:wrong")
		if took := time.Since(begun); took < 10*time.Millisecond {
			t.Errorf("an unknown name is refused after %s: no hash was computed", took)
		}
	}
	s.stop(t, os.Interrupt)
}
