package adminapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// tokenJSON is the form of a token in a response.
type tokenJSON struct {
	ID          apitoken.TokenID `json:"id"`
	Owner       apitoken.UserID  `json:"owner"`
	Name        string           `json:"name"`
	Kind        apitoken.Kind    `json:"kind"`
	Resource    string           `json:"resource,omitempty"`
	Status      apitoken.Status  `json:"status"`
	CreatedAt   string           `json:"created_at"`
	ExpiresAt   string           `json:"expires_at,omitempty"`
	CreatedBy   apitoken.UserID  `json:"created_by,omitempty"`
	CreatedWith apitoken.TokenID `json:"created_with,omitzero"`
	LastUsedAt  string           `json:"last_used_at,omitempty"`
	RevokedAt   string           `json:"revoked_at,omitempty"`
	RevokedBy   apitoken.UserID  `json:"revoked_by,omitempty"`
	Hint        string           `json:"hint"`
	Replaces    apitoken.TokenID `json:"replaces,omitzero"`
	ReplacedBy  apitoken.TokenID `json:"replaced_by,omitzero"`
	Description string           `json:"description,omitempty"`
	Permissions []string         `json:"permissions,omitzero"` // nil: not limited
}

type pageJSON struct {
	Tokens []tokenJSON      `json:"tokens"`
	Next   apitoken.TokenID `json:"next,omitzero"`
}

type generatedJSON struct {
	Token  tokenJSON `json:"token"`
	Secret string    `json:"secret"`
}

func (a *api) newTokenJSON(t apitoken.Token, now time.Time) tokenJSON {
	return tokenJSON{
		ID: t.ID, Owner: t.Owner, Name: t.Name, Kind: t.Kind, Resource: t.Resource, Status: t.Status(now),
		CreatedAt: formatTime(t.CreatedAt), ExpiresAt: formatTime(t.ExpiresAt),
		CreatedBy: t.CreatedBy, CreatedWith: t.CreatedWith, LastUsedAt: formatTime(t.LastUsedAt),
		RevokedAt: formatTime(t.RevokedAt), RevokedBy: t.RevokedBy, Hint: t.Hint, Replaces: t.Replaces, ReplacedBy: t.ReplacedBy,
		Permissions: a.limit(t.Permissions), Description: t.Description,
	}
}

// limit returns the names of what a token is limited to, nil if it is not.
func (a *api) limit(p apitoken.Permission) []string {
	if p == apitoken.Unlimited {
		return nil
	}
	return a.manager.PermissionNames(p)
}

// formatTime returns RFC 3339 in UTC with microseconds, and "" for the zero time.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
}

func (a *api) listUserTokens(r *http.Request, actor apitoken.Actor, owner apitoken.UserID) (response, error) {
	return a.listTokens(r, actor, apitoken.TokenQuery{Owner: owner})
}

func (a *api) listAllTokens(r *http.Request, actor apitoken.Actor) (response, error) {
	return a.listTokens(r, actor, apitoken.TokenQuery{AnyOwner: true})
}

// tokenConditions are the query parameters that select tokens.
var tokenConditions = []string{
	"status", "name_contains", "kind", "resource", "created_by", "created_with", "on_behalf", "expires_before", "without_expiration",
	"unused_since", "lives_longer_than_seconds", "beyond_policy",
}

// tokens adds the conditions of the request to a query.
func (q *query) tokens(wanted apitoken.TokenQuery) apitoken.TokenQuery {
	wanted.Status = apitoken.Status(q.text("status"))
	wanted.NameContains = q.text("name_contains")
	wanted.Kind = apitoken.Kind(q.text("kind"))
	wanted.Resource = q.text("resource")
	wanted.CreatedBy = apitoken.UserID(q.text("created_by"))
	wanted.CreatedWith = q.token("created_with", "is not the id of a token")
	wanted.OnBehalf = q.flag("on_behalf")
	wanted.ExpiresBefore = q.instant("expires_before")
	wanted.WithoutExpiration = q.flag("without_expiration")
	wanted.UnusedSince = q.instant("unused_since")
	wanted.LivesLongerThan = q.seconds("lives_longer_than_seconds")
	wanted.BeyondPolicy = q.flag("beyond_policy")
	return wanted
}

