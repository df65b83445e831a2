package adminapi

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// SecretScanningOptions configures [SecretScanning].
type SecretScanningOptions struct {
	// Keys returns the public key of the scanner that has this id, on the curve P-256. It is required. The id is 1 to 255 visible
	// ASCII characters that anybody may have sent. For an unknown id, return nil or an error that is [apitoken.ErrNotFound]. Any
	// other error means that this is unknown; the response is 503.
	//
	// Keys is called at most once a minute for an id, and for at most 64 unknown ids in that time, so it may ask the scanner over
	// the network. It has 10 seconds. It is called concurrently.
	Keys func(ctx context.Context, id string) (*ecdsa.PublicKey, error)

	// KeyHeader and SignatureHeader are the names of the headers with the id of the key and with the signature. Empty:
	// Github-Public-Key-Identifier and Github-Public-Key-Signature.
	KeyHeader       string
	SignatureHeader string

	// Origin returns where a request comes from, for its events, like Options.Origin. Nil: events have no origin.
	Origin func(*http.Request) apitoken.Origin

	// OnError is called with the cause of each 503, for the host's log. The cause contains no text of a token; the body of the
	// request does. Nil: the cause is dropped.
	OnError func(r *http.Request, err error)
}

const (
	defaultKeyHeader       = "Github-Public-Key-Identifier"
	defaultSignatureHeader = "Github-Public-Key-Signature"

	maxKeyID     = 255
	maxScanBody  = 1 << 20
	maxScanned   = 1000
	scanDeadline = 30 * time.Second // for the revocations of a request
)

// SecretScanning returns the endpoint at which a secret scanner reports texts that look like tokens and were found in public. It
// revokes every token among them at once, as [apitoken.Manager.RevokeText] does for [apitoken.System]. The protocol is that of the
// partner program of GitHub, which other scanners use with other names of the headers. The handler serves every path and is safe
// for concurrent use.
//
//	POST /secret-scanning
//	Github-Public-Key-Identifier: f9525bf0...
//	Github-Public-Key-Signature: MEUCIF...
//
//	[{"token": "tok_...", "type": "acme_api_token", "url": "https://github.com/...", "source": "content"}]
//
// The signature is ECDSA on P-256 with SHA-256 over the body as it is sent, in ASN.1 and base64. The body is not read as JSON
// before the signature is verified. It is an array of at most 1,000 objects with the texts token and type; url and source may be
// absent, null or empty, and other members are ignored. A member that is given twice makes the body malformed.
//
// The response has a label for each object, in the same order. It names a text by its SHA-256 in hexadecimal digits:
//
//	[{"token_hash": "9f86d081...", "token_type": "acme_api_token", "label": "true_positive"}]
//
// The label is true_positive if the text is a token, active or not: also one that was revoked before, or has expired. It is
// false_positive for every other text, also for a token with something before or after it. Sending a request again is
// harmless. The host of the url and its path go into the event; see [apitoken.Leak].
//
// The errors are problems as those of [New], each with its code. Nothing is done except where the table says so:
//
//	400  signature_missing   one of the two headers is missing or empty
//	400  signature_repeated  one of the two headers is there twice
//	400  key_unknown         SecretScanningOptions.Keys does not know the key, or said so less than a minute ago
//	400  signature_wrong     the body was not signed with this key
//	400  malformed           the signature is right, and the body is not such an array; see field
//	405  method_not_allowed  the method is not POST
//	413  too_large           the body is longer than 1 MiB
//	422  too_many            the array has more than 1,000 objects
//	503  unavailable         the key or the store is not available, with Retry-After. Some tokens may be revoked: send it again
//
// Once the signature is verified, the tokens are revoked even if the scanner closes the connection.
//
// Errors: [apitoken.ErrInvalid] if the Manager or SecretScanningOptions.Keys is missing, or a name is not one of a header.
func SecretScanning(m *apitoken.Manager, opts *SecretScanningOptions) (http.Handler, error) {
	switch {
	case m == nil:
		return nil, fmt.Errorf("adminapi: secret scanning: %w: the manager is nil", apitoken.ErrInvalid)
	case opts == nil || opts.Keys == nil:
		return nil, fmt.Errorf("adminapi: secret scanning: %w: SecretScanningOptions.Keys is nil", apitoken.ErrInvalid)
	}
	s := &secretScanning{manager: m, opts: *opts, keys: newKeyRing(opts.Keys, m.Now)}
	s.opts.KeyHeader = http.CanonicalHeaderKey(cmp.Or(opts.KeyHeader, defaultKeyHeader))
	s.opts.SignatureHeader = http.CanonicalHeaderKey(cmp.Or(opts.SignatureHeader, defaultSignatureHeader))
	for _, name := range []string{s.opts.KeyHeader, s.opts.SignatureHeader} {
		if !isHeaderName(name) || s.opts.KeyHeader == s.opts.SignatureHeader {
			return nil, fmt.Errorf("adminapi: secret scanning: %w: KeyHeader is %q and SignatureHeader %q, not two names of headers",
				apitoken.ErrInvalid, s.opts.KeyHeader, s.opts.SignatureHeader)
		}
	}
	return s, nil
}

