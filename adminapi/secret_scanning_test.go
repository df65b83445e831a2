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
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
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

// badReport is a request that is refused as a whole.
type badReport struct {
	name   string
	status int
	code   string
	field  string
	change func(s scanner, good *http.Request, text string) *http.Request
}

func badReports(t testing.TB) []badReport {
	header := func(change func(h http.Header)) func(scanner, *http.Request, string) *http.Request {
		return func(_ scanner, good *http.Request, _ string) *http.Request {
			change(good.Header)
			return good
		}
	}
	signed := func(body func(text string) string) func(scanner, *http.Request, string) *http.Request {
		return func(s scanner, _ *http.Request, text string) *http.Request { return s.request(t, body(text)) }
	}
	form := func(format string) func(scanner, *http.Request, string) *http.Request {
		return signed(func(text string) string { return fmt.Sprintf(format, text) })
	}
	stranger := newScanner(t)
	return []badReport{
		{"GET", 405, "method_not_allowed", "", func(_ scanner, good *http.Request, _ string) *http.Request { good.Method = "GET"; return good }},
		{"no key", 400, "signature_missing", "", header(func(h http.Header) { h.Del(keyHeader) })},
		{"an empty key", 400, "signature_missing", "", header(func(h http.Header) { h.Set(keyHeader, "") })},
		{"no signature", 400, "signature_missing", "", header(func(h http.Header) { h.Del(signatureHeader) })},
		{"two keys", 400, "signature_repeated", "", header(func(h http.Header) { h.Add(keyHeader, "key-1") })},
		{"two signatures", 400, "signature_repeated", "", header(func(h http.Header) { h.Add(signatureHeader, h.Get(signatureHeader)) })},
		{"an unknown key", 400, "key_unknown", "", header(func(h http.Header) { h.Set(keyHeader, "key-2") })},
		{"a key with a space", 400, "key_unknown", "", header(func(h http.Header) { h.Set(keyHeader, "key-1 ") })},
		{"a key that is too long", 400, "key_unknown", "", header(func(h http.Header) { h.Set(keyHeader, strings.Repeat("k", 256)) })},
		{"the signature of another key", 400, "signature_wrong", "", func(_ scanner, _ *http.Request, text string) *http.Request {
			return stranger.request(t, report(text))
		}},
		{"the signature of another body", 400, "signature_wrong", "", func(s scanner, good *http.Request, text string) *http.Request {
			return scanRequest("key-1", s.signature(t, report("x")), report(text))
		}},
		{"no base64", 400, "signature_wrong", "", header(func(h http.Header) { h.Set(signatureHeader, "-") })},
		{"another spelling of the signature", 400, "signature_wrong", "", func(s scanner, _ *http.Request, text string) *http.Request {
			for {
				signature := s.signature(t, report(text))
				if unpadded := strings.TrimRight(signature, "="); unpadded != signature { // the last character has unused bits, all 0
					last := len(unpadded) - 1
					return scanRequest("key-1", unpadded[:last]+string(unpadded[last]+1)+signature[last+1:], report(text))
				}
			}
		}},
		{"a line break in the signature", 400, "signature_wrong", "", header(func(h http.Header) {
			h.Set(signatureHeader, h.Get(signatureHeader)+"\n")
		})},
		{"something after the signature", 400, "signature_wrong", "", func(s scanner, good *http.Request, _ string) *http.Request {
			signature, err := base64.StdEncoding.DecodeString(good.Header.Get(signatureHeader))
			must(t, err)
			good.Header.Set(signatureHeader, base64.StdEncoding.EncodeToString(append(signature, 0)))
			return good
		}},
		{"more than a mebibyte", 413, "too_large", "", signed(func(text string) string {
			return report(text, strings.Repeat("x", 1<<20))
		})},
		{"a thousand and one objects", 422, "too_many", "", signed(func(text string) string {
			return report(slices.Repeat([]string{text}, 1001)...)
		})},
		{"no body", 400, "malformed", "", form("%.0s")},
		{"no JSON", 400, "malformed", "", form("token=%s")},
		{"an object", 400, "malformed", "", form(`{"token": %q, "type": "x"}`)},
		{"null", 400, "malformed", "", form("null%.0s")},
		{"no UTF-8", 400, "malformed", "", form("[{\"token\": %q, \"type\": \"x\", \"source\": \"\xff\"}]")},
		{"something after the array", 400, "malformed", "", form(`[{"token": %q, "type": "x"}] []`)},
		{"an array that does not end", 400, "malformed", "", form(`[{"token": %q, "type": "x"}`)},
		{"a text in place of an object", 400, "malformed", "[0]", form(`[%q]`)},
		{"null in place of an object", 400, "malformed", "[1]", form(`[{"token": %q, "type": "x"}, null]`)},
		{"a token that is given twice", 400, "malformed", "[0].token", form(`[{"token": "x", "type": "x", "token": %q}]`)},
		{"an unknown member that is given twice", 400, "malformed", "[0].a", form(`[{"token": %q, "type": "x", "a": 1, "a": 1}]`)},
		{"no token", 400, "malformed", "[1].token", form(`[{"token": %q, "type": "x"}, {"type": "x"}]`)},
		{"no type", 400, "malformed", "[0].type", form(`[{"token": %q}]`)},
		{"a token that is null", 400, "malformed", "[1].token", form(`[{"token": %q, "type": "x"}, {"token": null, "type": "x"}]`)},
		{"a token that is an array", 400, "malformed", "[0].token", form(`[{"token": [%q], "type": "x"}]`)},
		{"a URL that is a number", 400, "malformed", "[0].url", form(`[{"token": %q, "type": "x", "url": 1}]`)},
		{"a source that is false", 400, "malformed", "[0].source", form(`[{"token": %q, "type": "x", "source": false}]`)},
	}
}

