package adminapi_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

const (
	keyHeader       = "Github-Public-Key-Identifier"
	signatureHeader = "Github-Public-Key-Signature"
)

// scanner signs reports. Its key has the id "key-1".
type scanner struct{ private *ecdsa.PrivateKey }

func newScanner(t testing.TB) scanner { return scannerOn(t, elliptic.P256()) }

func scannerOn(t testing.TB, curve elliptic.Curve) scanner {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	return scanner{private}
}

// keys knows the scanner's key only.
func (s scanner) keys(_ context.Context, id string) (*ecdsa.PublicKey, error) {
	if id != "key-1" {
		return nil, apitoken.ErrNotFound
	}
	return &s.private.PublicKey, nil
}

func (s scanner) signature(t testing.TB, body string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	signature, err := ecdsa.SignASN1(rand.Reader, s.private, sum[:])
	must(t, err)
	return base64.StdEncoding.EncodeToString(signature)
}

// request is a signed report.
func (s scanner) request(t testing.TB, body string) *http.Request {
	t.Helper()
	return scanRequest("key-1", s.signature(t, body), body)
}

func scanRequest(id, signature, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/secret-scanning", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(keyHeader, id)
	r.Header.Set(signatureHeader, signature)
	return r
}

func scanning(t testing.TB, m *apitoken.Manager, opts adminapi.SecretScanningOptions) http.Handler {
	t.Helper()
	h, err := adminapi.SecretScanning(m, &opts)
	must(t, err)
	return h
}

// match is one object of a report.
func match(text string) string {
	object, _ := json.Marshal(map[string]string{
		"token": text, "type": "acme_api_token", "url": "https://github.com/acme/web/blob/9f3c/.env?x=y", "source": "content",
	})
	return string(object)
}

func report(texts ...string) string {
	objects := make([]string, 0, len(texts))
	for _, text := range texts {
		objects = append(objects, match(text))
	}
	return "[" + strings.Join(objects, ",") + "]"
}

type label struct {
	TokenHash string `json:"token_hash"`
	TokenType string `json:"token_type"`
	Label     string `json:"label"`
}

func labelOf(text, verdict string) label {
	sum := sha256.Sum256([]byte(text))
	return label{hex.EncodeToString(sum[:]), "acme_api_token", verdict}
}

func eventsOf(t testing.TB, m *apitoken.Manager) (all []apitoken.Event) {
	t.Helper()
	for e, err := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{}) {
		must(t, err)
		all = append(all, e)
	}
	return all
}

func TestAReportRevokesEveryTokenAndLabelsEveryText(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	dead := inactiveTokens(t, tt)
	active, other := tt.Token("bob"), tt.Token("carol2")
	texts := []struct{ text, label string }{
		{active, "true_positive"}, {dead["unknown"], "false_positive"}, {other, "true_positive"}, {active, "true_positive"},
		{dead["revoked"], "true_positive"}, {dead["revoked with all"], "true_positive"}, {dead["disabled"], "true_positive"},
		{dead["expired"], "true_positive"}, {"x", "false_positive"}, {"", "false_positive"},
		{"token=" + active, "false_positive"}, {active + "\n", "false_positive"}, {strings.Repeat("x", 10000), "false_positive"},
	}
	var reported []string
	var want []label
	for _, x := range texts {
		reported, want = append(reported, x.text), append(want, labelOf(x.text, x.label))
	}
	before := len(eventsOf(t, tt.Manager))
	origin := apitoken.Origin{RequestID: "req-7"}
	h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: s.keys, Origin: func(*http.Request) apitoken.Origin { return origin }})
	w := respond(h, s.request(t, report(reported...)))
	wantStatus(t, http.StatusOK, w)
	if diff := cmp.Diff(want, decode[[]label](t, w)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	for _, text := range reported {
		if _, err := tt.Manager.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnauthenticated) {
			t.Errorf("Authenticate: %v, want ErrUnauthenticated", err)
		}
		if len(text) > 20 && strings.Contains(w.Body.String(), text) {
			t.Error("the response contains the text")
		}
	}
	var got []apitoken.Event
	for _, e := range eventsOf(t, tt.Manager)[before:] {
		got = append(got, apitoken.Event{Action: e.Action, Outcome: e.Outcome, Actor: e.Actor, Owner: e.Owner, Reason: e.Reason})
	}
	event := func(owner apitoken.UserID) apitoken.Event {
		return apitoken.Event{
			Action: apitoken.ActionLeaked, Outcome: apitoken.OutcomeDone, Actor: apitoken.System().From(origin), Owner: owner,
			Reason: "found in content at github.com/acme/web/blob/9f3c/.env",
		}
	}
	if diff := cmp.Diff([]apitoken.Event{event("bob"), event("carol2"), event("bob")}, got); diff != "" { // the last one had expired
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAReportMayBeSentAgain(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: s.keys})
	body := report(tt.Token("bob"), "x")
	signature := s.signature(t, body)
	first := respond(h, scanRequest("key-1", signature, body))
	wantStatus(t, http.StatusOK, first)
	events := eventsOf(t, tt.Manager)
	for range 3 {
		if diff := cmp.Diff(clientView(first), clientView(respond(h, scanRequest("key-1", signature, body)))); diff != "" {
			t.Errorf("the response to the same report (-first +again):\n%s", diff)
		}
	}
	if diff := cmp.Diff(events, eventsOf(t, tt.Manager)); diff != "" {
		t.Errorf("events (-first +again):\n%s", diff)
	}
}