// isHeaderName reports whether a name consists of letters, digits and hyphens. The standard (RFC 9110 section 5.1) advises to use
// no other characters.
func isHeaderName(name string) bool {
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == "" && name != ""
}

type secretScanning struct {
	manager *apitoken.Manager
	opts    SecretScanningOptions
	keys    *keyRing
}

// scanLabel says of a text whether it is a token.
type scanLabel struct {
	TokenHash string `json:"token_hash"`
	TokenType string `json:"token_type"`
	Label     string `json:"label"`
}

const (
	truePositive  = "true_positive"
	falsePositive = "false_positive"
)

// The problems without details of the request.
var (
	keyUnknown      = newProblem(http.StatusBadRequest, "key_unknown", "The key is not known.")
	signatureWrong  = newProblem(http.StatusBadRequest, "signature_wrong", "The signature is not that of this body by this key.")
	scanTooLarge    = newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("The body is longer than %d bytes.", maxScanBody))
	scanTooMany     = newProblem(http.StatusUnprocessableEntity, "too_many", fmt.Sprintf("The array has more than %d objects.", maxScanned))
	scanUnavailable = newProblem(http.StatusServiceUnavailable, "unavailable", "This is unavailable at the moment. Some tokens may still be active: send it again.")
)

func (s *secretScanning) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	labels, err := s.serve(w, r)
	if err == nil {
		writeJSON(w, http.StatusOK, "application/json", labels)
		return
	}
	var p *problem
	if !errors.As(err, &p) {
		p = &scanUnavailable
		if s.opts.OnError != nil {
			s.opts.OnError(r, err)
		}
	}
	switch p.Status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", retryAfter)
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

// serve returns an error that is a problem, or one that means that something is unavailable.
func (s *secretScanning) serve(w http.ResponseWriter, r *http.Request) ([]scanLabel, error) {
	if r.Method != http.MethodPost {
		return nil, &methodNotAllowed
	}
	body, err := s.verifiedBody(w, r)
	if err != nil {
		return nil, err
	}
	found, err := readScanned(body)
	if err != nil {
		return nil, err
	}
	return s.revoke(r, found)
}

// verifiedBody returns the body if its signature is right. It reads the body only if the key is known.
func (s *secretScanning) verifiedBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	id, err := oneValue(r.Header, s.opts.KeyHeader)
	if err != nil {
		return nil, err
	}
	text, err := oneValue(r.Header, s.opts.SignatureHeader)
	if err != nil {
		return nil, err
	}
	signature, err := readSignature(text)
	if err != nil {
		return nil, err
	}
	key, err := s.keys.key(r.Context(), id)
	switch {
	case errors.Is(err, apitoken.ErrNotFound):
		return nil, &keyUnknown
	case err != nil:
		return nil, fmt.Errorf("adminapi: secret scanning: the key: %w", err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxScanBody))
	if err != nil {
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			return nil, &scanTooLarge
		}
		return nil, malformed("", "The body is incomplete.")
	}
	sum := sha256.Sum256(body)
	if !ecdsa.VerifyASN1(key, sum[:], signature) {
		return nil, &signatureWrong
	}
	s.keys.proven(id)
	return body, nil
}

// oneValue returns the only value of a header. With two, a gateway may have checked the other one.
func oneValue(h http.Header, name string) (string, error) {
	values := h.Values(name)
	switch {
	case len(values) > 1:
		p := newProblem(http.StatusBadRequest, "signature_repeated", fmt.Sprintf("The header %s is given more than once.", name))
		return "", &p
	case len(values) == 0 || values[0] == "":
		p := newProblem(http.StatusBadRequest, "signature_missing", fmt.Sprintf("The header %s is missing.", name))
		return "", &p
	}
	return values[0], nil
}

// revoke goes on after a failure, so that one text does not keep the others from being revoked.
func (s *secretScanning) revoke(r *http.Request, found []scanned) ([]scanLabel, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), scanDeadline)
	defer cancel()
	actor := withOrigin(apitoken.System(), s.opts.Origin, r)
	labels := make([]scanLabel, 0, len(found))
	var first error
	failed := 0
	for _, f := range found {
		_, err := s.manager.RevokeText(ctx, actor, f.token, apitoken.Leak{URL: f.url, Source: f.source})
		label := truePositive
		switch {
		case err == nil:
		case errors.Is(err, apitoken.ErrNotFound):
			label = falsePositive
		default:
			if failed++; first == nil {
				first = err
			}
		}
		sum := sha256.Sum256([]byte(f.token))
		labels = append(labels, scanLabel{TokenHash: hex.EncodeToString(sum[:]), TokenType: f.kind, Label: label})
	}
	if failed > 0 {
		return nil, fmt.Errorf("adminapi: secret scanning: %d of %d texts failed, the first: %w", failed, len(found), first)
	}
	return labels, nil
}
