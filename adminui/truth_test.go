package adminui_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// faulty is a store that fails on request.
type faulty struct {
	storetest.Faulty
	reads, writes error // returned by lists of tokens and by writes; CreateToken with ErrUncertain still creates the token
	revokes       int   // the number of tokens, or of pages of them, that can be revoked before writes applies
}

func newFaulty() *faulty {
	s := &faulty{}
	s.Faulty = storetest.Faulty{
		Store: memstore.New(),
		Before: func(_ context.Context, method string) error {
			switch method {
			case "ScanTokens", "TallyTokens":
				return s.reads
			case "RevokeToken":
				if s.revokes--; s.revokes >= 0 {
					return nil
				}
				return s.writes
			case "RevokeTokens":
				if s.revokes--; s.revokes < 0 && s.writes != apitoken.ErrUncertain {
					return s.writes
				}
			case "CreateToken", "RotateToken":
				if s.writes == apitoken.ErrUnavailable {
					return s.writes
				}
			case "CreateUser", "ChangeUser", "ChangeToken", "NarrowToken", "AppendEvents", "PutPolicy":
				return s.writes
			}
			return nil
		},
		After: func(_ context.Context, method string) error {
			if method == "CreateToken" || method == "RotateToken" || method == "RevokeTokens" && s.revokes < 0 {
				return s.writes
			}
			return nil
		},
	}
	return s
}

// newFaultyHost returns a host over a faulty store, and the errors that OnError got.
func newFaultyHost(t *testing.T) (host, *faulty, *[]error) {
	t.Helper()
	store, told := newFaulty(), new([]error)
	return hostOver(t, store, func(o *adminui.Options) {
		o.OnError = func(_ *http.Request, err error) { *told = append(*told, err) }
	}), store, told
}

var ciFor30Days = url.Values{"name": {"ci"}, "lifetime": {days30}}

// The secret cannot be retrieved again.
func TestTheSecretIsShownEvenIfTheListFails(t *testing.T) {
	h, store, told := newFaultyHost(t)
	store.reads = apitoken.ErrUnavailable
	page := h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, ciFor30Days)
	h.says(page, "The token “ci” is generated", "The list cannot be shown at the moment.")
	h.saysNothingOf(page, "Nothing was done")
	identity, err := h.Manager.Authenticate(ctx, secret.FindString(page))
	if err != nil || identity.Token.Name != "ci" {
		t.Errorf("the secret on the page is of the token %v, %v", identity.Token, err)
	}
	if len(*told) != 1 {
		t.Errorf("OnError got %v", *told)
	}
}

func TestAFailingStoreGeneratesNoToken(t *testing.T) {
	h, store, _ := newFaultyHost(t)
	store.writes = apitoken.ErrUnavailable
	h.says(h.form("ada", "/admin/users/bob/tokens", http.StatusServiceUnavailable, ciFor30Days), "No token was generated.")
	if n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}); n != 0 || err != nil {
		t.Errorf("%d tokens, %v", n, err)
	}
}

// The page names the token that may exist, with the button that revokes it.
func TestAnUnknownOutcomeOfGenerateNamesTheToken(t *testing.T) {
	for name, exists := range map[string]bool{"it exists": true, "it does not": false} {
		t.Run(name, func(t *testing.T) {
			h, store, told := newFaultyHost(t)
			store.writes = apitoken.ErrUncertain
			page := h.form("ada", "/admin/users/bob/tokens", http.StatusServiceUnavailable, ciFor30Days)
			h.says(page, "It is not known whether the token “ci” of bob was generated.", "Revoke ci")
			h.saysNothingOf(page, "Nothing was done")
			token := h.onlyToken()
			h.says(page, token.ID.String())
			action := "/admin/tokens/" + token.ID.String() + "/revoke"
			if !strings.Contains(page, `method="post" action="`+action+`"`) || len(*told) != 1 {
				t.Fatalf("the button for %s is missing, or OnError got %v:\n%s", action, *told, page)
			}
			store.writes = nil
			maybe := url.Values{"unknown": {"yes"}}
			if !exists {
				missing := strings.Replace(action, token.ID.String(), "01890a5d-ac96-774b-bcce-b302099a8057", 1)
				h.says(h.form("ada", missing, http.StatusOK, maybe), "There is no such token")
				return
			}
			h.form("ada", action, http.StatusSeeOther, maybe)
			if got := h.onlyToken().Status(h.Manager.Now()); got != apitoken.StatusRevoked {
				t.Errorf("the token is %s", got)
			}
		})
	}
}

func (h host) onlyToken() apitoken.Token {
	h.t.Helper()
	tokens, err := h.Manager.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true})
	if err != nil || len(tokens) != 1 {
		h.t.Fatalf("the tokens are %v, %v, want one", tokens, err)
	}
	return tokens[0]
}

