package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// maxForm is the maximum length of a form, in bytes. A token has at most 55.
const maxForm = 16 << 10

// oauthError is an error in the form of RFC 6749 section 5.2. The description contains neither quotation marks nor
// backslashes, which the RFC forbids, and nothing of the request.
type oauthError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func invalidForm(description string) error {
	return &oauthError{http.StatusBadRequest, "invalid_request", description}
}

// The errors without details of the request. errClient does not say what is wrong with the client.
var (
	errClient          = &oauthError{http.StatusUnauthorized, "invalid_client", ""}
	errFormMethod      = &oauthError{http.StatusMethodNotAllowed, "invalid_request", "the method is not POST"}
	errFormTooLong     = &oauthError{http.StatusRequestEntityTooLarge, "invalid_request", fmt.Sprintf("the form is longer than %d bytes", maxForm)}
	errFormUnavailable = &oauthError{http.StatusServiceUnavailable, "temporarily_unavailable", "this is unavailable at the moment"}
)

// formHandler is the common part of [Introspection] and [Revocation]: it reads a token from a form that a client sends.
type formHandler struct {
	check   ClientCheck // nil: no client is checked
	onError func(*http.Request, error)
	respond func(w http.ResponseWriter, r *http.Request, token string) error // an error becomes 503
}

func (f *formHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	token, err := f.readToken(w, r)
	if err == nil {
		err = f.respond(w, r, token)
	}
	if err != nil {
		f.writeError(w, r, err)
	}
}

// readToken checks the client and returns the token that it sends.
func (f *formHandler) readToken(w http.ResponseWriter, r *http.Request) (string, error) {
	form, err := readForm(w, r)
	if err != nil {
		return "", err
	}
	if f.check != nil {
		clients, err := readClients(r.Header, form)
		if err != nil {
			return "", err
		}
		ok, err := f.check.anyOf(r.Context(), clients)
		switch {
		case err != nil:
			return "", fmt.Errorf("adminapi: check the client: %w", err)
		case !ok:
			return "", errClient
		}
	}
	token, found := form["token"]
	if !found {
		return "", invalidForm("the token is missing")
	}
	return token, nil
}

// readForm reads the parameters of a form. One without a value counts as absent, unknown ones are ignored, and a repeated
// one is refused (RFC 6749 section 3.2). The query must be empty: URLs are logged, and a token there would be too.
func readForm(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	switch {
	case r.Method != http.MethodPost:
		return nil, errFormMethod
	case r.URL.RawQuery != "":
		return nil, invalidForm("the query must be empty; parameters belong in the body")
	case !isForm(r.Header):
		return nil, invalidForm("the body must be application/x-www-form-urlencoded in UTF-8, not compressed")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			return nil, errFormTooLong
		}
		return nil, invalidForm("the body cannot be read")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil { // err itself quotes the body
		return nil, invalidForm("the form cannot be decoded")
	}
	form := map[string]string{}
	for name, all := range values {
		if len(all) > 1 {
			return nil, invalidForm("a parameter is given more than once")
		}
		if all[0] != "" {
			form[name] = all[0]
		}
	}
	return form, nil
}

// isForm reports whether the header announces a form in UTF-8, not compressed.
func isForm(h http.Header) bool {
	types := h["Content-Type"]
	if len(types) != 1 || len(h["Content-Encoding"]) > 0 {
		return false
	}
	name, params, err := mime.ParseMediaType(types[0])
	if err != nil || name != "application/x-www-form-urlencoded" {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "UTF-8")
}

// writeError responds with an oauthError. Any other error becomes 503 and is passed to onError.
func (f *formHandler) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var failure *oauthError
	if !errors.As(err, &failure) {
		if f.onError != nil {
			f.onError(r, err)
		}
		failure = errFormUnavailable
	}
	h := w.Header()
	switch failure.status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="clients"`)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	}
	writeFormResponse(w, failure.status, failure)
}

// writeFormResponse writes a value that encodes without an error. It ignores errors of writing: the client is gone then.
func writeFormResponse(w http.ResponseWriter, status int, value any) {
	body, _ := json.Marshal(value)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// isRefusal reports whether the Manager refused the token. A failing store is not a refusal.
func isRefusal(err error) bool {
	return errors.Is(err, apitoken.ErrUnauthenticated) && !errors.Is(err, apitoken.ErrUnavailable)
}
