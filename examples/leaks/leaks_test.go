package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestAReportedTokenIsRefusedAfterwards(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(out.String(), "HASH")
	const want = `bob's program says hello: 200 OK
the scanner reports a text: 200 OK [{"token_hash":"HASH","token_type":"acme_api_token","label":"true_positive"}]
the scanner reports a text: 200 OK [{"token_hash":"HASH","token_type":"acme_api_token","label":"false_positive"}]
bob's program says hello: 401 Unauthorized
tell bob: a token of yours is revoked: build found in content at github.com/bob/site/blob/main/.env
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestTheListOfKeys(t *testing.T) {
	s, err := newScanner()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		list http.Handler
		id   string
		says string // of the error; empty: the scanner's key
	}{
		"known":         {s, keyID, ""},
		"unknown":       {s, "other", apitoken.ErrNotFound.Error()},
		"unavailable":   {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }), keyID, "503"},
		"no list":       {answers("<html>"), keyID, "invalid character"},
		"no PEM":        {answers(`{"public_keys": [{"key_identifier": "test-key", "key": "x"}]}`), keyID, "not PEM"},
		"an empty list": {answers(`{}`), keyID, apitoken.ErrNotFound.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.list)
			defer server.Close()
			key, err := publicKeys{server.URL, server.Client()}.key(context.Background(), tt.id)
			switch {
			case tt.says == "" && (err != nil || !key.Equal(&s.private.PublicKey)):
				t.Errorf("the key is %v, %v, want the scanner's", key, err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("the error is %v, want %q", err, tt.says)
			}
			if name == "unknown" && !errors.Is(err, apitoken.ErrNotFound) {
				t.Errorf("the error is %v, want ErrNotFound", err)
			}
		})
	}
}

func answers(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}
