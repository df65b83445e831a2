package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// publicKeys reads the public keys of a scanner from its list. The list of GitHub is at
// https://api.github.com/meta/public_keys/secret_scanning.
type publicKeys struct {
	url    string
	client *http.Client
}

// key returns the key with this id. SecretScanning remembers it for a minute, so nothing is remembered here.
func (p publicKeys) key(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the list of keys: %s", res.Status)
	}
	var list struct {
		Keys []struct {
			ID  string `json:"key_identifier"`
			PEM string `json:"key"`
		} `json:"public_keys"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&list); err != nil {
		return nil, err
	}
	for _, k := range list.Keys {
		if k.ID == id {
			return parseKey(k.PEM)
		}
	}
	return nil, apitoken.ErrNotFound
}

func parseKey(text string) (*ecdsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the key is not ECDSA")
	}
	return key, nil
}
