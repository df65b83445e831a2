package adminapi_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

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
