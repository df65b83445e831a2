package adminapi

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// tokenJSON is a token as the client sees it.
type tokenJSON struct {
	ID          apitoken.TokenID `json:"id"`
	Owner       apitoken.UserID  `json:"owner"`
	Name        string           `json:"name"`
	Kind        apitoken.Kind    `json:"kind"`
	Status      apitoken.Status  `json:"status"`
	CreatedAt   string           `json:"created_at"`
	ExpiresAt   string           `json:"expires_at,omitempty"`
	CreatedBy   apitoken.UserID  `json:"created_by,omitempty"`
	CreatedWith apitoken.TokenID `json:"created_with,omitzero"`
	LastUsedAt  string           `json:"last_used_at,omitempty"`
	RevokedAt   string           `json:"revoked_at,omitempty"`
	RevokedBy   apitoken.UserID  `json:"revoked_by,omitempty"`
	Hint        string           `json:"hint"`
}

type pageJSON struct {
	Tokens []tokenJSON      `json:"tokens"`
	Next   apitoken.TokenID `json:"next,omitzero"`
}

type generatedJSON struct {
	Token  tokenJSON `json:"token"`
	Secret string    `json:"secret"`
}

func newTokenJSON(t apitoken.Token, now time.Time) tokenJSON {
	return tokenJSON{
		ID: t.ID, Owner: t.Owner, Name: t.Name, Kind: t.Kind, Status: t.Status(now),
		CreatedAt: timeText(t.CreatedAt), ExpiresAt: timeText(t.ExpiresAt),
		CreatedBy: t.CreatedBy, CreatedWith: t.CreatedWith, LastUsedAt: timeText(t.LastUsedAt),
		RevokedAt: timeText(t.RevokedAt), RevokedBy: t.RevokedBy, Hint: t.Hint,
	}
}

// timeText is RFC 3339 in UTC with microseconds, and empty for no time.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
}

func (a *api) listOfUser(r *http.Request, actor apitoken.Actor) (answer, error) {
	return a.list(r, actor, apitoken.TokenQuery{Owner: owner(r)})
}

func (a *api) listOfAll(r *http.Request, actor apitoken.Actor) (answer, error) {
	return a.list(r, actor, apitoken.TokenQuery{AnyOwner: true})
}

func (a *api) list(r *http.Request, actor apitoken.Actor, q apitoken.TokenQuery) (answer, error) {
	query := r.URL.Query()
	q.Status = apitoken.Status(query.Get("status"))
	q.NameContains = query.Get("name_contains")
	limit, err := pageSize(query)
	if err != nil {
		return answer{}, err
	}
	if after := query.Get("after"); after != "" {
		q.After, err = apitoken.ParseTokenID(after)
		if err != nil {
			return answer{}, malformed("after", "is not the next of a page")
		}
	}
	q.Limit = limit + 1 // one more tells whether there is another page
	tokens, err := a.manager.ListTokens(r.Context(), actor, q)
	if err != nil {
		return answer{}, err
	}
	page := pageJSON{Tokens: []tokenJSON{}}
	if len(tokens) > limit {
		tokens = tokens[:limit]
		page.Next = tokens[limit-1].ID
	}
	now := a.manager.Now()
	for _, t := range tokens {
		page.Tokens = append(page.Tokens, newTokenJSON(t, now))
	}
	return answer{status: http.StatusOK, body: page}, nil
}

// pageSize is the number of tokens that a list is to have.
func pageSize(query url.Values) (int, error) {
	const usual, most = 100, 500
	text := query.Get("limit")
	if text == "" {
		return usual, nil
	}
	if strings.Trim(text, "0123456789") != "" {
		return 0, malformed("limit", "is not a whole number")
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > most {
		return 0, invalid("limit", "is out of range, 1 to %d are allowed", most)
	}
	return limit, nil
}

func (a *api) generate(r *http.Request, actor apitoken.Actor) (answer, error) {
	params, err := generateParams(r)
	if err != nil {
		return answer{}, err
	}
	token, secret, err := a.manager.Generate(r.Context(), actor, params)
	if errors.Is(err, apitoken.ErrUncertain) {
		p := problemOf(err)
		p.TokenID = token.ID
		return answer{}, errors.Join(p, err)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: http.StatusCreated,
		body:   generatedJSON{Token: newTokenJSON(token, a.manager.Now()), Secret: secret.Reveal()},
		place:  "../../tokens/" + token.ID.String(),
	}, nil
}

func generateParams(r *http.Request) (apitoken.GenerateParams, error) {
	b := readBody(r, "name", "kind", "lifetime_seconds", "expires_at", "no_expiration")
	p := apitoken.GenerateParams{
		Owner:     owner(r),
		Name:      b.text("name"),
		Kind:      apitoken.Kind(b.text("kind")),
		Lifetime:  b.seconds("lifetime_seconds"),
		ExpiresAt: b.instant("expires_at"),
	}
	if b.truth("no_expiration") {
		p.Lifetime = apitoken.NoExpiration
	}
	b.atMostOne("lifetime_seconds", "expires_at", "no_expiration")
	return p, b.err
}

func (a *api) revokeAll(r *http.Request, actor apitoken.Actor) (answer, error) {
	return answer{}, a.manager.RevokeAll(r.Context(), actor, owner(r))
}

func (a *api) token(r *http.Request, actor apitoken.Actor) (answer, error) {
	id, err := tokenID(r)
	if err != nil {
		return answer{}, err
	}
	token, err := a.manager.Token(r.Context(), actor, id)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: newTokenJSON(token, a.manager.Now())}, nil
}

func (a *api) revoke(r *http.Request, actor apitoken.Actor) (answer, error) {
	id, err := tokenID(r)
	if err != nil {
		return answer{}, err
	}
	return answer{}, a.manager.Revoke(r.Context(), actor, id)
}

func owner(r *http.Request) apitoken.UserID { return apitoken.UserID(r.PathValue("id")) }

// tokenID reads the token of the path. What is no id at all answers like the id of no token.
func tokenID(r *http.Request) (apitoken.TokenID, error) {
	id, err := apitoken.ParseTokenID(r.PathValue("id"))
	if err != nil {
		return apitoken.TokenID{}, apitoken.ErrNotFound
	}
	return id, nil
}
