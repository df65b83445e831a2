package sqlstore

import (
	"fmt"
	"strings"
)

// The queries below make a change and record its event in one statement each. Their subqueries see the rows as they were when
// the statement began, but for a row that they lock or change: of that one they wait for, and see, what has been committed
// meanwhile. A statement that another transaction has outpaced changes nothing, and is sent again.
//
// An event whose ID is stored at the same moment fails the whole statement. That cannot happen to two tries of one change: they
// lock or insert the same row before.
var postgresAtOnce = map[query]string{
	createTokenAtOnce: createToken("FALSE"),

	// $39 is the most active tokens. It is a statement of its own, because the server would plan one statement for both anew each
	// time: it estimates that a plan without the last condition is worth that.
	createTokenWithin: createToken(`EXISTS (
			SELECT 1 FROM apitoken_tokens
			WHERE owner = $2 AND live_name IS NOT NULL AND (expires_at <= $5 OR epoch < $17) IS NOT TRUE
			OFFSET $39::bigint - 1
		)`),

	// $1 to $3 are the time, the user who revokes, and the token; $4 to $20 are the event.
	revokeTokenAtOnce: `
WITH owner AS (
	-- The lock is held until the revocation is committed, so that it does not replace a revocation with the epoch. It is
	-- exclusive: new shared locks could overtake a waiting change of the owner without end.
	SELECT epoch
	FROM apitoken_users
	WHERE id = (SELECT owner FROM apitoken_tokens WHERE id = $3)
	FOR NO KEY UPDATE
), found AS (
	SELECT
		t.revoked_at IS NOT NULL OR u.id IS NULL OR t.epoch < u.epoch AS revoked,
		EXISTS (SELECT 1 FROM apitoken_events WHERE id = $4) AS recorded
	FROM apitoken_tokens AS t
	LEFT JOIN apitoken_users AS u ON u.id = t.owner -- somebody may have deleted the row
	WHERE t.id = $3
), changed AS (
	UPDATE apitoken_tokens AS t SET revoked_at = $1, revoked_by = $2, live_name = NULL
	FROM owner AS o, found AS f
	WHERE t.id = $3 AND t.revoked_at IS NULL AND t.epoch >= o.epoch AND NOT f.recorded
	RETURNING 1
), recorded AS (` + recordEvent(4, "changed") + `)
SELECT
	EXISTS (SELECT 1 FROM changed), revoked, recorded,
	-- What is found unchanged has to be as safe as a change: see confirm.
	CASE WHEN NOT EXISTS (SELECT 1 FROM changed) THEN pg_logical_emit_message(true, 'apitoken_feed', '')::text END
FROM found`,

	// $1 is the token, $2 and $3 are its name and its description before the change, $4 and $5 those after it, $6 is the time; $7
	// to $23 are the event.
	changeTokenAtOnce: `
WITH owner AS (
	-- The lock is held until the change is committed, so that no epoch ends before.
	SELECT epoch
	FROM apitoken_users
	WHERE id = (SELECT owner FROM apitoken_tokens WHERE id = $1)
	FOR NO KEY UPDATE
), found AS (
	SELECT
		t.owner, t.epoch,
		EXISTS (SELECT 1 FROM apitoken_events WHERE id = $7) AS recorded,
		(t.name = $2 AND t.description = $3 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $6)
			AND t.epoch >= u.epoch) IS TRUE AS current,
		$4 <> $2 AND EXISTS (
			SELECT 1 FROM apitoken_tokens
			WHERE owner = t.owner AND live_name = $4 AND (expires_at <= $6 OR epoch < t.epoch) IS NOT TRUE
		) AS taken
	FROM apitoken_tokens AS t
	LEFT JOIN apitoken_users AS u ON u.id = t.owner -- somebody may have deleted the row
	WHERE t.id = $1
), released AS (
	-- The name of a token that has expired or is of an earlier epoch.
	UPDATE apitoken_tokens AS h SET live_name = NULL
	FROM found AS f
	WHERE h.owner = f.owner AND h.live_name = $4 AND (h.expires_at <= $6 OR h.epoch < f.epoch)
		AND NOT f.recorded AND f.current AND NOT f.taken
	RETURNING 1
), changed AS (
	-- It counts what was released, so the name is free before it is taken.
	UPDATE apitoken_tokens AS t
	SET live_name = CASE WHEN t.name = $4 THEN t.live_name ELSE $4 END, name = $4, description = $5
	FROM owner AS o, found AS f
	WHERE t.id = $1 AND t.name = $2 AND t.description = $3 AND t.revoked_at IS NULL AND t.epoch >= o.epoch
		AND NOT f.recorded AND f.current AND NOT f.taken AND (SELECT count(*) FROM released) >= 0
	RETURNING 1
), recorded AS (` + recordEvent(7, "changed") + `)
SELECT EXISTS (SELECT 1 FROM changed), recorded, current, taken FROM found`,

	// $1 to $7 are as for narrowToken, $8 to $24 are the event.
	narrowTokenAtOnce: `
WITH owner AS (
	-- The lock is held until the change is committed, so that no epoch ends before.
	SELECT epoch
	FROM apitoken_users
	WHERE id = (SELECT owner FROM apitoken_tokens WHERE id = $3)
	FOR NO KEY UPDATE
), changed AS (
	UPDATE apitoken_tokens AS t SET permissions = $1, expires_at = $2
	FROM owner AS o
	WHERE t.id = $3 AND t.permissions = $4 AND (t.expires_at = $5 OR t.expires_at IS NULL AND $6::bigint IS NULL)
		AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $7) AND t.epoch >= o.epoch
		AND NOT EXISTS (SELECT 1 FROM apitoken_events WHERE id = $8)
	RETURNING 1
), recorded AS (` + recordEvent(8, "changed") + `)
SELECT EXISTS (SELECT 1 FROM changed)`,

	readTokenAndEvent: selectTokenAndEvent("$1", "$2"),

	// $1 to $10 are the user as inserted, $11 to $27 the event.
	createUserAtOnce: `
WITH checks AS (
	SELECT
		EXISTS (SELECT 1 FROM apitoken_events WHERE id = $11) AS recorded,
		EXISTS (SELECT 1 FROM apitoken_users WHERE id = $1)
			-- What a deleted row has left decides the epoch.
			OR EXISTS (SELECT 1 FROM apitoken_tokens WHERE owner = $1)
			OR EXISTS (SELECT 1 FROM apitoken_epochs WHERE owner = $1) AS known
), created AS (
	INSERT INTO apitoken_users (id, ` + userColumns + `)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM checks WHERE NOT recorded AND NOT known
	ON CONFLICT DO NOTHING
	RETURNING 1
), recorded AS (` + recordEvent(11, "created") + `)
SELECT EXISTS (SELECT 1 FROM created), recorded FROM checks`,

	readUserAndEvent: `
SELECT id, ` + userColumns + `, EXISTS (SELECT 1 FROM apitoken_events WHERE id = $1)
FROM apitoken_users WHERE id = $2`,

	// $1 to $11 are as for updateUser, $12 and $13 when and by whom the epoch was ended, $14 to $30 the event.
	updateUserAtOnce: `
WITH changed AS (
	UPDATE apitoken_users
	SET name = $1, role = $2, disabled_at = $3, suspended_at = $4, service = $5, responsible = $6, epoch = $7, revision = $8
	WHERE id = $9 AND epoch = $10 AND revision = $11
	RETURNING 1
), ended AS (
	INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
	SELECT $9, $7, $12, $13 FROM changed WHERE $7 > $10
	ON CONFLICT DO NOTHING
), recorded AS (` + recordEvent(14, "changed") + `)
SELECT EXISTS (SELECT 1 FROM changed)`,

	// $1 to $6 are as for updatePolicy, $7 to $23 are the event.
	updatePolicyAtOnce: `
WITH changed AS (
	UPDATE apitoken_policy SET max_lifetime = $1, updated_at = $2, updated_by = $3, revision = $4, layers = $5
	WHERE revision = $6 AND NOT EXISTS (SELECT 1 FROM apitoken_events WHERE id = $7)
	RETURNING 1
), recorded AS (` + recordEvent(7, "changed") + `)
SELECT EXISTS (SELECT 1 FROM changed), EXISTS (SELECT 1 FROM apitoken_events WHERE id = $7)`,
}

