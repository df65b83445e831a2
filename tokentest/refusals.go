package tokentest

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// maxLogged is the number of refusals that a Kit logs. A benchmark or a loop may cause millions.
const maxLogged = 100

// secretPart matches the secret of a token, also if only a part of it is there: a test that mixes up its arguments gets it into
// an error.
var secretPart = regexp.MustCompile(`_[0-9A-Za-z]{20,}`)

// refusalLog logs to the test why the Manager refused something, which a response such as 401 does not tell.
type refusalLog struct {
	t     testing.TB
	next  apitoken.Observer // the Observer of the options; may be nil
	mu    sync.Mutex
	n     int
	ended bool // logging to a test that has ended panics
}

func (r *refusalLog) Observe(ctx context.Context, o apitoken.Observation) {
	if r.next != nil {
		r.next.Observe(ctx, o)
	}
	if _, fuzz := r.t.(*testing.F); o.Err == nil || fuzz { // inside a fuzz target only the T of the target may log
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || r.n > maxLogged {
		return
	}
	r.n++
	if r.n > maxLogged {
		r.t.Logf("tokentest: more than %d refusals; further ones are not logged", maxLogged)
		return
	}
	r.t.Logf("tokentest: %s", secretPart.ReplaceAllString(describe(o), "_REDACTED"))
}

// end stops the logging.
func (r *refusalLog) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}

// describe returns what was refused and why: "token.authenticate refused (expired): token expired, owner bob, token 0190...".
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