// What a scanner may leave out or add.
func TestFormsOfAReport(t *testing.T) {
	for name, body := range map[string]string{
		"only what is required":    `[{"token": %q, "type": ""}]`,
		"null":                     `[{"token": %q, "type": "x", "url": null, "source": null}]`,
		"empty":                    `[{"token": %q, "type": "x", "url": "", "source": ""}]`,
		"an address that is none":  `[{"token": %q, "type": "x", "url": "some_url", "source": "some_source"}]`,
		"further members":          `[{"line": 7, "commit": {"id": ["a", null]}, "token": %q, "type": "x", "Token": "tok_"}]`,
		"white space":              "\n\t[ {\"token\" :%q,\r\n\"type\":\"x\"} ]\n ",
		"an escaped name":          `[{"\u0074oken": %q, "type": "x"}]`,
		"a type that is no token":  `[{"token": %q, "type": "<script>"}]`,
		"damaged text in a source": `[{"token": %q, "type": "x", "source": "\ud800"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			tt, s := tokentest.New(t), newScanner(t)
			text := tt.Token("bob")
			w := respond(scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: s.keys}), s.request(t, fmt.Sprintf(body, text)))
			wantStatus(t, http.StatusOK, w)
			if labels := decode[[]label](t, w); len(labels) != 1 || labels[0].Label != "true_positive" {
				t.Errorf("the labels are %+v, want one true positive", labels)
			}
			if _, err := tt.Manager.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("Authenticate: %v, want ErrRevoked", err)
			}
		})
	}
	t.Run("no object", func(t *testing.T) {
		tt, s := tokentest.New(t), newScanner(t)
		w := respond(scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: s.keys}), s.request(t, "[]"))
		if diff := cmp.Diff("200\nCache-Control: no-store\nContent-Type: application/json\n[]\n", clientView(w)); diff != "" {
			t.Errorf("the response (-want +got):\n%s", diff)
		}
	})
}

// Other scanners have other names of the headers.
func TestTheHeadersOfAScannerAreOptions(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: s.keys, KeyHeader: "ACME-KEY", SignatureHeader: "acme-signature"})
	good := s.request(t, report(tt.Token("bob")))
	good.Header.Set("Acme-Key", good.Header.Get(keyHeader))
	good.Header.Set("Acme-Signature", good.Header.Get(signatureHeader))
	good.Header.Del(keyHeader)
	good.Header.Del(signatureHeader)
	wantStatus(t, http.StatusOK, respond(h, good))
	p := wantProblem(t, http.StatusBadRequest, "signature_missing", respond(h, s.request(t, "[]")))
	if diff := cmp.Diff("The header Acme-Key is missing.", p.Detail); diff != "" {
		t.Errorf("the detail (-want +got):\n%s", diff)
	}
}

func TestSecretScanningChecksItsOptions(t *testing.T) {
	m, keys := tokentest.New(t).Manager, newScanner(t).keys
	for name, c := range map[string]struct {
		manager *apitoken.Manager
		opts    *adminapi.SecretScanningOptions
		says    string
	}{
		"no manager":     {nil, &adminapi.SecretScanningOptions{Keys: keys}, "the manager is nil"},
		"no options":     {m, nil, "SecretScanningOptions.Keys is nil"},
		"no keys":        {m, &adminapi.SecretScanningOptions{}, "SecretScanningOptions.Keys is nil"},
		"a wrong header": {m, &adminapi.SecretScanningOptions{Keys: keys, KeyHeader: "Key Identifier"}, `KeyHeader is "Key Identifier"`},
		"one header for both": {m, &adminapi.SecretScanningOptions{Keys: keys, KeyHeader: "acme", SignatureHeader: "Acme"},
			`KeyHeader is "Acme" and SignatureHeader "Acme", not two names of headers`},
	} {
		h, err := adminapi.SecretScanning(c.manager, c.opts)
		if h != nil || !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v, want ErrInvalid with %q", name, h, err, c.says)
		}
	}
}

// A store that fails for one text does not keep the others from being revoked. The scanner sends the report again.
func TestAReportGoesOnAfterAFailure(t *testing.T) {
	lost := errors.New("connection reset")
	for name, arrange := range map[string]func(s *faultyStore){
		"the lookup fails":                          func(s *faultyStore) { s.lookup = lost },
		"the write fails":                           func(s *faultyStore) { s.writing = lost },
		"the outcome is unknown, and it was done":   func(s *faultyStore) { s.writing, s.done = errors.Join(apitoken.ErrUncertain, lost), true },
		"the outcome is unknown, and it was not":    func(s *faultyStore) { s.writing = errors.Join(apitoken.ErrUncertain, lost) },
		"the store does not find an active token":   func(s *faultyStore) { s.writing = apitoken.ErrUnavailable },
		"the store is unavailable for both of them": func(s *faultyStore) { s.lookup, s.writing = lost, lost },
	} {
		t.Run(name, func(t *testing.T) {
			store := newFaultyStore()
			tt := tokentest.NewWith(t, apitoken.Options{})
			m, err := apitoken.New(store, &apitoken.Options{Clock: tt.Clock})
			must(t, err)
			t.Cleanup(func() { must(t, m.Close(ctx)) })
			_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"})
			must(t, err)
			var texts []string
			for _, name := range []string{"a", "b"} {
				_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: name})
				must(t, err)
				texts = append(texts, secret.Reveal())
			}
			s := newScanner(t)
			var reported error
			h := scanning(t, m, adminapi.SecretScanningOptions{Keys: s.keys, OnError: func(_ *http.Request, err error) { reported = err }})
			arrange(store)
			store.once = true
			w := respond(h, s.request(t, report(texts...)))
			p := wantProblem(t, http.StatusServiceUnavailable, "unavailable", w)
			if w.Header().Get("Retry-After") == "" || strings.Contains(p.Detail, "Nothing was done") {
				t.Errorf("Retry-After is %q and the problem %s", w.Header().Get("Retry-After"), w.Body)
			}
			if reported == nil || !strings.Contains(reported.Error(), "1 of 2 texts failed") || strings.Contains(reported.Error(), texts[0][4:20]) {
				t.Errorf("OnError got %v, want that 1 of 2 failed", reported)
			}
			if _, err := m.Authenticate(ctx, texts[1]); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("the other token: %v, want ErrRevoked", err)
			}
			wantStatus(t, http.StatusOK, respond(h, s.request(t, report(texts...))))
			if _, err := m.Authenticate(ctx, texts[0]); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("the token after the second report: %v, want ErrRevoked", err)
			}
		})
	}
}

// The scanner closes the connection while its key is fetched.
func TestAReportDoesNotDependOnWhetherTheScannerWaits(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	text := tt.Token("bob")
	ctx, cancel := context.WithCancel(t.Context())
	h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: func(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return s.keys(ctx, id)
	}})
	wantStatus(t, http.StatusOK, respond(h, s.request(t, report(text)).WithContext(ctx)))
	if _, err := tt.Manager.Authenticate(t.Context(), text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("Authenticate: %v, want ErrRevoked", err)
	}
}

// FuzzSecretScanning signs every body. The response is a documented problem, or it has a label for each element of the array; a
// token is revoked only if the array has its text.
func FuzzSecretScanning(f *testing.F) {
	const token = "TOKEN" // stands for the text of a token
	for _, body := range []string{
		report(token), report("x", token, token), "[]", "null", "{}", "[1]", `[{"token":"TOKEN","type":"x"}]`, `[{"token":"TOKEN","type":"x","token":"TOKEN"}]`,
		`[{"token":"TOKEN","type":"x"}][]`, `[{"Token":"TOKEN","type":"x"}]`, `[{"token":"\ud800","type":""}]`, `[[[[`, "[{\"token\":\"\xff\"}]",
		`[{"type":"TOKEN","token":null}]`, `[{"token":"x","type":"x","a":{"token":"TOKEN"}}]`,
	} {
		f.Add(body)
	}
	m, _ := newFuzzSite(f)
	s := newScanner(f)
	h := scanning(f, m, adminapi.SecretScanningOptions{Keys: s.keys})
	generate := func(t testing.TB) string {
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: "ci"})
		must(t, err)
		return secret.Reveal()
	}
	text := generate(f)
	f.Fuzz(func(t *testing.T, body string) {
		body = strings.ReplaceAll(body, token, text)
		w := respond(h, s.request(t, body))
		var given []map[string]any
		switch w.Code {
		case 200:
			if err := json.Unmarshal([]byte(body), &given); err != nil {
				t.Fatalf("%q is accepted: %v", body, err)
			}
			labels := decode[[]label](t, w)
			if len(labels) != len(given) {
				t.Fatalf("%q has %d elements and %d labels", body, len(given), len(labels))
			}
			for i, l := range labels {
				found, _ := given[i]["token"].(string)
				want := "false_positive"
				if found == text {
					want = "true_positive"
				}
				if l.Label != want {
					t.Errorf("%q: element %d is %s, want %s", body, i, l.Label, want)
				}
			}
		case 400, 413, 422:
			if p := decode[problem](t, w); p.Code != "malformed" && p.Code != "too_large" && p.Code != "too_many" {
				t.Errorf("%q has the problem %s", body, w.Body)
			}
		default:
			t.Errorf("%q has the status %d: %s", body, w.Code, w.Body)
		}
		if bytes.Contains(w.Body.Bytes(), []byte(text)) && !strings.Contains(body, `"type"`) {
			t.Errorf("%q: the response contains the text: %s", body, w.Body)
		}
		if _, err := m.Authenticate(ctx, text); err != nil {
			has := slices.ContainsFunc(given, func(o map[string]any) bool { return o["token"] == text })
			if !has {
				t.Errorf("%q has revoked a token that it does not report", body)
			}
			text = generate(t)
		}
	})
}