// A request that is refused changes nothing, and its problem names what is wrong with it. It shows nothing about tokens.
func TestABadReportChangesNothing(t *testing.T) {
	for _, bad := range badReports(t) {
		t.Run(bad.name, func(t *testing.T) {
			tt, s := tokentest.New(t), newScanner(t)
			text := tt.Token("bob")
			h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{
				Keys: func(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
					if !regexp.MustCompile(`^[!-~]{1,255}$`).MatchString(id) {
						t.Errorf("Keys is called with %q, want visible ASCII", id)
					}
					return s.keys(ctx, id)
				},
				OnError: func(_ *http.Request, err error) { t.Errorf("OnError is called with %v", err) },
			})
			before := eventsOf(t, tt.Manager)
			w := respond(h, bad.change(s, s.request(t, report(text)), text))
			p := wantProblem(t, bad.status, bad.code, w)
			if p.Field != bad.field || strings.Contains(w.Body.String(), text[4:20]) || strings.Contains(w.Body.String(), "positive") {
				t.Errorf("the problem is %s, want the field %q, no text and no label", w.Body, bad.field)
			}
			if allow := w.Header().Get("Allow"); (allow == "POST") != (bad.status == 405) {
				t.Errorf("Allow is %q", allow)
			}
			if diff := cmp.Diff(before, eventsOf(t, tt.Manager)); diff != "" {
				t.Errorf("events (-before +after):\n%s", diff)
			}
			if _, err := tt.Manager.Authenticate(ctx, text); err != nil {
				t.Errorf("the token is refused: %v", err)
			}
			wantStatus(t, http.StatusOK, respond(h, s.request(t, report(text))))
		})
	}
}

// The documentation of SecretScanning lists every problem.
func TestTheProblemsOfSecretScanningAreDocumented(t *testing.T) {
	text, err := os.ReadFile("secret_scanning.go")
	must(t, err)
	got, want := map[string]bool{}, map[string]bool{"503 unavailable": true}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\d{3})  ([a-z_]+) `).FindAllStringSubmatch(string(text), -1) {
		got[m[1]+" "+m[2]] = true
	}
	for _, bad := range badReports(t) {
		want[fmt.Sprint(bad.status, " ", bad.code)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documented problems (-want +got):\n%s", diff)
	}
}

// Ten thousand changes to signed requests: a byte of the body, of the signature or of the id of the key, or the order of the JSON.
func TestNoForgedReportIsAccepted(t *testing.T) {
	const changes = 10_000
	tt, s := tokentest.New(t), newScanner(t)
	other := newScanner(t)
	h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: func(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
		if id == "key-2" {
			return &other.private.PublicKey, nil
		}
		return s.keys(ctx, id)
	}})
	texts := []string{tt.Token("bob"), tt.Token("carol"), "x"}
	body := report(texts...)
	signature := s.signature(t, body)
	before := eventsOf(t, tt.Manager)
	random := mathrand.New(mathrand.NewPCG(1, 2))
	oneByte := func(text string) string {
		changed := []byte(text)
		at := random.IntN(len(changed))
		for changed[at] == text[at] {
			changed[at] = byte(random.IntN(256))
		}
		return string(changed)
	}
	reordered := func() string {
		for {
			objects := make([]string, 0, len(texts))
			for _, i := range random.Perm(len(texts)) {
				members := []string{
					fmt.Sprintf(`"token":%q`, texts[i]), `"type":"acme_api_token"`, `"url":"https://github.com/acme/web/blob/9f3c/.env?x=y"`, `"source":"content"`,
				}
				random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
				objects = append(objects, "{"+strings.Join(members, ",")+"}")
			}
			if again := "[" + strings.Join(objects, ",") + "]"; again != body {
				return again
			}
		}
	}
	accepted, answers := 0, map[int]int{}
	for i := range changes {
		var r *http.Request
		switch i % 4 {
		case 0:
			r = scanRequest("key-1", signature, oneByte(body))
		case 1:
			r = scanRequest("key-1", oneByte(signature), body)
		case 2:
			r = scanRequest(oneByte("key-1"), signature, body)
		case 3:
			r = scanRequest("key-1", signature, reordered())
		}
		w := respond(h, r)
		answers[w.Code]++
		if w.Code < 400 {
			accepted++
		}
	}
	t.Logf("%d changed requests: %d accepted; statuses %v", changes, accepted, answers)
	if accepted > 0 {
		t.Errorf("%d forged requests are accepted, want none", accepted)
	}
	if diff := cmp.Diff(before, eventsOf(t, tt.Manager)); diff != "" {
		t.Errorf("events (-before +after):\n%s", diff)
	}
	w := respond(h, scanRequest("key-1", signature, body)) // the scanner itself is not kept out
	wantStatus(t, http.StatusOK, w)
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
