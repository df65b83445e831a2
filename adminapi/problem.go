package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/httpstatus"
)

// problem is an error as the client sees it: the problem details of RFC 9457 with further members.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`

	Field              string           `json:"field,omitempty"`
	LifetimeSeconds    json.Number      `json:"lifetime_seconds,omitempty"`
	NoExpiration       bool             `json:"no_expiration,omitempty"`
	MaxLifetimeSeconds json.Number      `json:"max_lifetime_seconds,omitempty"`
	Source             *sourceJSON      `json:"source,omitempty"`
	TokenID            apitoken.TokenID `json:"token_id,omitzero"`

	MaxActive int `json:"max_active,omitempty"`

	FirstSeq apitoken.EventSeq `json:"first_seq,omitempty"`
}

func (p *problem) Error() string { return p.Code + ": " + p.Detail }

func newProblem(status int, code, detail string) problem {
	return problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// retryAfter is the Retry-After of unavailable, in seconds.
const retryAfter = "5"

// The problems without details of the request.
var (
	unauthenticated      = newProblem(http.StatusUnauthorized, "unauthenticated", "Present credentials in the way that the header WWW-Authenticate says.")
	denied               = newProblem(httpstatus.Of(apitoken.ErrDenied), "denied", "You may not do this.")
	methodNotAllowed     = newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "The header Allow lists the methods of this path.")
	preconditionFailed   = newProblem(http.StatusPreconditionFailed, "precondition_failed", "This does not match If-Match. Read it again.")
	tokenNotActive       = newProblem(http.StatusConflict, "token_not_active", "The token was revoked or has expired. Only active tokens change.")
	tokenReplaced        = newProblem(http.StatusConflict, "token_replaced", "The token was replaced by another one. Its successor is in use, or was replaced too.")
	offerEnded           = newProblem(http.StatusConflict, "offer_ended", "The offer has ended, or the claimed token was revoked or has expired.")
	offerClaimed         = newProblem(http.StatusConflict, "offer_claimed", "The token was claimed. Revoke it instead.")
	tooLarge             = newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("The body is longer than %d bytes.", maxBody))
	unsupportedMediaType = newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be application/json in UTF-8, not compressed.")
	unavailable          = newProblem(httpstatus.Of(apitoken.ErrUnavailable), "unavailable", "This is unavailable at the moment. Nothing was done.")
	invalidRequest       = newProblem(httpstatus.Of(apitoken.ErrInvalid), "invalid", "")
	truncated            = newProblem(httpstatus.Of(apitoken.ErrTruncated), "truncated", "Events after this one have been removed.")
	tooMany              = newProblem(httpstatus.Of(apitoken.ErrTooMany), "too_many", "")
	lifetimeOverMaximum  = newProblem(httpstatus.Of(apitoken.ErrLifetime), "lifetime_over_maximum", "")
)

// problems maps each error of the Manager to its problem. Precedence is the order: store failures, then decisions, then
// unknown outcomes; specific causes before general ones. A denial that could not be recorded is therefore unavailable.
var problems = []struct {
	err     error
	problem problem
}{
	{apitoken.ErrUnavailable, unavailable},
	{apitoken.ErrLifetime, lifetimeOverMaximum},
	{apitoken.ErrInvalid, invalidRequest},
	{apitoken.ErrUserDisabled, newProblem(httpstatus.Of(apitoken.ErrUserDisabled), "user_disabled", "The user is disabled and cannot have tokens.")},
	{apitoken.ErrSuspended, newProblem(httpstatus.Of(apitoken.ErrSuspended), "user_suspended", "The user is suspended. Resume them before you generate a token.")},
	{apitoken.ErrDenied, denied},
	{apitoken.ErrNotFound, newProblem(httpstatus.Of(apitoken.ErrNotFound), "not_found", "This does not exist, or you may not know of it.")},
	{apitoken.ErrUncertain, newProblem(httpstatus.Of(apitoken.ErrUncertain), "outcome_unknown", "It is unknown whether this was done. Look before you repeat it.")},
	{apitoken.ErrRepeated, newProblem(httpstatus.Of(apitoken.ErrRepeated), "repeated", "This request generated a token before, and that token is in use.")},
	{apitoken.ErrExists, newProblem(httpstatus.Of(apitoken.ErrExists), "exists", "The user has an active token of this name.")},
	{apitoken.ErrTooMany, tooMany},
	{apitoken.ErrConflict, newProblem(httpstatus.Of(apitoken.ErrConflict), "conflict", "This changed in the meantime. Try again.")},
	{apitoken.ErrTruncated, truncated},
}

// problemOf returns the problem of an error. An error that the Manager does not document is unavailable.
func problemOf(err error) *problem {
	var own *problem
	if errors.As(err, &own) {
		return own
	}
	p := unavailable
	for _, a := range problems {
		if errors.Is(err, a.err) {
			p = a.problem
			break
		}
	}
	switch p.Code {
	case invalidRequest.Code:
		p.explainInvalid(err)
	case lifetimeOverMaximum.Code:
		p.explainLifetime(err)
	case truncated.Code:
		p.explainTruncated(err)
	case tooMany.Code:
		p.explainTooMany(err)
	}
	return &p
}

