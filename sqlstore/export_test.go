package sqlstore

import (
	"github.com/seed-d6cf0a46/apitoken"
)

// What the tests of the SQL examine.

// ListTokens returns the query of a page of tokens and its arguments.
func (s *Store) ListTokens(q apitoken.TokenQuery) (string, []any) {
	b := s.dialect.pageQuery(q, place{})
	return b.text.String(), b.args
}

// ListEvents returns the query of a page of events and its arguments.
func (s *Store) ListEvents(q apitoken.EventQuery) (string, []any) {
	b := s.dialect.eventQuery(q)
	return b.text.String(), b.args
}

// CountQuery returns the query of a number of tokens and its arguments.
func (s *Store) CountQuery(q apitoken.TokenQuery) (string, []any) {
	b := s.dialect.countQuery(q)
	return b.text.String(), b.args
}

// TallyQuery returns the query of the tokens in each state and its arguments.
func (s *Store) TallyQuery(q apitoken.TokenQuery) (string, []any) {
	b := s.dialect.tallyQuery(q, place{})
	return b.text.String(), b.args
}

// WindowQueries returns the queries of a page in a window that ends with upTo, and of the end of that window.
func (s *Store) WindowQueries(q apitoken.TokenQuery, upTo apitoken.TokenID) []WindowQuery {
	d := &s.dialect
	r, _ := d.conditions(q)
	queries := []WindowQuery{
		windowQuery("end of a window", d.lastInWindowQuery(r, q, 10_000)),
		windowQuery("window", d.pageQuery(q, place{1, upTo})),
	}
	if from, before, ok := expiryTimes(q); ok && q.Order != apitoken.OrderExpiry {
		queries = append(queries, windowQuery("by expiry", d.pageByExpiry(q, from, before)))
	}
	if r, ok := d.rangeToSort(q); ok {
		queries = append(queries,
			windowQuery("size of a range to sort", d.countRange(r, 10_001)),
			windowQuery("sorted by expiry", d.pageSorted(r, q)),
			windowQuery("tally, sorted by expiry", d.tallySorted(r, q)),
		)
	}
	return queries
}

func windowQuery(name string, b *queryBuilder) WindowQuery {
	return WindowQuery{name, b.text.String(), b.args}
}

// WindowQuery is a query with its arguments.
type WindowQuery struct {
	Name, Text string
	Args       []any
}

// TouchQuery returns the query that records uses and its arguments.
func (s *Store) TouchQuery(touches []apitoken.Touch) (string, []any) {
	return s.dialect.touchQuery(touches)
}

// UsersQuery returns the query of users by ID and its arguments.
func (s *Store) UsersQuery(ids ...apitoken.UserID) (string, []any) {
	var rows [][]any
	for _, id := range ids {
		rows = append(rows, []any{string(id)})
	}
	return s.dialect.batch(s.dialect.userRows, rows, "", "", "")
}

// RemovalQuery returns the query that removes tokens and its arguments.
func (s *Store) RemovalQuery(ids []apitoken.TokenID) (string, []any) {
	return s.dialect.removalQuery(ids)
}

// RevocationQueries returns the queries that revoke the tokens of events and record these, with their arguments.
func (s *Store) RevocationQueries(r apitoken.Revocation, events []apitoken.Event) (all []WindowQuery) {
	for i, q := range s.dialect.revokeRows.all() {
		var rows [][]any
		for _, e := range events {
			args, _ := eventArgs(e)
			rows = append(rows, [][]any{{string(e.Owner)}, {e.ID[:]}, {e.Token[:]}, {e.Token[:]}, args}[i])
		}
		var leading []any
		if q == &s.dialect.revokeRows.revoke {
			leading = []any{timeArg(r.At), string(r.By)}
		}
		text, args := s.dialect.batch(*q, rows, leading...)
		name := []string{"lock the owners", "find the events", "find what is to be revoked", "revoke", "record"}[i]
		all = append(all, WindowQuery{name, text, args})
	}
	return all
}

// LeaseQueries returns the queries that lease notices, that read which are leased, and that remove those of tokens.
func (s *Store) LeaseQueries(l apitoken.NoticeLease, ids []apitoken.TokenID) []WindowQuery {
	d := &s.dialect
	lease, leaseArgs := d.leaseQuery(l, ids)
	leased, leasedArgs := d.leasedQuery(l, ids)
	removal, removalArgs := d.idsQuery(d.noticeRows, ids)
	return []WindowQuery{{"notices to lease", lease, leaseArgs}, {"notices that are leased", leased, leasedArgs}, {"notices to remove", removal, removalArgs}}
}

// ForgettingQuery returns the query that replaces a user in tokens and its arguments.
func (s *Store) ForgettingQuery(f apitoken.Forgetting) (string, []any) {
	return s.dialect.forgettingQuery(f, f.Tokens)
}

// NumberQuery returns the query that numbers events and its arguments. It is empty if the dialect has another.
func (s *Store) NumberQuery(insertions []int64, last int64) (string, []any) {
	if s.dialect.has(numberEvents) || !s.dialect.has(findUnnumbered) {
		return "", nil
	}
	return s.dialect.numberQuery(insertions, last)
}

// LatestUses returns the last use of each token.
var LatestUses = latestUses

// NamedQuery is a fixed query. The text is empty if the dialect has none.
type NamedQuery struct {
	Name, Text string
	MayBeEmpty bool
}

// Queries returns the fixed queries of the store, in their order.
func (s *Store) Queries() []NamedQuery {
	var all []NamedQuery
	for q, text := range s.dialect.queries {
		all = append(all, NamedQuery{queryNames[q], text, mayBeEmpty[query(q)]})
	}
	return all
}

