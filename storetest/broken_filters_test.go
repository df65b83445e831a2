package storetest_test

import (
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenFilters take one of the newer conditions for another.
func brokenFilters() []broken {
	return []broken{{
		"kinds in any case", "selects for Kind without regard to case",
		[]string{"filters/kind user", "filters/kind machine"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			q.Kind, t.Kind = apitoken.Kind(strings.ToLower(string(q.Kind))), apitoken.Kind(strings.ToLower(string(t.Kind)))
			return soundly(q, now, t)
		}),
	}, {
		"kinds without spaces behind", "selects for Kind without regard to spaces behind",
		[]string{"filters/kind user", "filters/kind user "},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			q.Kind, t.Kind = apitoken.Kind(strings.TrimRight(string(q.Kind), " ")), apitoken.Kind(strings.TrimRight(string(t.Kind), " "))
			return soundly(q, now, t)
		}),
	}, {
		"created by the owner", "takes the owner for the one who generated the token",
		[]string{"filters/created by carol", "filters/created by ada"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			t.CreatedBy = t.Owner
			return soundly(q, now, t)
		}),
	}, {
		"created by the host", "takes the host itself for the owner",
		[]string{"filters/created by bob"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			if t.CreatedBy == "" {
				t.CreatedBy = t.Owner
			}
			return soundly(q, now, t)
		}),
	}, {
		"creators in any case", "selects for CreatedBy without regard to case",
		[]string{"filters/created by ada", "filters/created by ADA"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			q.CreatedBy = apitoken.UserID(strings.ToLower(string(q.CreatedBy)))
			t.CreatedBy = apitoken.UserID(strings.ToLower(string(t.CreatedBy)))
			return soundly(q, now, t)
		}),
	}, {
		"created with anything", "selects for CreatedWith whatever was generated with a token",
		[]string{"filters/created with", "filters/any two conditions together"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			if !q.CreatedWith.IsZero() && !t.CreatedWith.IsZero() {
				q.CreatedWith = t.CreatedWith
			}
			return soundly(q, now, t)
		}),
	}, {
		"on behalf in any case", "selects for OnBehalf without regard to case",
		[]string{"filters/on behalf"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			return soundly(q, now, t) && (!q.OnBehalf || !strings.EqualFold(string(t.CreatedBy), string(t.Owner)))
		}),
	}, {
		"revokes the expired", "tells of the revocation with its epoch for a token that had expired by then",
		[]string{"epochs/a token that had expired stays expired", "epochs/a token that had expired is selected as expired"},
		revokesTheExpired,
	}, {
		"endless from 1970", "takes an end in 1970 for none",
		[]string{"filters/without expiration"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			if t.ExpiresAt.Equal(time.Unix(0, 0)) {
				t.ExpiresAt = time.Time{}
			}
			return soundly(q, now, t)
		}),
	}, {
		"unused when new", "takes for unused whatever was never used, however new",
		[]string{"filters/unused since at the very time", "filters/unused since one microsecond before"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			if t.LastUsedAt.IsZero() {
				q.UnusedSince = time.Time{}
			}
			return soundly(q, now, t)
		}),
	}, {
		"used once", "takes for unused only what was used some time",
		[]string{"filters/unused since one microsecond after", "filters/unused since in 1970"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			return soundly(q, now, t) && (q.UnusedSince.IsZero() || !t.LastUsedAt.IsZero())
		}),
	}, {
		"lives for ever", "selects for LivesLongerThan no token without expiration",
		[]string{"filters/lives longer than the very time", "filters/lives longer than no expiration"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			return soundly(q, now, t) && (q.LivesLongerThan == 0 || !t.ExpiresAt.IsZero())
		}),
	}, {
		"lives until its revocation", "ends the life of a token with its revocation",
		[]string{"filters/lives longer than one microsecond less"},
		selecting(func(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
			return soundly(q, now, t) && (q.LivesLongerThan == 0 || t.RevokedAt.IsZero())
		}),
	}}
}