// explainInvalid sets the field and states its limit. It leaves out the value: that may be long, or a secret in the wrong
// field.
func (p *problem) explainInvalid(err error) {
	var invalid *apitoken.InvalidError
	if !errors.As(err, &invalid) {
		p.Detail = err.Error()
		return
	}
	p.Field = requestName(invalid.Field)
	p.Detail = p.Field + " " + invalid.Problem
	if strings.HasSuffix(p.Field, "_seconds") {
		p.Detail += " (the unit is seconds)"
	}
}

// requestNames maps fields of the Manager to their names in a request, where the two differ.
var requestNames = map[string]string{
	"user id":          "id",
	"user name":        "name",
	"lifetime":         "lifetime_seconds",
	"overlap":          "overlap_seconds",
	"expiry":           "expires_at",
	"idempotency key":  "Idempotency-Key",
	"maximum lifetime": "max_lifetime_seconds",
}

// layerField is a field of a limit or an exemption, which the Manager numbers from 1.
var layerField = regexp.MustCompile(`^(limit|exemption) ([0-9]+)(?: (.+))?$`)

func requestName(field string) string {
	if name, differs := requestNames[field]; differs {
		return name
	}
	if parts := layerField.FindStringSubmatch(field); parts != nil {
		n, _ := strconv.Atoi(parts[2])
		name := fmt.Sprintf("%ss[%d]", parts[1], n-1)
		switch parts[3] {
		case "":
			return name
		case "maximum":
			return name + ".max_lifetime_seconds"
		}
		return name + "." + parts[3]
	}
	return strings.ReplaceAll(field, " ", "_")
}

func (p *problem) explainTruncated(err error) {
	var removed *apitoken.TruncatedError
	if errors.As(err, &removed) {
		p.FirstSeq = removed.First
	}
}

func (p *problem) explainTooMany(err error) {
	var full *apitoken.TooManyError
	if !errors.As(err, &full) {
		p.Detail = apitoken.ErrTooMany.Error()
		return
	}
	p.Field = "id"
	if full.Offers {
		p.Detail = fmt.Sprintf("The user has as many offers as may wait for them: %d. Withdraw one first.", full.Max)
		return
	}
	p.MaxActive = full.Max
	p.Detail = fmt.Sprintf("The user has as many active tokens as are allowed: %d. Revoke one first.", full.Max)
}

func (p *problem) explainLifetime(err error) {
	var over *apitoken.LifetimeError
	if !errors.As(err, &over) {
		p.Detail = apitoken.ErrLifetime.Error()
		return
	}
	p.Field, p.Detail = "lifetime_seconds", over.Error()
	p.MaxLifetimeSeconds, p.Source = secondsOf(over.Max), newSourceJSON(over.Source)
	if over.Requested == apitoken.NoExpiration {
		p.Field, p.NoExpiration = "no_expiration", true
		return
	}
	p.LifetimeSeconds = secondsOf(over.Requested)
}

// withRequirement adds to a denial what the route requires. It does not say which part of that the caller lacks: where the requirement
// names the owner, that could tell whose a token is.
func withRequirement(err error, who access) error {
	var own *problem // the host refused the caller, whatever the route
	p := problemOf(err)
	if errors.As(err, &own) || p.Code != denied.Code || who == anybody || who == anyoneSignedIn || who == anyActiveUser {
		return err
	}
	p.Detail = "You may not do this. It requires " + string(who)
	if strings.Contains(string(who), string(withManageUsers)) || strings.Contains(string(who), "GenerateForOthers") {
		p.Detail += ", and every permission of the user whom it is about"
	}
	p.Detail += "."
	return p
}

// withQueryField returns the problem of an error with the field named as the Manager names it. It is for routes whose query
// parameters have those names.
func withQueryField(err error) error {
	var refused *apitoken.InvalidError
	if !errors.As(err, &refused) {
		return err
	}
	p := problemOf(err)
	p.Field = refused.Field
	return p
}

// malformed is the problem of a request that cannot be read: 400.
func malformed(field, format string, args ...any) error {
	return withField(newProblem(http.StatusBadRequest, "malformed", ""), field, format, args...)
}

// invalid is the problem of a request that can be read and asks for what is not allowed: 422.
func invalid(field, format string, args ...any) error {
	return withField(invalidRequest, field, format, args...)
}

func withField(p problem, field, format string, args ...any) error {
	p.Field = shortName(field)
	p.Detail = fmt.Sprintf(format, args...)
	if field != "" {
		p.Detail = p.Field + " " + p.Detail
	}
	return &p
}

// shortName cuts a name to 64 bytes and makes it valid UTF-8. The client chose it, so it may be long, or no text at all.
func shortName(name string) string {
	const most = 64
	name = strings.ToValidUTF8(name, "?")
	if len(name) <= most {
		return name
	}
	end := most
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + "..."
}
