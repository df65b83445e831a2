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

// maxForm is how long the form of a request may be, in bytes. A token has at most 55.
const maxForm = 16 << 10

// oauthError is an error in the shape of RFC 6749 section 5.2. The description has neither quotation marks nor
// backslashes, and nothing of the request.
type oauthError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func invalidForm(description string) error {
	return &oauthError{http.StatusBadRequest, "invalid_request", description}
}

// The errors that are always the same. That to a wrong client says nothing more, whatever is wrong.
var (
	errClient      = &oauthError{http.StatusUnauthorized, "invalid_client", ""}
	errFormMethod  = &oauthError{http.StatusMethodNotAllowed, "invalid_request", "the method is not POST"}
	errFormTooLong = &oauthError{http.StatusRequestEntityTooLarge, "invalid_request", fmt.Sprintf("the form is longer than %d bytes", maxForm)}
	errFormTrouble = &oauthError{http.StatusServiceUnavailable, "temporarily_unavailable", "this cannot be answered at the moment"}
)

// formHandler is what [Introspection] and [Revocation] have in common: a form with a token, sent by a client.
type formHandler struct {
	check   ClientCheck // nil: every client, also none
	onError func(*http.Request, error)
	do      func(w http.ResponseWriter, r *http.Request, token string) error // its error is trouble
}

func (f *formHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	token, err := f.token(w, r)
	if err == nil {
		err = f.do(w, r, token)
	}
	if err != nil {
		f.fail(w, r, err)
	}
}

// token gives the token that the client sends, once it is known to be a client.
func (f *formHandler) token(w http.ResponseWriter, r *http.Request) (string, error) {
	form, err := formOf(w, r)
	if err != nil {
		return "", err
	}
	if f.check != nil {
		clients, err := clientsOf(r.Header, form)
		if err != nil {
			return "", err
		}
		ok, err := f.check.authenticated(r.Context(), clients)
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

// formOf reads the parameters of a request. A parameter without a value is one that is left out, unknown ones are
// ignored, and none may be there twice (RFC 6749 section 3.2). In the query there are none: a URL is logged.
func formOf(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	switch {
	case r.Method != http.MethodPost:
		return nil, errFormMethod
	case r.URL.RawQuery != "":
		return nil, invalidForm("parameters belong into the body, and the query has to be empty")
	case !isForm(r.Header):
		return nil, invalidForm("the body has to be application/x-www-form-urlencoded in UTF-8, not compressed")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			return nil, errFormTooLong
		}
		return nil, invalidForm("the body cannot be read")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil { // without err, which has a part of the body
		return nil, invalidForm("the form cannot be decoded")
	}
	form := map[string]string{}
	for name, all := range values {
		if len(all) > 1 {
			return nil, invalidForm("a parameter is there more than once")
		}
		if all[0] != "" {
			form[name] = all[0]
		}
	}
	return form, nil
}

// isForm reports whether the header announces a form that can be read.
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

// fail answers with an error of OAuth. Every other error is trouble, and the host is told.
func (f *formHandler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var answer *oauthError
	if !errors.As(err, &answer) {
		if f.onError != nil {
			f.onError(r, err)
		}
		answer = errFormTrouble
	}
	h := w.Header()
	switch answer.status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="clients"`)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	}
	writeForm(w, answer.status, answer)
}

// writeForm writes a value that always encodes, without a line end. A client that is gone is nobody to tell.
func writeForm(w http.ResponseWriter, status int, value any) {
	body, _ := json.Marshal(value)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// isRefusal reports whether the Manager's verdict is that the token is none, or none any more. Trouble is no verdict.
func isRefusal(err error) bool {
	return errors.Is(err, apitoken.ErrUnauthenticated) && !errors.Is(err, apitoken.ErrUnavailable)
}
