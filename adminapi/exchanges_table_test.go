package adminapi_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The exchanges that are of one route only. A name begins with the route's, so that those of a route stand together.

var tooLongID = strings.Repeat("x", 256)

func disabledDan(s *scene) {
	s.user("dan", "Dan", apitoken.RoleUser)
	s.clock.Add(time.Hour)
	s.disable("dan")
}

func bobIsAt3(s *scene) {
	s.user("bob", "Robert", apitoken.RoleUser)
	s.user("bob", "Bobby", apitoken.RoleUser)
}

var userExchanges = []exchange{
	{name: "get-users-ok", given: disabledDan, user: "ada", method: "GET", target: "/users", status: 200},
	{name: "get-users-page", user: "ada", method: "GET", target: "/users?limit=2", status: 200},
	{name: "get-users-last-page", user: "ada", method: "GET", target: "/users?limit=2&after=bob", status: 200},
	{name: "get-users-invalid", user: "ada", method: "GET", target: "/users?limit=501", status: 422, code: "invalid"},

	{name: "get-users-id-ok", user: "bob", method: "GET", target: "/users/bob", status: 200},
	{name: "get-users-id-disabled", given: disabledDan, user: "ada", method: "GET", target: "/users/dan", status: 200},
	{name: "get-users-id-foreign", user: "bob", method: "GET", target: "/users/carol", status: 404, code: "not_found"},
	{name: "get-users-id-not_found", user: "ada", method: "GET", target: "/users/erin", status: 404, code: "not_found"},
	{name: "get-users-id-invalid", user: "ada", method: "GET", target: "/users/" + tooLongID, status: 422, code: "invalid"},

	{name: "put-users-id-new", user: "ada", method: "PUT", target: "/users/erin%40example.com", body: `{"name": "Erin"}`, status: 200},
	{name: "put-users-id-role", user: "ada", method: "PUT", target: "/users/bob", body: `{"name": "Bob", "role": "admin"}`, status: 200},
	{name: "put-users-id-no-name", user: "ada", method: "PUT", target: "/users/bob", body: `{"name": ""}`, status: 200},
	{name: "put-users-id-shown", user: "ada", method: "PUT", target: "/users/bob", body: `{"name": " Bob\tB. "}`, status: 200},
	{name: "put-users-id-if-match", given: bobIsAt3, user: "ada", method: "PUT", target: "/users/bob", body: `{"name": "Bob"}`, header: ifMatch(`"3"`), status: 200},
	{name: "put-users-id-if-match-any", given: bobIsAt3, user: "ada", method: "PUT", target: "/users/bob", body: `{"name": "Bob"}`, header: ifMatch(`*`), status: 200},
	{name: "put-users-id-precondition_failed", given: bobIsAt3, user: "ada", method: "PUT", target: "/users/bob", body: `{"name": "Bob"}`, header: ifMatch(`"2"`), status: 412, code: "precondition_failed"},
	{name: "put-users-id-missing", user: "ada", method: "PUT", target: "/users/erin", body: `{"name": "Erin"}`, header: ifMatch(`*`), status: 412, code: "precondition_failed"},
	{name: "put-users-id-invalid", user: "ada", method: "PUT", target: "/users/bob", body: `{"name": "Bob", "role": "emperor"}`, status: 422, code: "invalid"},
	{name: "put-users-id-without-name", user: "ada", method: "PUT", target: "/users/bob", body: `{"role": "admin"}`, status: 200},
	{name: "put-users-id-unknown-member", user: "ada", method: "PUT", target: "/users/bob", body: `{"name": "Bob", "disabled": true}`, status: 400, code: "malformed"},
	{name: "put-users-id-outcome_unknown", given: failing(apitoken.ErrUncertain), user: "ada", method: "PUT", target: "/users/bob", body: `{"name": "Robert"}`, status: 503, code: "outcome_unknown"},

	{name: "put-users-id-disabled-ok", user: "ada", method: "PUT", target: "/users/bob/disabled", status: 204},
	{name: "put-users-id-disabled-again", given: disabledDan, user: "ada", method: "PUT", target: "/users/dan/disabled", status: 204},
	{name: "put-users-id-disabled-body", user: "ada", method: "PUT", target: "/users/bob/disabled", body: `{"disabled": false}`, status: 400, code: "malformed"},
	{name: "put-users-id-disabled-not_found", user: "ada", method: "PUT", target: "/users/erin/disabled", status: 404, code: "not_found"},
	{name: "put-users-id-disabled-invalid", user: "ada", method: "PUT", target: "/users/" + tooLongID + "/disabled", status: 422, code: "invalid"},
	{name: "put-users-id-disabled-outcome_unknown", given: failing(apitoken.ErrUncertain), user: "ada", method: "PUT", target: "/users/bob/disabled", status: 503, code: "outcome_unknown"},

	{name: "delete-users-id-disabled-ok", given: disabledDan, user: "ada", method: "DELETE", target: "/users/dan/disabled", status: 204},
	{name: "delete-users-id-disabled-again", user: "ada", method: "DELETE", target: "/users/bob/disabled", status: 204},
	{name: "delete-users-id-disabled-not_found", user: "ada", method: "DELETE", target: "/users/erin/disabled", status: 404, code: "not_found"},
	{name: "delete-users-id-disabled-invalid", user: "ada", method: "DELETE", target: "/users/" + tooLongID + "/disabled", status: 422, code: "invalid"},
	{name: "delete-users-id-disabled-outcome_unknown", given: func(s *scene) { disabledDan(s); s.store.writing = apitoken.ErrUncertain },
		user: "ada", method: "DELETE", target: "/users/dan/disabled", status: 503, code: "outcome_unknown"},
}

