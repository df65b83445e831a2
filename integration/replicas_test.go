package integration_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// Every replica of a host sees the writes of the others: the contract holds if each call goes to another handle of the same file.
func TestSQLiteKeepsTheContractAcrossHandles(t *testing.T) {
	t.Parallel()
	long(t)
	for name, parameters := range map[string]string{
		"recommended":                   recommended,
		"WAL without waiting for locks": "_pragma=journal_mode(WAL)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newFile := sqliteCopies(t, nil)
			storetest.Run(t, func(t *testing.T) apitoken.Store {
				file := newFile(t)
				var r replicas
				for range 3 {
					r.stores = append(r.stores, newMigratedSQLite(t, openSQLite(t, file, parameters), nil))
				}
				return &r
			})
		})
	}
}

func TestPostgreSQLKeepsTheContractAcrossPools(t *testing.T) {
	onPostgreSQL.keepsTheContractAcrossPools(t)
}
func TestMySQLKeepsTheContractAcrossPools(t *testing.T) { onMySQL.keepsTheContractAcrossPools(t) }

// keepsTheContractAcrossPools runs package storetest with each call on the next of three connection pools.
func (b backend) keepsTheContractAcrossPools(t *testing.T) {
	t.Parallel()
	long(t)
	open := b.database(t).opener(t, nil)
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		stores, _ := open(t)
		return &replicas{stores: stores}
	})
}

// replicas is a Store that sends each call to the next of several stores.
type replicas struct {
	stores []apitoken.Store
	calls  atomic.Uint64
}

func (r *replicas) next() apitoken.Store { return r.stores[r.calls.Add(1)%uint64(len(r.stores))] }

func (r *replicas) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	return r.next().Lookup(ctx, d)
}

func (r *replicas) CreateToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	return r.next().CreateToken(ctx, n, policyRevision, e)
}

func (r *replicas) RevokeToken(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
	return r.next().RevokeToken(ctx, id, by, e)
}

func (r *replicas) RevokeTokens(ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
	return r.next().RevokeTokens(ctx, by, events)
}

func (r *replicas) NarrowToken(
	ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
) (apitoken.Token, error) {
	return r.next().NarrowToken(ctx, id, n, e)
}

func (r *replicas) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	return r.next().ChangeToken(ctx, was, is, e)
}

func (r *replicas) RotateToken(ctx context.Context, rot apitoken.Rotation, revision int64, e apitoken.Event) error {
	return r.next().RotateToken(ctx, rot, revision, e)
}

func (r *replicas) UseSuccessor(
	ctx context.Context, id, replaces apitoken.TokenID, by apitoken.Revocation, e apitoken.Event,
) (bool, error) {
	return r.next().UseSuccessor(ctx, id, replaces, by, e)
}

func (r *replicas) CreateOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	return r.next().CreateOffer(ctx, n, e)
}

func (r *replicas) ClaimOffer(ctx context.Context, c apitoken.OfferClaim, policyRevision int64, e apitoken.Event) error {
	return r.next().ClaimOffer(ctx, c, policyRevision, e)
}

func (r *replicas) DeleteOffer(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	return r.next().DeleteOffer(ctx, id, e)
}

func (r *replicas) Offers(ctx context.Context, q apitoken.OfferQuery) ([]apitoken.Offer, error) {
	return r.next().Offers(ctx, q)
}

func (r *replicas) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	return r.next().CreateUser(ctx, u, e)
}

func (r *replicas) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	return r.next().ChangeUser(ctx, id, c, e)
}

func (r *replicas) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	return r.next().PutPolicy(ctx, p, ifRevision, e)
}

func (r *replicas) Touch(ctx context.Context, touches []apitoken.Touch) error {
	return r.next().Touch(ctx, touches)
}

func (r *replicas) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	return r.next().AppendEvents(ctx, events)
}

func (r *replicas) Remove(ctx context.Context, removal apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
	return r.next().Remove(ctx, removal, e)
}

func (r *replicas) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (int, error) {
	return r.next().Forget(ctx, f, e)
}

func (r *replicas) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	return r.next().Facts(ctx, q)
}

func (r *replicas) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	return r.next().Policy(ctx)
}

func (r *replicas) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	return r.next().User(ctx, id)
}

func (r *replicas) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return r.next().Token(ctx, id)
}

func (r *replicas) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	return r.next().Tokens(ctx, q)
}

func (r *replicas) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	return r.next().(apitoken.TokenPager).ScanTokens(ctx, q, rows)
}

func (r *replicas) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	return r.next().Users(ctx, q)
}

func (r *replicas) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	return r.next().Events(ctx, q)
}
