package apitoken_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestLogValuesContainWhatIsSet(t *testing.T) {
	id := apitoken.TokenID{0x01, 0x90, 15: 7}
	zoned := start.In(time.FixedZone("", 3600))
	for _, tt := range []struct {
		name string
		v    slog.LogValuer
		want string
	}{
		{"the zero Observation", apitoken.Observation{}, `v.duration=0s`},
		{"a success", apitoken.Observation{
			Action: apitoken.ActionAuthenticate, Outcome: apitoken.OutcomeDone, Duration: 1500 * time.Microsecond, Owner: bob, Token: id,
		}, `v.action=token.authenticate v.outcome=done v.owner=bob v.token_id=01900000-0000-0000-0000-000000000007 v.duration=1.5ms`},
		{"a refusal", apitoken.Observation{
			Action: apitoken.ActionGenerate, Outcome: apitoken.OutcomeRefused, Err: fmt.Errorf("%w: name: is empty", apitoken.ErrInvalid),
			Actor: apitoken.As(ada), Owner: bob,
		}, `v.action=token.generate v.outcome=refused v.reason=invalid v.actor.kind=person v.actor.user=ada v.owner=bob v.duration=0s`},
		{"a failure", apitoken.Observation{
			Action: apitoken.ActionSetPolicy, Outcome: apitoken.OutcomeFailed, Err: fmt.Errorf("%w: reset", apitoken.ErrUnavailable),
			Actor: apitoken.System(),
		}, `v.action=policy.set v.outcome=failed v.reason=unavailable v.error="store unavailable: reset" v.actor.kind=system v.duration=0s`},
		{"the zero Actor", apitoken.Actor{}, ``},
		{"an actor with a token", apitoken.Identity{User: apitoken.User{ID: bob}, Token: apitoken.Token{ID: id}}.Actor(),
			`v.kind=token v.user=bob v.token_id=01900000-0000-0000-0000-000000000007`},
		{"a token", apitoken.Token{ID: id, Owner: bob, Name: "nightly build", Kind: apitoken.KindUser, Hint: "tok_...abcd", CreatedAt: start, ExpiresAt: start},
			`v.id=01900000-0000-0000-0000-000000000007 v.owner=bob v.name="nightly build" v.kind=user v.expires_at=2026-03-01T12:00:00.000Z`},
		{"a bound token", apitoken.Token{Owner: bob, Kind: apitoken.KindUser, Resource: "project:web", ExpiresAt: start},
			`v.owner=bob v.kind=user v.resource=project:web v.expires_at=2026-03-01T12:00:00.000Z`},
		{"a revoked token", apitoken.Token{Owner: bob, RevokedAt: zoned}, `v.owner=bob v.revoked_at=2026-03-01T13:00:00.000+01:00`},
		{"an event", apitoken.Event{
			Seq: 7, At: start, Action: apitoken.ActionSetPolicy, Outcome: apitoken.OutcomeDone, Actor: apitoken.As(ada),
			Before: apitoken.State{MaxLifetime: apitoken.NoExpiration}, After: apitoken.State{MaxLifetime: apitoken.Days(30)},
		}, `v.seq=7 v.id=00000000-0000-0000-0000-000000000000 v.at=2026-03-01T12:00:00.000Z v.action=policy.set v.outcome=done ` +
			`v.actor.kind=person v.actor.user=ada v.before.max_lifetime="no expiration" v.after.max_lifetime="30 days"`},
		{"a denial", apitoken.Event{Seq: 8, At: start, Action: apitoken.ActionRevoke, Outcome: apitoken.OutcomeDenied, Owner: bob, Token: id},
			`v.seq=8 v.id=00000000-0000-0000-0000-000000000000 v.at=2026-03-01T12:00:00.000Z v.action=token.revoke v.outcome=denied ` +
				`v.owner=bob v.token_id=01900000-0000-0000-0000-000000000007`},
		{"a state", apitoken.State{Name: "Bob", Kind: apitoken.KindUser, Resource: "project:web", ExpiresAt: start, RevokedAt: start, Role: apitoken.RoleUser, DisabledAt: start, Epoch: 3},
			`v.name=Bob v.kind=user v.resource=project:web v.expires_at=2026-03-01T12:00:00.000Z v.revoked_at=2026-03-01T12:00:00.000Z v.role=user ` +
				`v.disabled_at=2026-03-01T12:00:00.000Z v.epoch=3`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			bare := func(groups []string, a slog.Attr) slog.Attr {
				if len(groups) == 0 && a.Key != "v" { // time, level, msg
					return slog.Attr{}
				}
				return a
			}
			slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: bare})).Info("m", "v", tt.v)
			if diff := cmp.Diff(tt.want+"\n", b.String()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}
