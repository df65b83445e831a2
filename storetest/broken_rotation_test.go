package storetest_test

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenRotations returns stores whose rotations lock somebody out, or leave a token alive.
func brokenRotations() []broken {
	rotating := func(name, bug string, found []string, rotate func(s apitoken.Store, r apitoken.Rotation, revision int64, e apitoken.Event) error) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, rotate: func(ctx context.Context, r apitoken.Rotation, revision int64, e apitoken.Event) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return rotate(s, r, revision, e)
			}}
		}}
	}
	type use struct {
		id, replaces apitoken.TokenID
		by           apitoken.Revocation
		event        apitoken.Event
	}
	using := func(name, bug string, found []string, do func(s apitoken.Store, u use) (bool, error)) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, use: func(ctx context.Context, id, replaces apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
				if err := ctx.Err(); err != nil {
					return false, err
				}
				return do(s, use{id, replaces, by, e})
			}}
		}}
	}
	soundly := func(s apitoken.Store, u use) (bool, error) {
		return s.UseSuccessor(background, u.id, u.replaces, u.by, u.event)
	}
	// anyway rotates the token whatever the caller has read.
	anyway := func(s apitoken.Store, r apitoken.Rotation, revision int64, e apitoken.Event) error {
		if rec, err := s.Token(background, r.Was.Token.ID); err == nil {
			r.Was = *rec
		}
		return s.RotateToken(background, r, revision, e)
	}
	return []broken{
		rotating("prolongs the old token", "gives the old token the expiry of the rotation, also if its own is earlier",
			[]string{"rotation/an expiry never moves later"},
			func(s apitoken.Store, r apitoken.Rotation, revision int64, e apitoken.Event) error {
				all, err := s.Tokens(background, apitoken.TokenQuery{Owner: r.Was.Token.Owner, Limit: 1000}.At(e.At))
				if err != nil {
					return err
				}
				for _, t := range all {
					if t.ID == r.Was.Token.ID && t.ExpiresAt.Before(r.ExpiresAt) {
						return errors.New("a shorter expiry is not possible")
					}
				}
				return s.RotateToken(background, r, revision, e)
			}),
		rotating("rotates whatever was read", "rotates a token that another caller has rotated meanwhile",
			[]string{"rotation/a token that has changed is not rotated", "one winner/a rotation"}, anyway),
		rotating("rotates at any time", "rotates a token that has expired", []string{"rotation/a token that is not active is not rotated"},
			func(s apitoken.Store, r apitoken.Rotation, revision int64, e apitoken.Event) error {
				e.At = r.Was.Token.CreatedAt
				return s.RotateToken(background, r, revision, e)
			}),
		rotating("rotates under any policy", "does not compare the revision of the policy", []string{"rotation/the conditions of a new token hold for a successor"},
			func(s apitoken.Store, r apitoken.Rotation, _ int64, e apitoken.Event) error {
				p, err := s.Policy(background)
				if err != nil {
					return err
				}
				return s.RotateToken(background, r, p.Revision, e)
			}),
		rotating("rotates for any role", "does not compare the role of the owner", []string{"rotation/the conditions of a new token hold for a successor"},
			func(s apitoken.Store, r apitoken.Rotation, revision int64, e apitoken.Event) error {
				r.Successor.OwnerRole = ""
				return s.RotateToken(background, r, revision, e)
			}),
		rotating("rotates again", "makes a rotation once more if the call is repeated", []string{"rotation/a rotation again"},
			func(s apitoken.Store, r apitoken.Rotation, revision int64, e apitoken.Event) error {
				err := s.RotateToken(background, r, revision, e)
				if rec, lost := s.Token(background, r.Successor.ID); err == nil && lost == nil && !rec.Unused {
					r.Was, r.Successor.ID, r.Successor.Digest = *rec, apitoken.TokenID(uuid.Must(uuid.NewV7())), apitoken.Digest{1}
					e.ID = apitoken.EventID(uuid.Must(uuid.NewV7()))
					return s.RotateToken(background, r, revision, e)
				}
				return err
			}),
		rotating("revokes the old token", "revokes the old token at once, so that a lost response locks its holder out",
			[]string{"rotation/a rotation is read back", "rotation/another rotation replaces an unused successor"},
			func(s apitoken.Store, r apitoken.Rotation, revision int64, e apitoken.Event) error {
				if err := s.RotateToken(background, r, revision, e); err != nil {
					return err
				}
				revoke := e
				revoke.ID = apitoken.EventID(uuid.Must(uuid.NewV7()))
				_, err := s.RevokeToken(background, r.Was.Token.ID, apitoken.Revocation{At: e.At}, revoke)
				return err
			}),
		using("forgets the old token", "records the first use and leaves the old token active",
			[]string{"rotation/the first use revokes the old token", besideRotation},
			func(s apitoken.Store, u use) (bool, error) {
				u.replaces = apitoken.TokenID{1}
				return soundly(s, u)
			}).on(usedFirst),
		using("every use is the first", "reports every use as the first one, with an event",
			[]string{"rotation/a later use writes nothing", "one winner/a first use"},
			func(s apitoken.Store, u use) (bool, error) {
				first, err := soundly(s, u)
				if err == nil && !first {
					return true, s.AppendEvents(background, []apitoken.Event{u.event})
				}
				return first, err
			}),
		using("uses what was revoked", "returns nil for an unused successor that was revoked",
			[]string{"rotation/an unused successor that was revoked is not used", "rotation/another rotation replaces an unused successor"},
			func(s apitoken.Store, u use) (bool, error) {
				first, err := soundly(s, u)
				if errors.Is(err, apitoken.ErrConflict) {
					return false, nil
				}
				return first, err
			}),
		using("needs the old token", "fails if the old token does not exist any more", []string{"rotation/the first use after the old token ended"},
			func(s apitoken.Store, u use) (bool, error) {
				if _, err := s.Token(background, u.replaces); err != nil && !u.replaces.IsZero() {
					return false, err
				}
				return soundly(s, u)
			}),
		using("revokes again", "moves the revocation of an old token that was revoked before", []string{"rotation/the first use after the old token ended"},
			func(s apitoken.Store, u use) (bool, error) {
				if rec, err := s.Token(background, u.replaces); err == nil && !rec.Token.RevokedAt.IsZero() && !rec.Token.ReplacedBy.IsZero() {
					return false, errors.New("revoked before")
				}
				return soundly(s, u)
			}),
		{
			"shows no unused successor", "Lookup reports a successor as used before it is", []string{"rotation/a rotation is read back"},
			func(s apitoken.Store) apitoken.Store {
				return &shown{Store: s, lookup: func(rec *apitoken.Record) { rec.Unused = false }}
			},
		}, {
			"first use read before", "reads whether a successor is unused and then writes, so that two report the first use",
			[]string{"one winner/a first use"},
			func(s apitoken.Store) apitoken.Store {
				both := meeting{under: "one winner/a first use"}
				return &otherwise{Store: s, use: func(ctx context.Context, id, replaces apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
					rec, err := s.Token(ctx, id)
					if err != nil || !rec.Unused {
						return s.UseSuccessor(ctx, id, replaces, by, e)
					}
					both.attend(id.String())
					_, err = s.UseSuccessor(ctx, id, replaces, by, e)
					return err == nil, err
				}}
			},
		}, {
			"rotation decided before", "reads whether the successor is unused and then rotates, whatever happened to it meanwhile",
			[]string{besideRotation},
			func(s apitoken.Store) apitoken.Store {
				s = usedFirst(s)
				return &otherwise{
					Store: s,
					rotate: func(ctx context.Context, r apitoken.Rotation, revision int64, e apitoken.Event) error {
						err := s.RotateToken(ctx, r, revision, e)
						if underTest == besideRotation && errors.Is(err, apitoken.ErrConflict) {
							return nil
						}
						return err
					},
				}
			},
		},
	}
}

const besideRotation = "one winner/a first use beside another rotation"

// usedFirst is a sound store that rotates a token again, under that rule, only when its successor was used.
func usedFirst(s apitoken.Store) apitoken.Store {
	using := order{under: besideRotation}
	return &otherwise{
		Store: s,
		rotate: func(ctx context.Context, r apitoken.Rotation, revision int64, e apitoken.Event) error {
			if rec, err := s.Token(ctx, r.Was.Token.ID); err == nil && !rec.Token.ReplacedBy.IsZero() {
				using.await(rec.Token.ReplacedBy.String())
			}
			return s.RotateToken(ctx, r, revision, e)
		},
		use: func(ctx context.Context, id, replaces apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
			defer using.done(id.String())
			return s.UseSuccessor(ctx, id, replaces, by, e)
		},
	}
}
