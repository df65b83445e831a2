package main

import (
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// newHost returns the handler of a host: a route that needs a token, and the endpoint to which a scanner reports leaked ones.
func newHost(m *apitoken.Manager, keys publicKeys) (http.Handler, error) {
	scanning, err := adminapi.SecretScanning(m, &adminapi.SecretScanningOptions{
		Keys: keys.key,
		Origin: func(r *http.Request) apitoken.Origin {
			return apitoken.Origin{Address: r.RemoteAddr, UserAgent: r.UserAgent()}
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/secret-scanning", scanning)
	mux.Handle("/hello", httpauth.Require(m, nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("hello\n"))
	})))
	return mux, nil
}