// Placeholder returns the n-th parameter of a query, from 1.
func (d Dialect) Placeholder(n int) string { return d.placeholder(n) }

// Statements returns those of each step of the schema, as Migrate sends them.
func (s *Store) Statements() (all [][]string, err error) {
	steps, err := s.dialect.steps()
	for _, step := range steps {
		all = append(all, step.statements())
	}
	return all, err
}

// IsBusy reports whether an error means that the transaction may be retried.
func (d Dialect) IsBusy(err error) bool { return d.busy(err) }

// IsDuplicateKey reports whether an error refuses a key that is in use.
func (d Dialect) IsDuplicateKey(err error) bool { return d.duplicateKey != nil && d.duplicateKey(err) }

// IsKeyTaken reports whether an error says that another transaction has taken a key of a change at once.
func (d Dialect) IsKeyTaken(err error) bool { return d.keyTaken != nil && d.keyTaken(err) }

// IsAlreadyApplied reports whether an error refuses a change of the schema that was made before.
func (d Dialect) IsAlreadyApplied(err error) bool {
	return d.alreadyApplied != nil && d.alreadyApplied(err)
}

// IsStatementLost reports whether an error means that a statement has to be prepared again.
func (d Dialect) IsStatementLost(err error) bool { return d.isStatementLost(err) }

// WithPoolerAdvice adds the settings that a pooler needs to an error that it may have caused.
func (d Dialect) WithPoolerAdvice(err error) error { return d.withPoolerAdvice(err) }

var mayBeEmpty = map[query]bool{
	planAnew: true, readersWait: true, checkConnection: true, lockSchema: true, lockPolicy: true, confirm: true,
	releaseName: true, isNameReleasable: true, checkInsert: true, insertToken: true, insertTokenIf: true, countActive: true, createTokenAtOnce: true, createTokenWithin: true,
	revokeToken: true, revokeTokenAtOnce: true, changeToken: true, changeTokenAtOnce: true, narrowToken: true, narrowTokenAtOnce: true, lockToken: true, insertNewUser: true, createUserAtOnce: true, readUserAndEvent: true, updateUserAtOnce: true,
	updatePolicy: true, updatePolicyAtOnce: true,
	findUnnumbered: true, lockFeed: true, numberEvents: true, listUnnumbered: true, moveFeed: true,
}

var queryNames = [numQueries]string{
	findVersions: "findVersions", lastVersion: "lastVersion", readersWait: "readersWait", checkConnection: "checkConnection", lockSchema: "lockSchema",
	makeVersions: "makeVersions", claimVersion: "claimVersion",

	lookupToken: "lookupToken", readToken: "readToken", releaseName: "releaseName", isNameReleasable: "isNameReleasable", checkInsert: "checkInsert",
	insertToken: "insertToken", insertTokenIf: "insertTokenIf", createTokenAtOnce: "createTokenAtOnce", createTokenWithin: "createTokenWithin", revokeTokenAtOnce: "revokeTokenAtOnce", revokeToken: "revokeToken",
	narrowToken: "narrowToken", narrowTokenAtOnce: "narrowTokenAtOnce", lockToken: "lockToken", readTokenAndEvent: "readTokenAndEvent",
	changeToken: "changeToken", changeTokenAtOnce: "changeTokenAtOnce", findTokenAndEvent: "findTokenAndEvent",
	replaceToken: "replaceToken", revokeUnused: "revokeUnused", insertReplaces: "insertReplaces", readUse: "readUse", revokeReplaced: "revokeReplaced", recordUse: "recordUse",
	countExpiring: "countExpiring", countActive: "countActive",

	planAnew: "planAnew", findNotices: "findNotices", markNotice: "markNotice",

	readFacts: "readFacts", readUser: "readUser", listUsers: "listUsers", listServices: "listServices", replaceResponsible: "replaceResponsible", insertNewUser: "insertNewUser", insertUser: "insertUser", lockUser: "lockUser", updateUser: "updateUser",
	createUserAtOnce: "createUserAtOnce", readUserAndEvent: "readUserAndEvent", updateUserAtOnce: "updateUserAtOnce",
	endEpoch: "endEpoch", endLeftoverEpochs: "endLeftoverEpochs",

	insertPseudonym: "insertPseudonym", copyEpochs: "copyEpochs", replaceEnder: "replaceEnder", deleteEpochs: "deleteEpochs", deleteUser: "deleteUser",
	updatePolicyAtOnce: "updatePolicyAtOnce",

	readPolicy: "readPolicy", readPolicyToChange: "readPolicyToChange", replaceInPolicy: "replaceInPolicy", lockPolicy: "lockPolicy", updatePolicy: "updatePolicy",

	insertEvent: "insertEvent", removeEvents: "removeEvents", replaceEvent: "replaceEvent", findUnnumbered: "findUnnumbered", lockFeed: "lockFeed", numberEvents: "numberEvents",
	listUnnumbered: "listUnnumbered", moveFeed: "moveFeed",

	confirm: "confirm",

	insertOffer: "insertOffer", checkOffer: "checkOffer", claimOffer: "claimOffer", replaceDigest: "replaceDigest", deleteOffer: "deleteOffer",
	findOfferAndEvent: "findOfferAndEvent", readOffer: "readOffer", listOffers: "listOffers", listOffersTo: "listOffersTo",
	deleteOffersTo: "deleteOffersTo", replaceInOffers: "replaceInOffers",
}