// someTokens are one of each sort.
func someTokens(s *scene) {
	s.token("bob", "expired", time.Hour)
	s.use(s.token("bob", "endless", apitoken.NoExpiration))
	s.token("carol", "revoked", apitoken.Days(30))
	s.clock.Add(time.Hour)
	s.must(s.manager.Revoke(ctx, apitoken.As("carol"), s.tokens["revoked"].ID))
	token, secret, err := s.manager.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "administration"})
	s.must(err)
	s.tokens[token.Name] = token
	ada, err := s.manager.Authenticate(ctx, secret.Reveal())
	s.must(err)
	_, _, err = s.manager.Generate(ctx, ada.Actor(), apitoken.GenerateParams{Owner: "bob", Name: "made with a token", Resource: "project:web"})
	s.must(err)
}

func build(s *scene) { s.token("bob", "build", apitoken.Days(30)) }

const nightly = `{"name": "nightly build"}`

// nightlyWasMade is what the request with this key did the first time.
func nightlyWasMade(used bool) func(*scene) {
	return func(s *scene) {
		_, secret, err := s.manager.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "bob", Name: "nightly build", IdempotencyKey: "9f1c"})
		s.must(err)
		if used {
			s.use(secret.Reveal())
		}
	}
}

var tokenExchanges = []exchange{
	{name: "get-users-id-tokens-ok", given: someTokens, user: "bob", method: "GET", target: "/users/bob/tokens", status: 200},
	{name: "get-users-id-tokens-active", given: someTokens, user: "bob", method: "GET", target: "/users/bob/tokens?status=active&name_contains=end", status: 200},
	{name: "get-users-id-tokens-none", user: "ada", method: "GET", target: "/users/erin/tokens", status: 200},
	{name: "get-users-id-tokens-invalid", user: "bob", method: "GET", target: "/users/bob/tokens?status=live", status: 422, code: "invalid"},

	{name: "post-users-id-tokens-created", user: "ada", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "lifetime_seconds": 2592000}`, status: 201},
	{name: "post-users-id-tokens-own", user: "bob", method: "POST", target: "/users/bob/tokens", body: nightly, status: 201},
	{name: "post-users-id-tokens-kind", opts: apitoken.Options{Kinds: []apitoken.Kind{"robot"}},
		user: "bob", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "kind": "robot", "expires_at": "2026-01-31T12:00:00+01:00"}`, status: 201},
	{name: "post-users-id-tokens-resource", user: "bob", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "resource": "project:web"}`, status: 201},
	{name: "post-users-id-tokens-bad-resource", user: "bob", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "resource": "project:web "}`, status: 422, code: "invalid"},
	{name: "post-users-id-tokens-no-expiration", user: "bob", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "no_expiration": true}`, status: 201},
	{name: "post-users-id-tokens-key", user: "ada", method: "POST", target: "/users/bob/tokens", body: nightly, header: key("9f1c"), status: 201},
	{name: "post-users-id-tokens-again", given: nightlyWasMade(false), user: "ada", method: "POST", target: "/users/bob/tokens", body: nightly, header: key("9f1c"), status: 201},
	{name: "post-users-id-tokens-repeated", given: nightlyWasMade(true), user: "ada", method: "POST", target: "/users/bob/tokens", body: nightly, header: key("9f1c"), status: 409, code: "repeated"},
	{name: "post-users-id-tokens-exists", given: nightlyWasMade(false), user: "ada", method: "POST", target: "/users/bob/tokens", body: nightly, header: key("1dd0"), status: 409, code: "exists"},
	{name: "post-users-id-tokens-bad-key", user: "ada", method: "POST", target: "/users/bob/tokens", body: nightly, header: key("9f 1c"), status: 400, code: "malformed"},
	{name: "post-users-id-tokens-null", user: "ada", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "lifetime_seconds": null}`, status: 400, code: "malformed"},
	{name: "post-users-id-tokens-not_found", user: "ada", method: "POST", target: "/users/erin/tokens", body: nightly, status: 404, code: "not_found"},
	{name: "post-users-id-tokens-conflict", given: failing(apitoken.ErrConflict), user: "ada", method: "POST", target: "/users/bob/tokens", body: nightly, status: 409, code: "conflict"},
	{name: "post-users-id-tokens-user_disabled", given: disabledDan, user: "ada", method: "POST", target: "/users/dan/tokens", body: nightly, status: 409, code: "user_disabled"},
	{name: "post-users-id-tokens-invalid", user: "ada", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "lifetime_seconds": 0}`, status: 422, code: "invalid"},
	{name: "post-users-id-tokens-too-short", user: "ada", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "lifetime_seconds": 0.5}`, status: 422, code: "invalid"},
	{name: "post-users-id-tokens-lifetime_over_maximum", given: func(s *scene) { s.policy(apitoken.Days(30)) },
		user: "ada", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "lifetime_seconds": 7776000}`, status: 422, code: "lifetime_over_maximum"},
	{name: "post-users-id-tokens-endless-over-maximum", given: func(s *scene) { s.policy(apitoken.Days(30)) },
		user: "ada", method: "POST", target: "/users/bob/tokens", body: `{"name": "nightly build", "no_expiration": true}`, status: 422, code: "lifetime_over_maximum"},
	{name: "post-users-id-tokens-outcome_unknown", given: failing(apitoken.ErrUncertain), user: "ada", method: "POST", target: "/users/bob/tokens", body: nightly, status: 503, code: "outcome_unknown"},

	{name: "delete-users-id-tokens-ok", given: build, user: "bob", method: "DELETE", target: "/users/bob/tokens", status: 204},
	{name: "delete-users-id-tokens-body", given: build, user: "bob", method: "DELETE", target: "/users/bob/tokens", body: `{"kind": "ci"}`, status: 400, code: "malformed"},
	{name: "delete-users-id-tokens-if-match", given: build, user: "bob", method: "DELETE", target: "/users/bob/tokens", header: ifMatch(`"1"`), status: 400, code: "malformed"},
	{name: "delete-users-id-tokens-not_found", user: "ada", method: "DELETE", target: "/users/erin/tokens", status: 404, code: "not_found"},
	{name: "delete-users-id-tokens-invalid", user: "ada", method: "DELETE", target: "/users/" + tooLongID + "/tokens", status: 422, code: "invalid"},
	{name: "delete-users-id-tokens-outcome_unknown", given: failing(apitoken.ErrUncertain), user: "ada", method: "DELETE", target: "/users/bob/tokens", status: 503, code: "outcome_unknown"},

	{name: "get-tokens-ok", given: someTokens, user: "ada", method: "GET", target: "/tokens", status: 200},
	{name: "get-tokens-page", given: someTokens, user: "ada", method: "GET", target: "/tokens?limit=2", status: 200},
	{name: "get-tokens-last-page", given: someTokens, user: "ada", method: "GET", target: "/tokens?limit=500&after={revoked}", status: 200},
	{name: "get-tokens-conditions", user: "ada", method: "GET", status: 200,
		target: "/tokens?status=active&name_contains=build&kind=user&resource=project%3Aweb&created_by=ada&created_with=" + noToken + "&on_behalf=true&expires_before=2026-02-01T00%3A00%3A00Z" +
			"&without_expiration=true&unused_since=2025-12-01T00%3A00%3A00%2B01%3A00&lives_longer_than_seconds=2592000.5"},
	{name: "get-tokens-resource", given: someTokens, user: "ada", method: "GET", target: "/tokens?resource=project%3Aweb", status: 200},
	{name: "get-tokens-created-with", given: someTokens, user: "ada", method: "GET", target: "/tokens?created_with={administration}", status: 200},
	{name: "get-tokens-on-behalf", given: someTokens, user: "ada", method: "GET", target: "/tokens?on_behalf=true&name_contains=end", status: 200},
	{name: "get-tokens-bad-condition", user: "ada", method: "GET", target: "/tokens?expires_before=tomorrow", status: 400, code: "malformed"},
	{name: "get-tokens-invalid", user: "ada", method: "GET", target: "/tokens?without_expiration=false", status: 422, code: "invalid"},

	{name: "get-tokens-id-ok", given: build, user: "bob", method: "GET", target: "/tokens/{build}", status: 200},
	{name: "get-tokens-id-foreign", given: build, user: "carol", method: "GET", target: "/tokens/{build}", status: 404, code: "not_found"},
	{name: "get-tokens-id-not_found", user: "ada", method: "GET", target: "/tokens/" + noToken, status: 404, code: "not_found"},

	{name: "delete-tokens-id-ok", given: build, user: "bob", method: "DELETE", target: "/tokens/{build}", status: 204},
	{name: "delete-tokens-id-foreign", given: build, user: "carol", method: "DELETE", target: "/tokens/{build}", status: 404, code: "not_found"},
	{name: "delete-tokens-id-not_found", user: "ada", method: "DELETE", target: "/tokens/" + noToken, status: 404, code: "not_found"},
	{name: "delete-tokens-id-outcome_unknown", given: func(s *scene) { build(s); s.store.writing = apitoken.ErrUncertain },
		user: "ada", method: "DELETE", target: "/tokens/{build}", status: 503, code: "outcome_unknown"},

	{name: "path-not_found", user: "ada", method: "GET", target: "/groups", status: 404, code: "not_found"},
}

func policyIsAt2(s *scene) {
	s.policy(apitoken.Days(90))
	s.clock.Add(time.Hour)
	s.policy(apitoken.Days(30))
}

var policyExchanges = []exchange{
	{name: "get-policy-default", user: "bob", method: "GET", target: "/policy", status: 200},
	{name: "get-policy-ok", given: policyIsAt2, user: "bob", method: "GET", target: "/policy", status: 200},

	{name: "put-policy-ok", user: "ada", method: "PUT", target: "/policy", body: `{"max_lifetime_seconds": 2592000}`, status: 200},
	{name: "put-policy-no-maximum", given: policyIsAt2, user: "ada", method: "PUT", target: "/policy", body: `{"no_maximum": true}`, status: 200},
	{name: "put-policy-if-match", given: policyIsAt2, user: "ada", method: "PUT", target: "/policy", body: `{"max_lifetime_seconds": 86400.5}`, header: ifMatch(`"2"`), status: 200},
	{name: "put-policy-precondition_failed", given: policyIsAt2, user: "ada", method: "PUT", target: "/policy", body: `{"max_lifetime_seconds": 86400}`, header: ifMatch(`"1"`), status: 412, code: "precondition_failed"},
	{name: "put-policy-bad-if-match", user: "ada", method: "PUT", target: "/policy", body: `{"no_maximum": true}`, header: ifMatch(`1`), status: 400, code: "malformed"},
	{name: "put-policy-if-none-match", user: "ada", method: "PUT", target: "/policy", body: `{"no_maximum": true}`, header: [][2]string{{"If-None-Match", "*"}}, status: 400, code: "malformed"},
	{name: "put-policy-invalid", user: "ada", method: "PUT", target: "/policy", body: `{"max_lifetime_seconds": -1}`, status: 422, code: "invalid"},
	{name: "put-policy-too-short", user: "ada", method: "PUT", target: "/policy", body: `{"max_lifetime_seconds": 59.5}`, status: 422, code: "invalid"},
	{name: "put-policy-conflict", given: failing(apitoken.ErrConflict), user: "ada", method: "PUT", target: "/policy", body: `{"no_maximum": true}`, status: 409, code: "conflict"},
	{name: "put-policy-outcome_unknown", given: failing(apitoken.ErrUncertain), user: "ada", method: "PUT", target: "/policy", body: `{"no_maximum": true}`, status: 503, code: "outcome_unknown"},

	{name: "get-policy-choices-no-maximum", user: "bob", method: "GET", target: "/policy/choices", status: 200},
	{name: "get-policy-choices-maximum", given: func(s *scene) { s.policy(apitoken.Days(45)) }, user: "bob", method: "GET", target: "/policy/choices", status: 200},
	{name: "get-policy-choices-fraction", given: func(s *scene) { s.policy(90500 * time.Millisecond) }, user: "bob", method: "GET", target: "/policy/choices", status: 200},

	{name: "get-openapi-json-ok", method: "GET", target: "/openapi.json", status: http.StatusOK},
}

// oneOfEach does all that events are of, done and denied, by every kind of actor.
func oneOfEach(s *scene) {
	someTokens(s)
	disabledDan(s)
	s.must(s.manager.EnableUser(ctx, apitoken.As("ada"), "dan"))
	s.must(s.manager.RevokeAll(ctx, apitoken.As("carol"), "carol"))
	s.policy(apitoken.Days(30))
	s.policy(apitoken.NoExpiration)
	_, _ = s.manager.ListUsers(ctx, apitoken.As("bob"), apitoken.UserQuery{})
	_, _ = s.manager.Token(ctx, apitoken.As("carol"), s.tokens["endless"].ID)
	_, _ = s.manager.User(ctx, apitoken.Actor{}, "bob")
}

// many are more denials of one actor in a minute than are written one by one.
func many(s *scene) {
	bob := apitoken.As("bob")
	bob.Origin = apitoken.Origin{Address: "192.0.2.7", UserAgent: "curl/8.5.0", RequestID: "01HZX3"}
	for range 13 {
		s.clock.Add(time.Second)
		_, _ = s.manager.ListTokens(ctx, bob, apitoken.TokenQuery{AnyOwner: true})
	}
	s.must(s.manager.Flush(ctx))
}

var eventExchanges = []exchange{
	{name: "get-events-ok", given: oneOfEach, user: "ada", method: "GET", target: "/events", status: 200},
	{name: "get-events-page", given: oneOfEach, user: "ada", method: "GET", target: "/events?limit=2&after=3", status: 200},
	{name: "get-events-owner", given: oneOfEach, user: "ada", method: "GET", target: "/events?owner=dan", status: 200},
	{name: "get-events-actor", given: oneOfEach, user: "ada", method: "GET", target: "/events?actor=carol&outcome=done", status: 200},
	{name: "get-events-only-denied", given: oneOfEach, user: "ada", method: "GET", target: "/events?action=token.read&outcome=denied", status: 200},
	{name: "get-events-gathered", given: many, user: "ada", method: "GET", target: "/events?actor=bob&limit=500&after=10", status: 200},
	{name: "get-events-unknown-action", user: "ada", method: "GET", target: "/events?action=token.steal", status: 422, code: "invalid"},
	{name: "get-events-end", user: "ada", method: "GET", target: "/events?after=3", status: 200},
	{name: "get-events-bad-after", user: "ada", method: "GET", target: "/events?after=-1", status: 400, code: "malformed"},
	{name: "get-events-invalid", user: "ada", method: "GET", target: "/events?owner=%00", status: 422, code: "invalid"},
}
