package tokentest

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// maxLogged is how many refusals a Kit logs. A benchmark or a loop may cause millions.
const maxLogged = 100

// secrets matches the secret part of a token, also one that an error quotes in part: arguments get mixed up in tests.
var secrets = regexp.MustCompile(`_[0-9A-Za-z]{20,}`)

// refusals logs to the test why the Manager refused something, which an answer such as 401 does not tell.
type refusals struct {
	t     testing.TB
	next  apitoken.Observer // the host's own; may be nil
	mu    sync.Mutex
	n     int
	ended bool // logging to a test that has ended would panic
}

func (r *refusals) Observe(ctx context.Context, o apitoken.Observation) {
	if r.next != nil {
		r.next.Observe(ctx, o)
	}
	if _, fuzz := r.t.(*testing.F); o.Err == nil || fuzz { // inside a fuzz target only its own T may log
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || r.n > maxLogged {
		return
	}
	r.n++
	if r.n > maxLogged {
		r.t.Logf("tokentest: more than %d refusals; the others are not logged", maxLogged)
		return
	}
	r.t.Logf("tokentest: %s", secrets.ReplaceAllString(describe(o), "_REDACTED"))
}

// end ends the logging.
func (r *refusals) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}

// describe says what was refused and why: "token.authenticate refused (expired): token expired, owner bob, token 0190...".
func describe(o apitoken.Observation) string {
	var b strings.Builder
	b.WriteString(string(o.Action) + " " + string(o.Outcome) + " (" + apitoken.Reason(o.Err) + "): " + o.Err.Error())
	for _, part := range []struct{ name, value string }{
		{"actor", string(o.Actor.Kind)}, {"user", string(o.Actor.User)}, {"owner", string(o.Owner)},
	} {
		if part.value != "" {
			b.WriteString(", " + part.name + " " + part.value)
		}
	}
	if o.Token != (apitoken.TokenID{}) {
		b.WriteString(", token " + o.Token.String())
	}
	return b.String()
}
