package sqlstore

import "strings"

// query names one fixed query. Every dialect has each of them, except those that may be empty.
type query int

// The queries, with their parameters in order and what they return.
const (
	// The schema.
	findVersions    query = iota // -> whether the table of versions exists
	lastVersion                  // -> the highest version
	readersWait                  // -> whether a read may wait for a writer; may be empty
	checkConnection              // -> what is wrong with the settings of the connection; an empty text: nothing; may be empty
	lockSchema                   // lets one process at a time change the schema, until the transaction ends; may be empty
	makeVersions                 // makes the table of versions if it does not exist
	claimVersion                 // version; changes nothing if it is stored

	// Tokens. A record is what recordFields reads.
	lookupToken       // digest -> record, with a revocation of the token itself
	readToken         // id -> record, with a revocation also of its epoch
	releaseName       // owner, name, now, epoch; releases the name if its holder has expired or is of an earlier epoch
	isNameReleasable  // owner, name, now, epoch -> would releaseName release it?
	checkInsert       // digest, id, owner, creator -> token exists?, policy revision, owner's role or NULL, creator's revision or 0; locks the policy, shared
	insertToken       // as tokenArgs; changes nothing if a key is in use
	insertTokenIf     // as tokenArgs, policy revision, owner, owner's role or nothing, owner's role, creator's revision or 0, creator, creator's revision; inserts only what checkInsert accepts, and locks the policy, shared; may be empty
	countActive       // owner, now, epoch -> how many tokens have not been revoked, not expired, and are not of an earlier epoch
	revokeToken       // at, by, id; changes nothing if the token is revoked, itself or with its epoch
	changeToken       // new name, twice, name, description, id, name before, description before, now; changes nothing if the token is another one by now, or no longer active
	narrowToken       // permissions, expires at, id, permissions before, expires at before, twice, now; changes nothing if the token is another one by now, or no longer active
	lockToken         // id; changes nothing, but no other transaction changes the token before this one ends
	replaceToken      // the new token's id, expiry twice, id, id before which it was replaced or its own, name, description, permissions, now; changes nothing if the token is another one by now, or no longer active
	revokeUnused      // at, by, the new token's id, id; changes nothing if the token is not unused, or revoked
	insertReplaces    // id of the token that is replaced, id; for a token that is inserted in the same transaction
	readUse           // event id, id -> unused?, revoked or of an earlier epoch than the owner's?, event exists?
	revokeReplaced    // at, by, id, owner's epoch; changes nothing if the token is revoked, itself or with its epoch
	recordUse         // id; changes nothing if the token is not unused, or revoked
	findTokenAndEvent // token id, event id -> token exists?, event exists?
	countExpiring     // from, to, limit -> how many tokens expire at from or later and before to, up to the limit

	// Notices.
	planAnew    // until the transaction ends, plans each statement by the present size of the tables; may be empty
	findNotices // expires after, expires up to, step, now, limit -> records of tokens that can be used, whose notice was not sent and is not leased

	// What a decision depends on. A row that does not exist is NULL.
	readFacts // actor, the actor's token, token, owner -> policy, id and record of the actor, id of the owner and record of the token

	// Users. A user is what userFields reads.
	readUser           // id -> user
	listServices       // who answers for them, and as listUsers -> users
	listUsers          // after, text that the id or the name contains, again, limit -> users
	insertNewUser      // as userArgs, id, id; changes nothing if the id is in use or was; may be empty
	insertUser         // id, name, role, created, disabled, suspended, service?, responsible, id, id; takes an epoch above all of the id; changes nothing if the id is in use
	lockUser           // id -> user, whom no other transaction changes before this one ends
	updateUser         // name, role, disabled, suspended, service?, responsible, epoch, revision, id, epoch before, revision before; changes nothing if the user is at another epoch or revision
	endEpoch           // owner, epoch that begins, at, by; changes nothing if it has begun before
	insertPseudonym    // id, and userColumns; changes nothing if the id is in use
	copyEpochs         // pseudonym, owner; copies the ended epochs of a user
	replaceEnder       // new id, id; replaces those who ended an epoch
	deleteEpochs       // owner
	deleteUser         // id
	replaceResponsible // new id, id; replaces those who answer for service accounts
	endLeftoverEpochs  // at, by, owner; ends the epochs of all tokens that are left of the owner, if they have not ended before

	// The policy. There is always one row. A policy is what policyFields reads.
	readPolicy         // -> policy
	readPolicyToChange // -> policy, which no other transaction changes before this one ends
	lockPolicy         // makes new transactions wait for the policy, so that a stream of them does not starve a change; may be empty
	updatePolicy       // as policyArgs, revision before
	replaceInPolicy    // updated by, layers; replaces what identifies a user

	// Events. Those of the feed are empty if an event is numbered when it is inserted.
	insertEvent    // as eventArgs; changes nothing if the id is in use
	removeEvents   // number; removes the events up to it
	replaceEvent   // actor, owner, before, after, reason, origin (three), number; replaces what identifies a user
	findUnnumbered // -> whether there are committed events without a number
	lockFeed       // -> the last number that was given; one at a time, until the transaction ends
	numberEvents   // limit, last number; numbers events from the next number on; if empty, listUnnumbered replaces it
	listUnnumbered // limit -> the insertion numbers of committed events without a number; may be empty
	moveFeed       // how many were numbered

	// confirm writes something without changing anything. COMMIT is then acknowledged only when everything before it is as
	// safe as the settings of the server make it. Empty: what can be read is safe.
	confirm

	// Changes in one statement, which may be empty. They are sent as text: see Store.changeAtOnce.
	createTokenAtOnce  // tokenArgs, eventArgs, policy revision, creator's revision or 0, owner's role or nothing -> inserted?, stored before?, policy, creator and role are these?, owner exists?, a key is in use?, is it one too many?; replaces the queries of createToken
	createTokenWithin  // as createTokenAtOnce, most active tokens; for an owner who may have no more
	revokeTokenAtOnce  // at, by, id, eventArgs -> revoked?, revoked before?, event stored before?, of no use; no row if there is no token; confirms what it leaves as it is; replaces revokeToken
	changeTokenAtOnce  // id, name before, description before, name, description, now, eventArgs -> changed?, event stored before?, as before and active?, is the name held?; no row if there is no token; replaces changeToken
	narrowTokenAtOnce  // as narrowToken, eventArgs -> narrowed?; replaces narrowToken and lockToken
	readTokenAndEvent  // event id, token id -> record as of readToken, event stored?; every dialect has it
	createUserAtOnce   // userArgs, eventArgs -> created?, event stored before?; changes nothing if the id is in use or was
	readUserAndEvent   // event id, user id -> user, event stored?
	updateUserAtOnce   // as updateUser, ended at, ended by, eventArgs -> updated?
	updatePolicyAtOnce // as updatePolicy, eventArgs -> updated?, event stored before?; replaces updatePolicy
	markNotice         // sent at, token, step; changes nothing if it was sent before; every dialect has it

	// Offers, sent as text too. An offer is what offerFields reads. Every dialect has these.
	insertOffer       // as offerArgs; changes nothing if the id is in use
	checkOffer        // event id, owner, creator, owner, now, epoch -> event exists?, owner exists?, creator's revision or 0, how many offers are open
	claimOffer        // at, by, id, owner's revision, by, their revision; changes nothing if the offer is claimed, or a user at another revision
	replaceDigest     // digest, hint, id, digest before, owner's revision, by, their revision; changes nothing if the token is another one by now, or was used or revoked
	deleteOffer       // id; changes nothing if the offer is claimed
	findOfferAndEvent // offer id, event id -> offer exists?, event exists?
	readOffer         // id -> offer
	listOffers        // after, limit -> offers
	listOffersTo      // owner, after, limit -> offers
	deleteOffersTo    // owner
	replaceInOffers   // id and new id, twice, then id, twice; replaces those who made or claimed an offer

	numQueries
)

