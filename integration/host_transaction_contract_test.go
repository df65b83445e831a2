package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// eachInTx makes each call in a transaction of the host's, which it commits whatever the call returns. So what a failed call
// leaves behind would stay. PutPolicy and Events, which such a transaction does not offer, go to the store itself.
type eachInTx struct {
	*sqlstore.Store
	begin     beginner
	isolation sql.IsolationLevel
}

func inTx[T any](ctx context.Context, s eachInTx, do func(*sqlstore.Tx) (T, error)) (result T, err error) {
	tx, err := s.begin(ctx, s.isolation)
	if err != nil {
		return result, err
	}
	result, err = do(tx.view(s.Store))
	if commitErr := tx.commit(); commitErr != nil && err == nil {
		return result, commitErr
	}
	return result, err
}

// again repeats a call after a deadlock, as a host does.
func again[T any](ctx context.Context, s eachInTx, do func(*sqlstore.Tx) (T, error)) (result T, err error) {
	for range 100 {
		if result, err = inTx(ctx, s, do); !errors.Is(err, apitoken.ErrAborted) {
			break
		}
	}
	return result, err
}

func (s eachInTx) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (*apitoken.Record, error) { return tx.Lookup(ctx, d) })
}

func (s eachInTx) CreateToken(ctx context.Context, n apitoken.NewToken, revision int64, e apitoken.Event) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.CreateToken(ctx, n, revision, e) })
	return err
}

func (s eachInTx) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (bool, error) { return tx.RevokeToken(ctx, id, r, e) })
}

func (s eachInTx) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.ChangeToken(ctx, was, is, e) })
	return err
}

func (s eachInTx) NarrowToken(
	ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
) (apitoken.Token, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.Token, error) { return tx.NarrowToken(ctx, id, n, e) })
}

func (s eachInTx) RotateToken(ctx context.Context, r apitoken.Rotation, revision int64, e apitoken.Event) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.RotateToken(ctx, r, revision, e) })
	return err
}

func (s eachInTx) UseSuccessor(
	ctx context.Context, id, replaces apitoken.TokenID, r apitoken.Revocation, e apitoken.Event,
) (bool, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (bool, error) { return tx.UseSuccessor(ctx, id, replaces, r, e) })
}

func (s eachInTx) CreateOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.CreateOffer(ctx, n, e) })
	return err
}

func (s eachInTx) ClaimOffer(ctx context.Context, c apitoken.OfferClaim, revision int64, e apitoken.Event) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.ClaimOffer(ctx, c, revision, e) })
	return err
}

func (s eachInTx) DeleteOffer(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.DeleteOffer(ctx, id, e) })
	return err
}

func (s eachInTx) Offers(ctx context.Context, q apitoken.OfferQuery) ([]apitoken.Offer, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) ([]apitoken.Offer, error) { return tx.Offers(ctx, q) })
}

func (s eachInTx) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.User, error) { return tx.CreateUser(ctx, u, e) })
}

func (s eachInTx) ChangeUser(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.User, error) { return tx.ChangeUser(ctx, id, c, e) })
}

func (s eachInTx) Touch(ctx context.Context, touches []apitoken.Touch) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.Touch(ctx, touches) })
	return err
}

func (s eachInTx) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	_, err := again(ctx, s, func(tx *sqlstore.Tx) (any, error) { return nil, tx.AppendEvents(ctx, events) })
	return err
}

func (s eachInTx) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.Facts, error) { return tx.Facts(ctx, q) })
}

func (s eachInTx) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.MaxLifetimePolicy, error) { return tx.Policy(ctx) })
}

func (s eachInTx) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.User, error) { return tx.User(ctx, id) })
}

func (s eachInTx) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (*apitoken.Record, error) { return tx.Token(ctx, id) })
}

func (s eachInTx) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) ([]apitoken.Token, error) { return tx.Tokens(ctx, q) })
}

func (s eachInTx) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) ([]apitoken.User, error) { return tx.Users(ctx, q) })
}

func (s eachInTx) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.TokenPage, error) { return tx.ScanTokens(ctx, q, rows) })
}

func (s eachInTx) CountTokens(ctx context.Context, q apitoken.TokenQuery) (int, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (int, error) { return tx.CountTokens(ctx, q) })
}

func (s eachInTx) TallyTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
	return again(ctx, s, func(tx *sqlstore.Tx) (apitoken.TokenTally, error) { return tx.TallyTokens(ctx, q, rows) })
}

func TestMySQLKeepsTheContractInTransactionsOfTheHost(t *testing.T) {
	t.Parallel()
	hostOverSQL(onMySQL).keepsTheContractInTransactions(t)
}

func TestPgxKeepsTheContractInTransactionsOfTheHost(t *testing.T) {
	t.Parallel()
	modes := strings.Fields(os.Getenv("APITOKEN_PGX_MODES"))
	if len(modes) == 0 {
		modes = pgxModes[:1]
	}
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) { hostOverPgx.inMode(mode).keepsTheContractInTransactions(t) })
	}
}

func TestSQLiteKeepsTheContractInTransactionsOfTheHost(t *testing.T) {
	t.Parallel()
	long(t)
	newFile := sqliteCopies(t, nil)
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		db := openSQLite(t, newFile(t), recommended)
		db.SetMaxOpenConns(1) // a host that begins many transactions at once has to queue them: SQLite has one writer
		return eachInTx{newMigratedSQLite(t, db, nil), beginSQL(db), sql.LevelDefault}
	})
}

func (h hostKind) keepsTheContractInTransactions(t *testing.T) {
	long(t)
	d := h.database(t)
	db, begin := h.connect(t, d.dsns[0], 24)
	store := eachInTx{d.newMigrated(t, db, nil), begin, h.isolation()}
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		d.clear(t, db, defaultPrefix)
		return store
	})
}