func (a *api) listTokens(r *http.Request, actor apitoken.Actor, wanted apitoken.TokenQuery) (response, error) {
	q := readQuery(r)
	wanted = q.tokens(wanted)
	wanted.After, wanted.Limit = q.afterToken(), q.limit()
	if q.err != nil {
		return response{}, q.err
	}
	tokens, err := a.manager.TokenPage(r.Context(), actor, wanted)
	if err != nil {
		return response{}, err
	}
	page := pageJSON{Tokens: []tokenJSON{}, Next: tokens.Next}
	now := a.manager.Now()
	for _, t := range tokens.Tokens {
		page.Tokens = append(page.Tokens, a.newTokenJSON(t, now))
	}
	return response{status: http.StatusOK, body: page}, nil
}

func (a *api) generate(r *http.Request, actor apitoken.Actor, owner apitoken.UserID) (response, error) {
	b := readBody(r, generateMembers...)
	params := a.generateParams(b, owner)
	if b.err != nil {
		return response{}, b.err
	}
	var err error
	params.IdempotencyKey, err = idempotencyKey(r.Header.Values("Idempotency-Key"))
	if err != nil {
		return response{}, err
	}
	token, secret, err := a.manager.Generate(r.Context(), actor, params)
	return a.generated(token, secret, err, params.ExpiresAt)
}

// generated returns the response of a new token, whose expiry may have been asked for.
func (a *api) generated(token apitoken.Token, secret apitoken.Secret, err error, expiresAt time.Time) (response, error) {
	if errors.Is(err, apitoken.ErrUncertain) {
		p := problemOf(err)
		p.TokenID = token.ID
		return response{}, errors.Join(p, err)
	}
	if err != nil {
		return response{}, lifetimeProblem(expiresAt, err)
	}
	return response{
		status:   http.StatusCreated,
		body:     generatedJSON{Token: a.newTokenJSON(token, a.manager.Now()), Secret: secret.Reveal()},
		location: "../../tokens/" + token.ID.String(),
	}, nil
}

// lifetimeProblem names the member expires_at, if it asked for too long a lifetime. It leaves every other error as it is.
func lifetimeProblem(expiresAt time.Time, err error) error {
	if !errors.Is(err, apitoken.ErrLifetime) || expiresAt.IsZero() {
		return err
	}
	p := problemOf(err)
	p.Field = "expires_at"
	return errors.Join(p, err)
}

// generateMembers are the members of a request that generateParams reads.
var generateMembers = []string{"name", "description", "kind", "resource", "permissions[]", "lifetime_seconds", "expires_at", "no_expiration"}

func (a *api) generateParams(b *body, owner apitoken.UserID) apitoken.GenerateParams {
	p := apitoken.GenerateParams{
		Owner:       owner,
		Name:        b.text("name"),
		Description: b.text("description"),
		Kind:        apitoken.Kind(b.text("kind")),
		Resource:    b.text("resource"),
		Permissions: a.permissions(b),
		Lifetime:    b.seconds("lifetime_seconds"),
		ExpiresAt:   b.instant("expires_at"),
	}
	if b.flag("no_expiration") {
		p.Lifetime = apitoken.NoExpiration
	}
	b.atMostOne("lifetime_seconds", "expires_at", "no_expiration")
	return p
}

// permissions reads the names of permissions, zero if they are absent.
func (a *api) permissions(b *body) apitoken.Permission {
	names := b.texts("permissions")
	if b.err != nil {
		return 0
	}
	all, err := a.manager.ParsePermissions(names)
	if err != nil {
		b.fail(err)
	}
	return all
}

// rotate generates a successor of a token.
func (a *api) rotate(r *http.Request, actor apitoken.Actor) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	params, err := rotateParams(r)
	if err != nil {
		return response{}, err
	}
	params.IdempotencyKey, err = idempotencyKey(r.Header.Values("Idempotency-Key"))
	if err != nil {
		return response{}, err
	}
	token, secret, err := a.manager.Rotate(r.Context(), actor, id, params)
	switch {
	case errors.Is(err, apitoken.ErrUserDisabled):
	case errors.Is(err, apitoken.ErrReplaced):
		return response{}, errors.Join(&tokenReplaced, err)
	case errors.Is(err, apitoken.ErrRevoked), errors.Is(err, apitoken.ErrExpired):
		return response{}, errors.Join(&tokenNotActive, err)
	}
	return a.generated(token, secret, err, params.ExpiresAt)
}

