package storetest_test

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenTokenChanges returns stores that lose descriptions, or change tokens that they should not.
func brokenTokenChanges() []broken {
	changing := func(name, bug string, found []string, change func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, rename: func(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return change(s, was, is, e)
			}}
		}}
	}
	// anyway changes the token whatever the caller has read.
	anyway := func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
		if rec, err := s.Token(background, is.ID); err == nil {
			was = *rec
		}
		return s.ChangeToken(background, was, is, e)
	}
	return []broken{{
		"drops the description", "stores tokens without Description",
		[]string{"tokens/a created token is read back with every field", "texts/plain"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.Description = ""
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"truncates descriptions", "keeps the first 200 bytes of Description",
		[]string{"texts/255 bytes"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, token: func(t *apitoken.Token) { t.Description = t.Description[:min(len(t.Description), 200)] }}
		},
	}, {
		"forgets no description", "leaves the descriptions of a user who is forgotten",
		[]string{"forgetting/a pseudonym takes the place of the user everywhere"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, token: func(t *apitoken.Token) {
				if t.Owner == "forgotten-1" {
					t.Description = "for ada"
				}
			}}
		},
	},
		changing("renames nothing", "changes the description and leaves the name",
			[]string{"token changes/a changed token is read back", "token changes/a changed name is held, and the old one is free"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				is.Name = was.Token.Name
				return s.ChangeToken(background, was, is, e)
			}),
		changing("describes nothing", "changes the name and leaves the description", []string{"token changes/a changed token is read back"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				is.Description = was.Token.Description
				return s.ChangeToken(background, was, is, e)
			}),
		changing("changes whatever was read", "changes a token that another caller has changed meanwhile",
			[]string{"token changes/a token that has changed is not changed", "one winner/a change of a token"}, anyway),
		changing("changes at any time", "changes a token that has expired",
			[]string{"token changes/an expired token is not changed", "token changes/the name of an expired token is taken"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				e.At = is.CreatedAt
				return s.ChangeToken(background, was, is, e)
			}),
		changing("succeeds for a revoked token", "returns nil for a token that is no longer active",
			[]string{"token changes/a revoked token is not changed", "token changes/an expired token is not changed"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				if err := s.ChangeToken(background, was, is, e); !errors.Is(err, apitoken.ErrConflict) {
					return err
				}
				return nil
			}),
		changing("conflict for a missing token", "returns ErrConflict for a token that does not exist", []string{"token changes/a missing token is not changed"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				if err := s.ChangeToken(background, was, is, e); !errors.Is(err, apitoken.ErrNotFound) {
					return err
				}
				return apitoken.ErrConflict
			}),
		changing("conflict for a name", "returns ErrConflict for a name that is held", []string{"token changes/a name that is held is refused", "one winner/a name of many tokens"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				if err := s.ChangeToken(background, was, is, e); !errors.Is(err, apitoken.ErrExists) {
					return err
				}
				return apitoken.ErrConflict
			}),
		changing("changes again", "makes a change once more if the call is repeated", []string{"token changes/a change again"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				if err := s.ChangeToken(background, was, is, e); err != nil {
					return err
				}
				e.ID = apitoken.EventID(uuid.Must(uuid.NewV7()))
				if err := anyway(s, was, is, e); errors.Is(err, apitoken.ErrUnavailable) {
					return err
				}
				return nil
			}),
		changing("takes the name of nobody", "does not take a name whose holder has expired or is of an earlier epoch",
			[]string{"token changes/the name of an expired token is taken", "token changes/the name of a token of an earlier epoch is taken"},
			func(s apitoken.Store, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
				all, err := s.Tokens(background, apitoken.TokenQuery{Owner: is.Owner, Limit: 1000}.At(e.At))
				if err != nil {
					return err
				}
				for _, t := range all {
					if t.ID != is.ID && t.Name == is.Name && t.Name != was.Token.Name {
						return apitoken.ErrExists
					}
				}
				return s.ChangeToken(background, was, is, e)
			}),
	}
}
