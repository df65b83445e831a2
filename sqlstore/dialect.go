package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Dialect is the SQL of one kind of database, with the errors and settings that are particular to it. Use [SQLite],
// [PostgreSQL] or [MySQL]; the zero Dialect is refused by [New].
type Dialect struct {
	name           string
	prefix         string // of the tables
	reservedPrefix string // no table may begin with it
	migrations     string // the folder of its migrations

	// The SQL is written with the default table prefix, so that it can be read and tried as it stands. New puts the host's
	// prefix in its place.
	queries     [numQueries]string
	tokens      tokenListing
	events      eventListing
	touchRows   batchQuery         // sets times of last use where apitoken.Touch.Moves does: id, time, apitoken.Touch.Ahead
	removeRows  batchQuery         // removes tokens: id
	forgetRows  batchQuery         // replaces a user in tokens: as forgetArgs, then the ids
	userRows    batchQuery         // reads users: as listUsers without the limit, then the ids
	revokeRows  revocationQueries  // revoke tokens and record their events
	leaseRows   batchQuery         // leases notices that are free: token, step, lease, now, until
	leasedRows  batchQuery         // step, lease, then tokens -> those of them whose notice the lease has
	noticeRows  batchQuery         // removes the notices of tokens: id
	offerRows   batchQuery         // removes offers: id
	numberRows  batchQuery         // numbers events, if numberEvents is empty: insertion number, number
	placeholder func(n int) string // of the n-th parameter, from 1

	txOptions *sql.TxOptions // nil: the database's default

	// readIsolation returns the level of isolation of the transaction that it runs in, which has to be one of isolations. Empty:
	// there is one level only, or a transaction cannot tell its own.
	readIsolation string
	isolations    []string

	// lockedTxOptions are those of a transaction whose statements find rows by a key and lock them before they decide. It is
	// right at every level of isolation. Nil saves the round trip that some drivers need to set the level.
	lockedTxOptions *sql.TxOptions

	// busy recognises an error after which the transaction has written nothing, even if COMMIT returned it. The whole
	// transaction may be tried again.
	busy func(error) bool

	// commitRefused recognises an error of COMMIT, other than busy, that says for certain that nothing was written. Nil:
	// there is none.
	commitRefused func(error) bool

	// refused recognises an error of a statement that says for certain that it was rolled back, also if it would have committed
	// by itself. Nil: every change is a transaction.
	refused func(error) bool

	// duplicateKey recognises the refusal of a row whose key is in use. Nil: such an INSERT is no error and changes no row.
	duplicateKey func(error) bool

	// keyTaken recognises an error of a change at once whose key another transaction has taken meanwhile. Nil: see duplicateKey.
	keyTaken func(error) bool

	// statementLost recognises that a connection no longer knows a prepared statement, or that the tables have changed since
	// it was prepared. The statement is prepared again and the transaction retried: the database has rolled it back, or is
	// told to. Nil: no statement is ever lost.
	statementLost func(error) bool

	// prepareTexts says that the driver prepares each query with parameters, and does not keep it.
	prepareTexts bool

	// poolerError recognises an error that occurs behind a pooler that hands a connection to another client after each
	// transaction. poolerSetting is what the data source name needs there.
	poolerError   func(error) bool
	poolerSetting string

	// A change of the schema waits for the transactions that use the table, and blocks all others meanwhile. setLockTimeout
	// keeps that wait short, until the transaction ends or resetLockTimeout is sent. After the timeout lockTimedOut recognises
	// the error, and the step is retried later. openTransactions returns a text that names the transactions that the step may
	// have waited for. Empty: readers never wait.
	setLockTimeout, resetLockTimeout string
	lockTimedOut                     func(error) bool
	openTransactions                 string

	// lockPolicyText is what lockPolicy is to other dialects. It waits 200 ms at most, and then fails with an error that
	// policyLockTimedOut recognises. It is a text, because MariaDB may ignore its timeout if it is prepared.
	lockPolicyText     string
	policyLockTimedOut func(error) bool

	findIndex string // name -> whether that index is valid, if it exists; empty: operators make no index in advance

	ddlCommits     bool             // every statement of the schema commits by itself, so a step may stop anywhere
	alreadyApplied func(error) bool // recognises the refusal of a change of the schema that was made before; nil: there is none

	// checkDurability returns what the settings lack for acknowledged writes to survive, one sentence each.
	checkDurability func(context.Context, querier) ([]string, error)

	// oneWriter says that the database takes one writer at a time. The store's own writers then queue in the store, first in,
	// first out: a database whose waiters poll can starve some of them.
	oneWriter bool

	// commitStatement is sent, repeatedly, instead of another COMMIT after COMMIT was busy. Empty: the whole transaction is
	// retried. SQLite without WAL cannot commit while another connection reads. A pending COMMIT keeps new readers out, but
	// only while the transaction stays open, and the drivers roll it back when Tx.Commit fails.
	commitStatement string

	// local says that there is no network between the host and its data. COMMIT is then awaited without a timeout, and a
	// lookup that need not wait ignores the end of its context (see lookupLocal).
	local bool
}