// queries returns the queries that the dialects share, replaced and completed by those of one dialect.
func (s syntax) queries(own map[query]string) [numQueries]string {
	all := [numQueries]string{
		lastVersion: `
SELECT coalesce(max(version), 0) FROM apitoken_schema_version`,

		lookupToken: selectRecord("t.revoked_at, t.revoked_by", "") + `
WHERE t.digest = ?`,

		readToken: selectRecord(effectiveRevocation, leftJoinEpochs("t", "e")) + `
WHERE t.id = ?`,

		readFacts: `
SELECT
	` + qualified("p", policyColumns) + `,
	a.id,
	` + recordColumns("w", revocation("w", "we"), "a") + `,
	o.id,
	` + recordColumns("t", effectiveRevocation, "o") + `
FROM apitoken_policy AS p
LEFT JOIN apitoken_users AS a ON a.id = ?
LEFT JOIN apitoken_tokens AS w ON w.id = ?` + leftJoinEpochs("w", "we") + `
LEFT JOIN apitoken_tokens AS t ON t.id = ?` + leftJoinEpochs("t", "e") + `
LEFT JOIN apitoken_users AS o ON o.id = coalesce(t.owner, ?)`,

		releaseName: `
UPDATE apitoken_tokens SET live_name = NULL
WHERE owner = ? AND live_name = ? AND (expires_at <= ? OR epoch < ?)`,

		isNameReleasable: `
SELECT EXISTS (
	SELECT 1 FROM apitoken_tokens
	WHERE owner = ? AND live_name = ? AND (expires_at <= ? OR epoch < ?)
)`,

		insertToken: `
INSERT INTO apitoken_tokens (
	` + tokenColumns + `,
	` + tokenOnlyInserted + `
) VALUES (` + parameters(tokenColumns) + `, ` + parameters(tokenOnlyInserted) + `)` + s.ifAbsent,

		// The owner's row is locked until the change commits, so that no epoch ends before. The first assignment reads the old name
		// also on MySQL, which evaluates them in order.
		changeToken: `
UPDATE apitoken_tokens AS t
SET live_name = CASE WHEN name = ? THEN live_name ELSE ? END, name = ?, description = ?
WHERE t.id = ? AND t.name = ? AND t.description = ? AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner` + s.lockOwner + `)`,

		narrowToken: `
UPDATE apitoken_tokens AS t SET permissions = ?, expires_at = ?
WHERE t.id = ? AND t.permissions = ? AND (t.expires_at = ? OR t.expires_at IS NULL AND ? IS NULL)
	AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner` + s.lockOwner + `)`,

		lockToken: `
UPDATE apitoken_tokens SET permissions = permissions WHERE id = ?`,

		readTokenAndEvent: selectTokenAndEvent("?", "?"),
		replaceToken: `
UPDATE apitoken_tokens AS t
SET replaced_by = ?, expires_at = CASE WHEN t.expires_at <= ? THEN t.expires_at ELSE ? END, live_name = NULL, unused = 0
WHERE t.id = ? AND coalesce(t.replaced_by, t.id) = ? AND t.name = ? AND t.description = ? AND t.permissions = ?
	AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner)`,

		revokeUnused: `
UPDATE apitoken_tokens SET revoked_at = ?, revoked_by = ?, replaced_by = ?, live_name = NULL, unused = 0
WHERE id = ? AND unused = 1 AND revoked_at IS NULL`,

		insertReplaces: `
UPDATE apitoken_tokens SET replaces = ?, unused = 1
WHERE id = ?`,

		readUse: `
SELECT t.unused, t.revoked_at IS NOT NULL OR t.epoch < u.epoch, EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?)
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.id = ?`,

		revokeReplaced: `
UPDATE apitoken_tokens SET revoked_at = ?, revoked_by = ?, live_name = NULL
WHERE id = ? AND revoked_at IS NULL AND epoch >= ?`,

		recordUse: `
UPDATE apitoken_tokens SET unused = 0
WHERE id = ? AND unused = 1 AND revoked_at IS NULL`,

		countActive: `
SELECT count(*)
FROM apitoken_tokens
WHERE owner = ? AND live_name IS NOT NULL AND (expires_at IS NULL OR expires_at > ?) AND epoch >= ?`,

		findTokenAndEvent: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE id = ?),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?)`,

		countExpiring: `
