package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
)

// scanner stands for a secret scanner. It has a test key, and signs what it reports.
type scanner struct{ private *ecdsa.PrivateKey }

func newScanner() (scanner, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return scanner{private}, err
}

const keyID = "test-key"

// ServeHTTP serves the list of the scanner's public keys.
func (s scanner) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	der, err := x509.MarshalPKIXPublicKey(&s.private.PublicKey)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	_ = json.NewEncoder(w).Encode(map[string]any{
		"public_keys": []map[string]any{{"key_identifier": keyID, "key": string(text), "is_current": true}},
	})
}

// report sends a text that was found at an address.
func (s scanner) report(ctx context.Context, endpoint, text, found string) (*http.Response, error) {
	body, err := json.Marshal([]map[string]string{{"token": text, "type": "acme_api_token", "url": found, "source": "content"}})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	signature, err := ecdsa.SignASN1(rand.Reader, s.private, sum[:])
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Github-Public-Key-Identifier", keyID)
	r.Header.Set("Github-Public-Key-Signature", base64.StdEncoding.EncodeToString(signature))
	return http.DefaultClient.Do(r)
}