func rotateParams(r *http.Request) (apitoken.RotateParams, error) {
	b := readBody(r, "overlap_seconds", "lifetime_seconds", "expires_at", "no_expiration")
	p := apitoken.RotateParams{
		Overlap:   b.seconds("overlap_seconds"),
		Lifetime:  b.seconds("lifetime_seconds"),
		ExpiresAt: b.instant("expires_at"),
	}
	if b.flag("no_expiration") {
		p.Lifetime = apitoken.NoExpiration
	}
	b.atMostOne("lifetime_seconds", "expires_at", "no_expiration")
	return p, b.err
}

// idempotencyKey returns the Idempotency-Key of a request, byte for byte, and "" if it has none.
func idempotencyKey(values []string) (string, error) {
	const most = 255
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1 || values[0] == "" || len(values[0]) > most:
		return "", malformed("", "Idempotency-Key is not one value of 1 to %d characters.", most)
	}
	for _, c := range []byte(values[0]) {
		if c < '!' || c > '~' {
			return "", malformed("", "Idempotency-Key has a character that is not visible ASCII.")
		}
	}
	return values[0], nil
}

func (a *api) revokeAll(r *http.Request, actor apitoken.Actor, owner apitoken.UserID) (response, error) {
	return response{}, a.manager.RevokeAll(r.Context(), actor, owner)
}

func (a *api) token(r *http.Request, actor apitoken.Actor) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	token, err := a.manager.Token(r.Context(), actor, id)
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, body: a.newTokenJSON(token, a.manager.Now())}, nil
}

// updateToken changes the members that are given. The Manager refuses an empty name; an empty description removes it.
func (a *api) updateToken(r *http.Request, actor apitoken.Actor) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	b := readBody(r, "name", "description")
	change := apitoken.TokenChange{Name: b.optionalText("name"), Description: b.optionalText("description")}
	b.atLeastOne("name", "description")
	if b.err != nil {
		return response{}, b.err
	}
	token, err := a.manager.UpdateToken(r.Context(), actor, id, change)
	if errors.Is(err, apitoken.ErrRevoked) || errors.Is(err, apitoken.ErrExpired) {
		return response{}, errors.Join(&tokenNotActive, err)
	}
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, body: a.newTokenJSON(token, a.manager.Now())}, nil
}

// narrowedJSON is what a caller may learn of a token that they have narrowed, whether or not they may see it.
type narrowedJSON struct {
	ID          apitoken.TokenID `json:"id"`
	Permissions []string         `json:"permissions,omitzero"` // nil: not limited
	ExpiresAt   string           `json:"expires_at,omitempty"`
}

func (a *api) narrow(r *http.Request, actor apitoken.Actor) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	b := readBody(r, "permissions[]", "expires_at")
	narrowing := apitoken.Narrowing{Keep: a.permissions(b), ExpiresAt: b.instant("expires_at")}
	b.atLeastOne("permissions", "expires_at")
	if b.err != nil {
		return response{}, b.err
	}
	token, err := a.manager.Narrow(r.Context(), actor, id, narrowing)
	if errors.Is(err, apitoken.ErrRevoked) || errors.Is(err, apitoken.ErrExpired) {
		return response{}, errors.Join(&tokenNotActive, err)
	}
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, body: narrowedJSON{token.ID, a.limit(token.Permissions), formatTime(token.ExpiresAt)}}, nil
}

func (a *api) revoke(r *http.Request, actor apitoken.Actor) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	return response{}, a.manager.Revoke(r.Context(), actor, id)
}

// tokenID reads the token id in the path. A text that is not an id is treated like the id of a token that does not exist.
func tokenID(r *http.Request) (apitoken.TokenID, error) {
	id, err := apitoken.ParseTokenID(r.PathValue("id"))
	if err != nil {
		return apitoken.TokenID{}, apitoken.ErrNotFound
	}
	return id, nil
}