SELECT count(*)
FROM (SELECT 1 FROM apitoken_tokens WHERE expires_at >= ? AND expires_at < ? LIMIT ?) AS found`,

		findNotices: selectRecord("t.revoked_at, t.revoked_by", "") + `
WHERE t.expires_at > ? AND t.expires_at <= ? AND t.revoked_at IS NULL AND t.replaced_by IS NULL AND t.epoch >= u.epoch
	AND u.disabled_at IS NULL AND u.suspended_at IS NULL
	AND NOT EXISTS (
		SELECT 1 FROM apitoken_notices AS n
		WHERE n.token = t.id AND n.step = ? AND (n.sent_at IS NOT NULL OR n.leased_until > ?)
	)
ORDER BY t.expires_at LIMIT ?`,

		markNotice: `
UPDATE apitoken_notices SET sent_at = ? WHERE token = ? AND step = ? AND sent_at IS NULL`,

		readUser: selectUser + ` WHERE id = ?`,

		listUsers: selectUser + `
WHERE id > ? AND (` + s.containing("id") + ` OR ` + s.containing("name") + `) ORDER BY id LIMIT ?`,

		// The second condition is that of the index.
		listServices: selectUser + `
WHERE responsible = ? AND responsible <> '' AND id > ? AND (` + s.containing("id") + ` OR ` + s.containing("name") + `) ORDER BY id LIMIT ?`,

		insertUser: `
INSERT INTO apitoken_users (id, ` + userColumns + `)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ` + s.greatest + `(
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_tokens WHERE owner = ?),
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_epochs WHERE owner = ?)
), 1)` + s.ifAbsent,

		lockUser: selectUser + ` WHERE id = ?
` + s.lockRow,

		updateUser: `
