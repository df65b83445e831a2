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

// ClientCheck says whether a client of [Introspection] or [Revocation], a gateway say, has this secret. Neither text is
// ever empty. An error says that the answer is not known, and is answered 503.
//
// Compare secrets in constant time, or let [FixedClients] do so. Of HTTP Basic credentials that can be read in two ways,
// both are asked for, one after the other: as they stand there, which is how curl sends them, and decoded, since RFC 6749
// section 2.3.1 wants them form-encoded. A secret of letters, digits and -._ alone reads the same either way.
type ClientCheck func(ctx context.Context, id, secret string) (bool, error)

// minClientSecret is how many bytes a fixed secret has at least: 128 bits, as 22 characters of base64 or 32 of hex, or as
// less dense a text. What is shorter is guessed, not stolen.
const minClientSecret = 16

// FixedClients checks clients that do not change while the program runs, by id and secret. It keeps a digest of each, and
// compares every one of them in constant time, so that neither the time nor a dump tells a secret. No client at all, an
// empty id and a secret of less than 16 bytes are [apitoken.ErrInvalid].
func FixedClients(secrets map[string]string) (ClientCheck, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("adminapi: fixed clients: %w: there is no client", apitoken.ErrInvalid)
	}
	var known [][sha256.Size]byte
	for id, secret := range secrets {
		switch {
		case id == "":
			return nil, fmt.Errorf("adminapi: fixed clients: %w: an id is empty", apitoken.ErrInvalid)
		case len(secret) < minClientSecret:
			return nil, fmt.Errorf("adminapi: fixed clients: %w: the secret of %q has %d bytes, at least %d are needed", apitoken.ErrInvalid, id, len(secret), minClientSecret)
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

// clientDigest is of both texts, with the length of the first, so that no two pairs are the same text.
func clientDigest(id, secret string) [sha256.Size]byte {
	text := binary.BigEndian.AppendUint64(nil, uint64(len(id)))
	return sha256.Sum256(append(append(text, id...), secret...))
}

// client is how a client may have meant to call itself. The zero client is none.
type client struct{ id, secret string }

func (c client) complete() bool { return c.id != "" && c.secret != "" }

// maxBasic is how many bytes of Basic credentials are looked at. A header can have a million.
const maxBasic = 4096

// clientsOf gives what the credentials of a request can mean: nothing, one client, or two. HTTP Basic and a client in the
// form at once are refused, as are two headers (RFC 6749 section 2.3).
func clientsOf(h http.Header, form map[string]string) ([]client, error) {
	headers := h["Authorization"]
	_, hasID := form["client_id"]
	_, hasSecret := form["client_secret"]
	inForm := hasID || hasSecret
	switch {
	case len(headers) > 1, len(headers) == 1 && inForm:
		return nil, invalidForm("the client is authenticated more than once")
	case inForm:
		return complete(client{form["client_id"], form["client_secret"]}), nil
	case len(headers) == 1:
		return basicClients(headers[0]), nil
	}
	return nil, nil
}

// basicClients reads HTTP Basic credentials (RFC 7617 section 2): as they are, and form-decoded where that is another
// client. What cannot be read is nobody.
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
		return complete(raw)
	}
	decodedSecret, err := url.QueryUnescape(secret)
	if err != nil {
		return complete(raw)
	}
	decoded := client{decodedID, decodedSecret}
	if decoded == raw {
		return complete(raw)
	}
	return complete(raw, decoded)
}

// complete leaves out who has no id or no secret.
func complete(clients ...client) []client {
	var all []client
	for _, c := range clients {
		if c.complete() {
			all = append(all, c)
		}
	}
	return all
}

// authenticated asks for every client that may be meant, also when one is found, so that the time does not tell which.
func (check ClientCheck) authenticated(ctx context.Context, clients []client) (bool, error) {
	var found bool
	var trouble error
	for _, c := range clients {
		ok, err := check(ctx, c.id, c.secret)
		switch {
		case err != nil:
			trouble = err
		case ok:
			found = true
		}
	}
	if found {
		return true, nil
	}
	return false, trouble
}
