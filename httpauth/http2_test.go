package httpauth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// HTTP/2 passes values to the handler as they are, where HTTP/1.1 removes the white space around them.
func TestRequireOverHTTP2(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	defer client.CloseIdleConnections()
	for _, set := range vectorSets(token) {
		server := httptest.NewUnstartedServer(httpauth.Require(tt.Manager, set.opts)(http.HandlerFunc(ok)))
		server.Config.Protocols = protocols
		server.Start()
		defer server.Close()
		for _, v := range set.vectors {
			if v.want == refusedByServer {
				continue
			}
			t.Run(set.name+"/"+v.name, func(t *testing.T) {
				r := requestWith(v.fields)
				sent, err := http.NewRequest("GET", server.URL, nil)
				must(t, err)
				sent.Header = r.Header
				res, err := client.Do(sent)
				must(t, err)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				if err != nil || res.ProtoMajor != 2 {
					t.Fatalf("%s, %v", res.Proto, err)
				}
				wantResponse(t, v.want, set.vary(), token, res, string(body))
			})
		}
	}
}