UPDATE apitoken_users SET name = ?, role = ?, disabled_at = ?, suspended_at = ?, service = ?, responsible = ?, epoch = ?, revision = ?
WHERE id = ? AND epoch = ? AND revision = ?`,

		endEpoch: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by) VALUES (?, ?, ?, ?)` + s.ifAbsent,

		endLeftoverEpochs: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT DISTINCT t.owner, t.epoch + 1, ?, ?
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
WHERE t.owner = ? AND e.owner IS NULL` + s.ifAbsent,

		insertPseudonym: `
INSERT INTO apitoken_users (id, ` + userColumns + `)
VALUES (?, ` + parameters(userColumns) + `)` + s.ifAbsent,

		copyEpochs: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT ?, epoch, ended_at, ended_by FROM apitoken_epochs WHERE owner = ?`,

		replaceEnder: `
UPDATE apitoken_epochs SET ended_by = ? WHERE ended_by = ?`,

		deleteEpochs: `
DELETE FROM apitoken_epochs WHERE owner = ?`,

		deleteUser: `
DELETE FROM apitoken_users WHERE id = ?`,

		replaceResponsible: `
UPDATE apitoken_users SET responsible = ?, revision = revision + 1 WHERE responsible = ? AND responsible <> ''`,

		readPolicy: `
SELECT ` + policyColumns + ` FROM apitoken_policy`,

		readPolicyToChange: `
SELECT ` + policyColumns + ` FROM apitoken_policy
` + s.lockRow,

		updatePolicy: `
UPDATE apitoken_policy SET max_lifetime = ?, updated_at = ?, updated_by = ?, revision = ?, layers = ?
WHERE revision = ?`,

		replaceInPolicy: `
UPDATE apitoken_policy SET updated_by = ?, layers = ?`,

		insertEvent: `
INSERT INTO apitoken_events (
	` + eventColumns + `
) VALUES (` + parameters(eventColumns) + `)` + s.ifAbsent,

		replaceEvent: `
UPDATE apitoken_events
SET actor_user = ?, owner = ?, before_state = ?, after_state = ?, reason = ?,
	origin_address = ?, origin_agent = ?, origin_request = ?
WHERE seq = ?`,

		// The LIMIT keeps a planner that expects many such events from reading them all. No call removes more than that.
		removeEvents: `
DELETE FROM apitoken_events WHERE seq IN (
	SELECT seq FROM apitoken_events
	WHERE seq IS NOT NULL AND seq <= ? ORDER BY seq LIMIT 500
)`,
	}
	all[insertOffer] = s.insertOffer()
	for _, more := range []map[query]string{offerQueries, own} {
		for q, text := range more {
			all[q] = text
		}
	}
	return all
}

// numberingQueries are those of databases with several writers, which number events when they are read.
var numberingQueries = map[query]string{
	findUnnumbered: `
SELECT EXISTS (SELECT 1 FROM apitoken_events WHERE seq IS NULL)`,

	lockFeed: `
SELECT last_seq FROM apitoken_feed FOR UPDATE`,

	moveFeed: `
UPDATE apitoken_feed SET last_seq = last_seq + ?`,
}

// revocation returns the columns of a token's own revocation, or of the end of its epoch.
func revocation(token, epoch string) string {
	return strings.NewReplacer("t.", token+".", "e.", epoch+".").Replace(`coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END`)
}

// effectiveRevocation are the columns of revocation for the token t and its epoch e.
var effectiveRevocation = revocation("t", "e")

const selectUser = `
SELECT id, ` + userColumns + ` FROM apitoken_users`

// selectToken begins a query of what tokenFields reads.
func selectToken(revocation string) string {
	return `
SELECT
	` + qualified("t", tokenColumns) + `,
	` + revocation + `,
	` + qualified("t", rotationColumns)
}

// recordColumns are what recordFields reads.
func recordColumns(token, revocation, owner string) string {
	return qualified(token, tokenColumns) + `,
	` + revocation + `,
	` + qualified(token, rotationColumns) + `,
	` + token + `.digest, ` + token + `.epoch, ` + token + `.unused,
	` + qualified(owner, userColumns)
}

// selectTokenAndEvent reads a token, and whether an event is stored, by the parameters of their IDs.
func selectTokenAndEvent(event, token string) string {
	return `
SELECT
	` + recordColumns("t", effectiveRevocation, "u") + `,
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ` + event + `)
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner` + leftJoinEpochs("t", "e") + `
WHERE t.id = ` + token
}

// selectRecord begins a query of what recordFields reads.
func selectRecord(revocation, join string) string {
	return `
SELECT
	` + recordColumns("t", revocation, "u") + `
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner` + join
}