// isCommitRefused reports whether an error of COMMIT says for certain that nothing was written.
func (d *Dialect) isCommitRefused(err error) bool {
	return d.commitRefused != nil && d.commitRefused(err)
}

// isStatementLost reports whether err says that a prepared statement is lost.
func (d *Dialect) isStatementLost(err error) bool {
	return err != nil && d.statementLost != nil && d.statementLost(err)
}

// isLockTimeout reports whether a step of the schema has waited too long for another transaction.
func (d *Dialect) isLockTimeout(err error) bool {
	return err != nil && d.lockTimedOut != nil && d.lockTimedOut(err)
}

// withPoolerAdvice adds to an error that a pooler may have caused which settings are needed there.
func (d *Dialect) withPoolerAdvice(err error) error {
	if d.poolerError == nil || !d.poolerError(err) {
		return err
	}
	return fmt.Errorf("%w (behind a pooler that hands a connection on after each transaction, set Options.Unprepared, and %s in the data source name)",
		err, d.poolerSetting)
}

// has reports whether the dialect has a query that may be empty.
func (d *Dialect) has(q query) bool { return d.queries[q] != "" }

// withPrefix returns the dialect for tables that begin with prefix, with its own placeholders. It trims the statements: a
// driver may take a line break after a statement for one more statement, and then refuse to prepare it.
func (d Dialect) withPrefix(prefix string) Dialect {
	texts := []*string{
		&d.tokens.selectPage, &d.tokens.selectIDs, &d.tokens.selectEnds, &d.tokens.selectCount, &d.tokens.tally.states, &d.tokens.tally.examined, &d.tokens.sorted.count, &d.events.selectPage,
		&d.touchRows.before, &d.touchRows.after, &d.removeRows.before, &d.forgetRows.before, &d.numberRows.before, &d.numberRows.after,
		&d.leaseRows.before, &d.leaseRows.after, &d.leasedRows.before, &d.noticeRows.before, &d.offerRows.before,
		&d.setLockTimeout, &d.resetLockTimeout, &d.openTransactions, &d.lockPolicyText,
	}
	for _, q := range append(d.revokeRows.all(), &d.userRows) {
		texts = append(texts, &q.before, &q.after)
	}
	for i := range d.queries {
		d.queries[i] = d.numbered(d.queries[i])
		texts = append(texts, &d.queries[i])
	}
	for _, text := range texts {
		*text = strings.TrimSpace(replacePrefix(*text, prefix))
	}
	d.prefix = prefix
	return d
}

// numbered returns a query with the dialect's placeholders instead of each "?".
func (d *Dialect) numbered(text string) string {
	parts := strings.Split(text, "?")
	for i := 1; i < len(parts); i++ {
		parts[i] = d.placeholder(i) + parts[i]
	}
	return strings.Join(parts, "")
}

// replacePrefix puts a table prefix in the place of the default one.
func replacePrefix(text, prefix string) string {
	return strings.ReplaceAll(text, defaultPrefix, prefix)
}