// The page lists the tokens that are still active, with the button that continues.
func TestAPartialBulkRevocation(t *testing.T) {
	for _, tt := range []struct {
		name    string
		err     error
		done    int
		heading string
		says    []string
	}{
		{"at the fourth", apitoken.ErrUnavailable, 3, "3 of 10 tokens revoked", []string{"These 7 are still active.", "Revoke 7 active tokens"}},
		{"at the last", apitoken.ErrUnavailable, 9, "9 of 10 tokens revoked", []string{"This one is still active.", "Revoke 1 active token"}},
		{"at the first", apitoken.ErrUnavailable, 0, "0 of 10 tokens revoked", []string{"These 10 are still active.", "Revoke 10 active tokens"}},
		{"at the fourth, unknown", apitoken.ErrUncertain, 3, "3 of 10 tokens revoked", []string{"It is not known whether “t3” of bob was revoked. The other 6 are still active."}},
		{"at the last, unknown", apitoken.ErrUncertain, 9, "9 of 10 tokens revoked", []string{"It is not known whether “t9” of bob was revoked."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, store, told := newFaultyHost(t)
			form := url.Values{"confirmed": {"yes"}}
			for i := range 10 {
				form.Add("id", h.generate(fmt.Sprint("t", i)).ID.String())
			}
			store.revokes, store.writes = tt.done, tt.err
			page := h.form("ada", "/admin/tokens/revoke", http.StatusServiceUnavailable, form)
			h.says(page, append(tt.says, tt.heading)...)
			h.saysNothingOf(page, "Nothing was done")
			for i := range 10 {
				row, button := fmt.Sprintf(`<bdi>t%d</bdi> <span`, i), `name="id" value="`+form["id"][i]+`"`
				if want := i >= tt.done; strings.Contains(page, row) != want || strings.Contains(page, button) != want {
					t.Errorf("t%d is listed: %t, has a button: %t, want %t", i, strings.Contains(page, row), strings.Contains(page, button), want)
				}
			}
			if !strings.Contains(page, `name="confirmed" value="yes"`) || len(*told) != 1 {
				t.Errorf("the button asks again, or OnError got %v", *told)
			}
			store.writes = nil
			h.says(h.form("ada", "/admin/tokens/revoke", http.StatusOK, form), fmt.Sprint(10-tt.done), "revoked.")
		})
	}
}

// The page names what may have changed, and offers to repeat it.
func TestUnknownOutcomes(t *testing.T) {
	h, store, told := newFaultyHost(t)
	token := h.generate("ci")
	store.writes = apitoken.ErrUncertain
	page := h.form("ada", "/admin/tokens/"+token.ID.String()+"/revoke", http.StatusServiceUnavailable, nil)
	h.says(page, "It is not known whether the token “ci” of bob was revoked.", token.ID.String(), "Revoke ci")
	page = h.form("ada", "/admin/users/bob/revoke-all", http.StatusServiceUnavailable, nil)
	h.says(page, "It is not known whether all tokens of bob were revoked.", "Revoke all tokens")
	if !strings.Contains(page, `action="/admin/users/bob/revoke-all"`) {
		t.Errorf("the button is missing:\n%s", page)
	}
	page = h.form("ada", "/admin/policy", http.StatusServiceUnavailable, url.Values{"max": {"30"}, "revision": {"0"}, "confirmed": {"yes"}})
	h.says(page, "It is not known whether the maximum was set to 30 days.", "In force No expiration")
	if len(*told) != 3 {
		t.Errorf("OnError got %v", *told)
	}
}

// What became of a change is said even if the tokens beyond the policy cannot be counted.
func TestAnUnknownMaximumIsSaidWithoutANumber(t *testing.T) {
	h, store, _ := newFaultyHost(t)
	h.setMax(apitoken.Days(90))
	store.reads, store.writes = apitoken.ErrUnavailable, apitoken.ErrUncertain
	page := h.form("ada", "/admin/policy", http.StatusServiceUnavailable, url.Values{"max": {"30"}, "revision": {"1"}, "confirmed": {"yes"}})
	h.says(page, "It is not known whether the maximum was set to 30 days.", "In force 90 days")
	h.saysNothingOf(page, "longer lifetime than it permits")
	if w := h.send("ada", http.MethodGet, "/admin/policy", nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without a change, the page is answered %d, want 503", w.Code)
	}
}

// A refusal is a refusal even if its event may not have been recorded.
func TestARefusalIsNotAnUnknownOutcome(t *testing.T) {
	h, store, _ := newFaultyHost(t)
	token := h.generate("ci")
	store.writes = apitoken.ErrUncertain
	for path, want := range map[string]int{"/users/bob/tokens": 403, "/users/bob/revoke-all": 403, "/tokens/" + token.ID.String() + "/revoke": 404} {
		page := h.form("carol", "/admin"+path, want, ciFor30Days)
		h.saysNothingOf(page, "not known")
	}
}