// createToken inserts a token and its event, unless isFull. $1 to $18 are the token, $19 to $35 its event, $36 to $38 the revision of the
// policy, that of the creator, and the role of the owner.
func createToken(isFull string) string {
	return `
WITH policy AS (
	-- The lock is held until the token is committed, so no change of the policy comes between.
	SELECT revision FROM apitoken_policy FOR SHARE
), checks AS (
	SELECT
		EXISTS (SELECT 1 FROM apitoken_tokens WHERE digest = $16 AND id = $1)
			OR EXISTS (SELECT 1 FROM apitoken_events WHERE id = $19) AS stored,
		revision = $36
			AND ($37::bigint = 0 OR $37 = (SELECT revision FROM apitoken_users WHERE id = $7)) IS TRUE
			AND ($38::text = '' OR NOT EXISTS (SELECT 1 FROM apitoken_users WHERE id = $2 AND role <> $38)) AS current,
		EXISTS (SELECT 1 FROM apitoken_users WHERE id = $2) AS has_owner,
		EXISTS (SELECT 1 FROM apitoken_tokens WHERE id = $1)
			OR EXISTS (SELECT 1 FROM apitoken_tokens WHERE digest = $16)
			OR EXISTS (
				SELECT 1 FROM apitoken_tokens
				WHERE owner = $2 AND live_name = $18 AND (expires_at <= $5 OR epoch < $17) IS NOT TRUE
			) AS taken,
		` + isFull + ` AS is_full
	FROM policy
), released AS (
	-- The name of a token that has expired or is of an earlier epoch.
	UPDATE apitoken_tokens SET live_name = NULL
	FROM checks AS c
	WHERE owner = $2 AND live_name = $18 AND (expires_at <= $5 OR epoch < $17)
		AND NOT c.stored AND c.current AND c.has_owner AND NOT c.taken AND NOT c.is_full
	RETURNING 1
), inserted AS (
	-- It counts what was released, so the name is free before it is taken.
	INSERT INTO apitoken_tokens (
		` + tokenColumns + `,
		` + tokenOnlyInserted + `
	)
	SELECT ` + numberedParameters(1, tokenColumns+", "+tokenOnlyInserted) + `
	FROM checks AS c
	WHERE NOT c.stored AND c.current AND c.has_owner AND NOT c.taken AND NOT c.is_full
		AND (SELECT count(*) FROM released) >= 0
	ON CONFLICT DO NOTHING
	RETURNING 1
), recorded AS (` + recordEvent(19, "inserted") + `)
SELECT EXISTS (SELECT 1 FROM inserted), stored, current, has_owner, taken, is_full
FROM checks`
}

// recordEvent inserts an event, whose parameters begin with the first, if a row was changed.
func recordEvent(first int, changed string) string {
	return `
	INSERT INTO apitoken_events (
		` + eventColumns + `
	)
	SELECT ` + numberedParameters(first, eventColumns) + ` FROM ` + changed + `
`
}

// numberedParameters returns a parameter for each column of a list.
func numberedParameters(first int, columns string) string {
	var all []string
	for i := range strings.Split(columns, ",") {
		all = append(all, fmt.Sprint("$", first+i))
	}
	return strings.Join(all, ", ")
}
