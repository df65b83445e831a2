package adminapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// ClientCheck reports whether a client of [Introspection] or [Revocation], such as a gateway, has this id and secret. Neither
// text is ever empty. An error means that this is unknown; the response is 503. The function must be safe for concurrent use.
//
// Compare secrets in constant time, or let [FixedClients] do so. HTTP Basic credentials can be read in two ways: as they are,
// which is how curl sends them, and form-decoded, as RFC 6749 section 2.3.1 requires. If the two differ, the check is called
// for both, one after the other. For a secret of letters, digits and -._ they are the same.
type ClientCheck func(ctx context.Context, id, secret string) (bool, error)

// minClientSecret is the minimum length of a fixed secret, in bytes. 128 random bits take at least 16 bytes; a shorter
// secret can be guessed.
const minClientSecret = 16

// FixedClients returns a check of clients that do not change while the program runs. secrets maps ids to secrets and is
// copied. The check keeps a digest of each and compares with all of them in constant time, so neither the time nor a
// memory dump reveals a secret. It is safe for concurrent use.
//
// Errors: [apitoken.ErrInvalid] if there is no client, an id is empty, or a secret has less than 16 bytes.
func FixedClients(secrets map[string]string) (ClientCheck, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("adminapi: fixed clients: %w: no client is given", apitoken.ErrInvalid)
	}
	var known [][sha256.Size]byte
	for id, secret := range secrets {
		switch {
		case id == "":
			return nil, fmt.Errorf("adminapi: fixed clients: %w: an id is empty", apitoken.ErrInvalid)
		case len(secret) < minClientSecret:
			return nil, fmt.Errorf("adminapi: fixed clients: %w: the secret of %q has %d bytes, less than %d", apitoken.ErrInvalid, id, len(secret), minClientSecret)
		}
		known = append(known, clientDigest(id, secret))
	}
	return func(_ context.Context, id, secret string) (bool, error) {
		presented, found := clientDigest(id, secret), 0
		for _, digest := range known {
			found |= subtle.ConstantTimeCompare(digest[:], presented[:])
		}
		return found == 1, nil
	}, nil
}

// clientDigest is a digest of both texts and the length of the first. Without the length, two pairs could have the same
// digest.
func clientDigest(id, secret string) [sha256.Size]byte {
	text := binary.BigEndian.AppendUint64(nil, uint64(len(id)))
	return sha256.Sum256(append(append(text, id...), secret...))
}

// client is one reading of a client's credentials.
type client struct{ id, secret string }

func (c client) complete() bool { return c.id != "" && c.secret != "" }

// maxBasic is the maximum length of encoded Basic credentials, in bytes. Longer ones, up to the limit of a header, are
// not decoded.
const maxBasic = 4096

// readClients returns the readings of a request's credentials: none, one or two. HTTP Basic together with a client in the
// form is refused, and so are two headers (RFC 6749 section 2.3).
func readClients(h http.Header, form map[string]string) ([]client, error) {
	headers := h["Authorization"]
	_, hasID := form["client_id"]
	_, hasSecret := form["client_secret"]
	inForm := hasID || hasSecret
	switch {
	case len(headers) > 1, len(headers) == 1 && inForm:
		return nil, invalidForm("the client is authenticated more than once")
	case inForm:
		return onlyComplete(client{form["client_id"], form["client_secret"]}), nil
	case len(headers) == 1:
		return basicClients(headers[0]), nil
	}
	return nil, nil
}

// basicClients returns the readings of HTTP Basic credentials (RFC 7617 section 2): as they are, and form-decoded if that
// differs. Credentials that cannot be read have none.
func basicClients(header string) []client {
	scheme, encoded, _ := strings.Cut(strings.Trim(header, " \t"), " ")
	if !strings.EqualFold(scheme, "Basic") || len(encoded) > maxBasic {
		return nil
	}
	text, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // DecodeString passes over line breaks
		return nil
	}
	id, secret, found := strings.Cut(string(text), ":")
	if !found {
		return nil
	}
	raw := client{id, secret}
	decodedID, err := url.QueryUnescape(id)
	if err != nil {
		return onlyComplete(raw)
	}
	decodedSecret, err := url.QueryUnescape(secret)
	if err != nil {
		return onlyComplete(raw)
	}
	decoded := client{decodedID, decodedSecret}
	if decoded == raw {
		return onlyComplete(raw)
	}
	return onlyComplete(raw, decoded)
}

// onlyComplete leaves out clients without an id or without a secret.
func onlyComplete(clients ...client) []client {
	var all []client
	for _, c := range clients {
		if c.complete() {
			all = append(all, c)
		}
	}
	return all
}

// anyOf reports whether one of the readings is a client. It checks all of them even if the first one is, so that the time
// does not tell which. An error counts only if no reading is a client.
func (check ClientCheck) anyOf(ctx context.Context, clients []client) (bool, error) {
	var found bool
	var failure error
	for _, c := range clients {
		ok, err := check(ctx, c.id, c.secret)
		switch {
		case err != nil:
			failure = err
		case ok:
			found = true
		}
	}
	if found {
		return true, nil
	}
	return false, failure
}
