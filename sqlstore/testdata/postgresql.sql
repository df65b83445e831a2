-- findVersions()
SELECT to_regclass('apitoken_schema_version') IS NOT NULL;

-- lastVersion()
SELECT coalesce(max(version), 0) FROM apitoken_schema_version;

-- readersWait: none

-- checkConnection: none

-- lockSchema()
SELECT pg_advisory_xact_lock(hashtextextended('apitoken_schema_version', 0));

-- makeVersions()
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version BIGINT PRIMARY KEY
);

-- claimVersion(integer)
INSERT INTO apitoken_schema_version (version) VALUES ($1) ON CONFLICT DO NOTHING;

-- lookupToken(bytes)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	t.revoked_at, t.revoked_by,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	u.name, u.role, u.created_at, u.disabled_at, u.suspended_at, u.service, u.responsible, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = $1;

-- readToken(bytes)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	u.name, u.role, u.created_at, u.disabled_at, u.suspended_at, u.service, u.responsible, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id = $1;

-- releaseName: none

-- isNameReleasable: none

-- checkInsert: none

-- insertToken: none

-- insertTokenIf: none

-- countActive: none

-- revokeToken: none

-- changeToken: none

-- narrowToken: none

-- lockToken: none

-- replaceToken(bytes, integer, integer, bytes, bytes, text, text, integer, integer)
UPDATE apitoken_tokens AS t
SET replaced_by = $1, expires_at = CASE WHEN t.expires_at <= $2 THEN t.expires_at ELSE $3 END, live_name = NULL, unused = 0
WHERE t.id = $4 AND coalesce(t.replaced_by, t.id) = $5 AND t.name = $6 AND t.description = $7 AND t.permissions = $8
	AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $9)
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner);

-- revokeUnused(integer, text, bytes, bytes)
UPDATE apitoken_tokens SET revoked_at = $1, revoked_by = $2, replaced_by = $3, live_name = NULL, unused = 0
WHERE id = $4 AND unused = 1 AND revoked_at IS NULL;

-- insertReplaces(bytes, bytes)
UPDATE apitoken_tokens SET replaces = $1, unused = 1
WHERE id = $2;

-- readUse(bytes, bytes)
SELECT t.unused, t.revoked_at IS NOT NULL OR t.epoch < u.epoch, EXISTS (SELECT 1 FROM apitoken_events WHERE id = $1)
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.id = $2;

-- revokeReplaced(integer, text, bytes, integer)
UPDATE apitoken_tokens SET revoked_at = $1, revoked_by = $2, live_name = NULL
WHERE id = $3 AND revoked_at IS NULL AND epoch >= $4;

-- recordUse(bytes)
UPDATE apitoken_tokens SET unused = 0
WHERE id = $1 AND unused = 1 AND revoked_at IS NULL;

-- findTokenAndEvent(bytes, bytes)
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE id = $1),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = $2);

-- countExpiring(integer, integer, integer)
SELECT count(*)
FROM (SELECT 1 FROM apitoken_tokens WHERE expires_at >= $1 AND expires_at < $2 LIMIT $3) AS found;

-- planAnew()
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- findNotices(integer, integer, integer, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	t.revoked_at, t.revoked_by,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	u.name, u.role, u.created_at, u.disabled_at, u.suspended_at, u.service, u.responsible, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.expires_at > $1 AND t.expires_at <= $2 AND t.revoked_at IS NULL AND t.replaced_by IS NULL AND t.epoch >= u.epoch
	AND u.disabled_at IS NULL AND u.suspended_at IS NULL
	AND NOT EXISTS (
		SELECT 1 FROM apitoken_notices AS n
		WHERE n.token = t.id AND n.step = $3 AND (n.sent_at IS NOT NULL OR n.leased_until > $4)
	)
ORDER BY t.expires_at LIMIT $5;

-- readFacts(text, bytes, bytes, text)
SELECT
	p.max_lifetime, p.updated_at, p.updated_by, p.revision, p.layers,
	a.id,
	w.id, w.owner, w.name, w.kind, w.created_at, w.expires_at, w.created_by, w.created_with, w.last_used_at, w.hint, w.resource, w.description, w.permissions,
	coalesce(w.revoked_at, we.ended_at),
	CASE WHEN w.revoked_at IS NULL THEN coalesce(we.ended_by, '') ELSE w.revoked_by END,
	w.replaces, w.replaced_by,
	w.digest, w.epoch, w.unused,
	a.name, a.role, a.created_at, a.disabled_at, a.suspended_at, a.service, a.responsible, a.epoch, a.revision,
	o.id,
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	o.name, o.role, o.created_at, o.disabled_at, o.suspended_at, o.service, o.responsible, o.epoch, o.revision
FROM apitoken_policy AS p
LEFT JOIN apitoken_users AS a ON a.id = $1
LEFT JOIN apitoken_tokens AS w ON w.id = $2
LEFT JOIN apitoken_epochs AS we ON we.owner = w.owner AND we.epoch = w.epoch + 1
	AND (w.expires_at IS NULL OR w.expires_at > we.ended_at)
LEFT JOIN apitoken_tokens AS t ON t.id = $3
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
LEFT JOIN apitoken_users AS o ON o.id = coalesce(t.owner, $4);

-- readUser(text)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users WHERE id = $1;

-- listServices(text, text, text, text, integer)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users
WHERE responsible = $1 AND responsible <> '' AND id > $2 AND (strpos(id, $3) > 0 OR strpos(name, $4) > 0) ORDER BY id LIMIT $5;

-- listUsers(text, text, text, integer)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users
WHERE id > $1 AND (strpos(id, $2) > 0 OR strpos(name, $3) > 0) ORDER BY id LIMIT $4;

-- insertNewUser: none

-- insertUser(text, text, text, integer, integer, NULL, integer, text, text, text)
INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, greatest(
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_tokens WHERE owner = $9),
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_epochs WHERE owner = $10)
), 1)
ON CONFLICT DO NOTHING;

-- lockUser(text)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users WHERE id = $1
FOR NO KEY UPDATE;

-- updateUser(text, text, integer, NULL, integer, text, integer, integer, text, integer, integer)
UPDATE apitoken_users SET name = $1, role = $2, disabled_at = $3, suspended_at = $4, service = $5, responsible = $6, epoch = $7, revision = $8
WHERE id = $9 AND epoch = $10 AND revision = $11;

-- endEpoch(text, integer, integer, text)
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING;

-- insertPseudonym(text, text, text, integer, NULL, NULL, integer, text, integer, integer)
INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING;

-- copyEpochs(text, text)
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT $1, epoch, ended_at, ended_by FROM apitoken_epochs WHERE owner = $2;

-- replaceEnder(text, text)
UPDATE apitoken_epochs SET ended_by = $1 WHERE ended_by = $2;

-- deleteEpochs(text)
DELETE FROM apitoken_epochs WHERE owner = $1;

-- deleteUser(text)
DELETE FROM apitoken_users WHERE id = $1;

-- replaceResponsible(text, text)
UPDATE apitoken_users SET responsible = $1, revision = revision + 1 WHERE responsible = $2 AND responsible <> '';

-- endLeftoverEpochs(integer, text, text)
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT DISTINCT owner, epoch + 1, $1::bigint, $2 FROM apitoken_tokens WHERE owner = $3
ON CONFLICT DO NOTHING;

-- readPolicy()
SELECT max_lifetime, updated_at, updated_by, revision, layers FROM apitoken_policy;

-- readPolicyToChange()
SELECT max_lifetime, updated_at, updated_by, revision, layers FROM apitoken_policy
FOR NO KEY UPDATE;

-- lockPolicy()
LOCK TABLE apitoken_policy IN EXCLUSIVE MODE;

-- updatePolicy: none

-- replaceInPolicy(text, text)
UPDATE apitoken_policy SET updated_by = $1, layers = $2;

-- insertEvent(bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT DO NOTHING;

-- removeEvents(integer)
DELETE FROM apitoken_events WHERE seq IN (
	SELECT seq FROM apitoken_events
	WHERE seq IS NOT NULL AND seq <= $1 ORDER BY seq LIMIT 500
);

-- replaceEvent(text, text, text, text, text, text, text, text, integer)
UPDATE apitoken_events
SET actor_user = $1, owner = $2, before_state = $3, after_state = $4, reason = $5,
	origin_address = $6, origin_agent = $7, origin_request = $8
WHERE seq = $9;

-- findUnnumbered()
SELECT EXISTS (SELECT 1 FROM apitoken_events WHERE seq IS NULL);

-- lockFeed()
SELECT last_seq FROM apitoken_feed FOR UPDATE;

-- numberEvents(integer, integer)
UPDATE apitoken_events AS e SET seq = $2 + p.place
FROM (
	SELECT insert_no, row_number() OVER (ORDER BY insert_no) AS place
	FROM apitoken_events
	WHERE seq IS NULL ORDER BY insert_no LIMIT $1
) AS p
WHERE e.insert_no = p.insert_no;

-- listUnnumbered: none

-- moveFeed(integer)
UPDATE apitoken_feed SET last_seq = last_seq + $1;

-- confirm()
SELECT pg_logical_emit_message(true, 'apitoken_feed', '');

-- createTokenAtOnce(bytes, text, text, text, integer, integer, text, bytes, integer, text, text, text, integer, integer, text, bytes, integer, text, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text, integer, integer, text)
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
		FALSE AS is_full
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
		id, owner, name, kind, created_at, expires_at, created_by, created_with, last_used_at, hint, resource, description, permissions,
		revoked_at, revoked_by, digest, epoch, live_name
	)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
	FROM checks AS c
	WHERE NOT c.stored AND c.current AND c.has_owner AND NOT c.taken AND NOT c.is_full
		AND (SELECT count(*) FROM released) >= 0
	ON CONFLICT DO NOTHING
	RETURNING 1
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35 FROM inserted
)
SELECT EXISTS (SELECT 1 FROM inserted), stored, current, has_owner, taken, is_full
FROM checks;

-- createTokenWithin(bytes, text, text, text, integer, integer, text, bytes, integer, text, text, text, integer, NULL, text, bytes, integer, text, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text, integer, integer, text, integer)
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
		EXISTS (
			SELECT 1 FROM apitoken_tokens
			WHERE owner = $2 AND live_name IS NOT NULL AND (expires_at <= $5 OR epoch < $17) IS NOT TRUE
			OFFSET $39::bigint - 1
		) AS is_full
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
		id, owner, name, kind, created_at, expires_at, created_by, created_with, last_used_at, hint, resource, description, permissions,
		revoked_at, revoked_by, digest, epoch, live_name
	)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
	FROM checks AS c
	WHERE NOT c.stored AND c.current AND c.has_owner AND NOT c.taken AND NOT c.is_full
		AND (SELECT count(*) FROM released) >= 0
	ON CONFLICT DO NOTHING
	RETURNING 1
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35 FROM inserted
)
SELECT EXISTS (SELECT 1 FROM inserted), stored, current, has_owner, taken, is_full
FROM checks;

-- revokeTokenAtOnce(integer, text, bytes, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
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
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20 FROM changed
)
SELECT
	EXISTS (SELECT 1 FROM changed), revoked, recorded,
	-- What is found unchanged has to be as safe as a change: see confirm.
	CASE WHEN NOT EXISTS (SELECT 1 FROM changed) THEN pg_logical_emit_message(true, 'apitoken_feed', '')::text END
FROM found;

-- changeTokenAtOnce(bytes, text, text, text, text, integer, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
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
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23 FROM changed
)
SELECT EXISTS (SELECT 1 FROM changed), recorded, current, taken FROM found;

-- narrowTokenAtOnce(integer, integer, bytes, integer, integer, integer, integer, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
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
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24 FROM changed
)
SELECT EXISTS (SELECT 1 FROM changed);

-- readTokenAndEvent(bytes, bytes)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	u.name, u.role, u.created_at, u.disabled_at, u.suspended_at, u.service, u.responsible, u.epoch, u.revision,
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = $1)
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id = $2;

-- createUserAtOnce(text, text, text, integer, integer, NULL, integer, text, integer, integer, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
WITH checks AS (
	SELECT
		EXISTS (SELECT 1 FROM apitoken_events WHERE id = $11) AS recorded,
		EXISTS (SELECT 1 FROM apitoken_users WHERE id = $1)
			-- What a deleted row has left decides the epoch.
			OR EXISTS (SELECT 1 FROM apitoken_tokens WHERE owner = $1)
			OR EXISTS (SELECT 1 FROM apitoken_epochs WHERE owner = $1) AS known
), created AS (
	INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM checks WHERE NOT recorded AND NOT known
	ON CONFLICT DO NOTHING
	RETURNING 1
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27 FROM created
)
SELECT EXISTS (SELECT 1 FROM created), recorded FROM checks;

-- readUserAndEvent(bytes, text)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision, EXISTS (SELECT 1 FROM apitoken_events WHERE id = $1)
FROM apitoken_users WHERE id = $2;

-- updateUserAtOnce(text, text, integer, NULL, integer, text, integer, integer, text, integer, integer, integer, text, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
WITH changed AS (
	UPDATE apitoken_users
	SET name = $1, role = $2, disabled_at = $3, suspended_at = $4, service = $5, responsible = $6, epoch = $7, revision = $8
	WHERE id = $9 AND epoch = $10 AND revision = $11
	RETURNING 1
), ended AS (
	INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
	SELECT $9, $7, $12, $13 FROM changed WHERE $7 > $10
	ON CONFLICT DO NOTHING
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30 FROM changed
)
SELECT EXISTS (SELECT 1 FROM changed);

-- updatePolicyAtOnce(integer, integer, text, integer, text, integer, bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
WITH changed AS (
	UPDATE apitoken_policy SET max_lifetime = $1, updated_at = $2, updated_by = $3, revision = $4, layers = $5
	WHERE revision = $6 AND NOT EXISTS (SELECT 1 FROM apitoken_events WHERE id = $7)
	RETURNING 1
), recorded AS (
	INSERT INTO apitoken_events (
		id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
	)
	SELECT $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23 FROM changed
)
SELECT EXISTS (SELECT 1 FROM changed), EXISTS (SELECT 1 FROM apitoken_events WHERE id = $7);

-- markNotice(integer, bytes, integer)
UPDATE apitoken_notices SET sent_at = $1 WHERE token = $2 AND step = $3 AND sent_at IS NULL;

-- insertOffer(bytes, text, text, text, text, text, integer, integer, integer, integer, integer, text, bytes, integer, integer, integer, integer, text)
INSERT INTO apitoken_offers (
	id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT DO NOTHING;

-- checkOffer(bytes, text, text, text, integer, integer)
SELECT
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = $1),
	EXISTS (SELECT 1 FROM apitoken_users WHERE id = $2),
	coalesce((SELECT revision FROM apitoken_users WHERE id = $3), 0),
	(SELECT count(*) FROM apitoken_offers WHERE owner = $4 AND claimed_at IS NULL AND claim_by > $5 AND epoch >= $6)
FROM apitoken_policy;

-- claimOffer(integer, text, bytes, integer, text, integer)
UPDATE apitoken_offers AS f SET claimed_at = $1, claimed_by = $2
WHERE f.id = $3 AND f.claimed_at IS NULL
	AND EXISTS (SELECT 1 FROM apitoken_users AS o WHERE o.id = f.owner AND o.revision = $4)
	AND EXISTS (SELECT 1 FROM apitoken_users AS b WHERE b.id = $5 AND b.revision = $6);

-- replaceDigest(bytes, text, bytes, bytes, integer, text, integer)
UPDATE apitoken_tokens AS t SET digest = $1, hint = $2
WHERE t.id = $3 AND t.digest = $4 AND t.revoked_at IS NULL AND t.last_used_at IS NULL
	AND EXISTS (SELECT 1 FROM apitoken_offers AS f WHERE f.id = t.id AND f.claimed_at IS NOT NULL)
	AND EXISTS (SELECT 1 FROM apitoken_users AS o WHERE o.id = t.owner AND o.revision = $5)
	AND EXISTS (SELECT 1 FROM apitoken_users AS b WHERE b.id = $6 AND b.revision = $7);

-- deleteOffer(bytes)
DELETE FROM apitoken_offers WHERE id = $1 AND claimed_at IS NULL;

-- findOfferAndEvent(bytes, bytes)
SELECT
	EXISTS (SELECT 1 FROM apitoken_offers WHERE id = $1),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = $2);

-- readOffer(bytes)
SELECT id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by FROM apitoken_offers WHERE id = $1;

-- listOffers(bytes, integer)
SELECT id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by FROM apitoken_offers WHERE id > $1 ORDER BY id LIMIT $2;

-- listOffersTo(text, bytes, integer)
SELECT id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by FROM apitoken_offers WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3;

-- deleteOffersTo(text)
DELETE FROM apitoken_offers WHERE owner = $1;

-- replaceInOffers(text, text, text, text, text, text)
UPDATE apitoken_offers SET
	offered_by = CASE WHEN offered_by = $1 THEN $2 ELSE offered_by END,
	claimed_by = CASE WHEN claimed_by = $3 THEN $4 ELSE claimed_by END
WHERE offered_by = $5 OR claimed_by = $6;

-- tokens, all(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $1 AND t.id <= $2
ORDER BY t.id LIMIT $3;

-- tokens, of an owner, revoked(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.owner, t.id) > ($1, $2) AND (t.owner, t.id) <= ($3, $4)
	AND (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL)
ORDER BY t.owner, t.id LIMIT $5;

-- tokens, active(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $1 AND t.id <= $2
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > $3)
ORDER BY t.id LIMIT $4;

-- tokens, expired(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $1 AND t.id <= $2
	AND t.revoked_at IS NULL AND e.owner IS NULL AND t.expires_at + 0 <= $3
ORDER BY t.id LIMIT $4;

-- tokens, of a resource(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.resource, t.id) > ($1, $2) AND t.resource <> '' AND (t.resource, t.id) <= ($3, $4)
ORDER BY t.resource, t.id LIMIT $5;

-- tokens, generated by a user(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.created_by, t.id) > ($1, $2) AND (t.created_by, t.id) <= ($3, $4)
ORDER BY t.created_by, t.id LIMIT $5;

-- tokens, of a hint(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.hint, t.id) > ($1, $2) AND (t.hint, t.id) <= ($3, $4)
ORDER BY t.hint, t.id LIMIT $5;

-- tokens, generated with a token(bytes, bytes, bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.created_with, t.id) > ($1, $2) AND t.created_with IS NOT NULL AND (t.created_with, t.id) <= ($3, $4)
ORDER BY t.created_with, t.id LIMIT $5;

-- tokens, of the usual kind(bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $1 AND t.id <= $2
	AND t.kind || '' = $3
ORDER BY t.id LIMIT $4;

-- tokens, of another kind(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.kind, t.id) > ($1, $2) AND t.kind <> 'user' AND (t.kind, t.id) <= ($3, $4)
ORDER BY t.kind, t.id LIMIT $5;

-- tokens, without expiration(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NULL AND t.id > $1 AND t.id <= $2
ORDER BY t.id LIMIT $3;

-- tokens, newest first(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id < $1 AND t.id >= $2
ORDER BY t.id DESC LIMIT $3;

-- tokens, of an owner, newest first(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.owner, t.id) < ($1, $2) AND (t.owner, t.id) >= ($3, $4)
ORDER BY t.owner DESC, t.id DESC LIMIT $5;

-- tokens, without expiration, newest first(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NULL AND t.id < $1 AND t.id >= $2
ORDER BY t.id DESC LIMIT $3;

-- tokens, by expiry(integer, bytes, integer, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > ($1, $2) AND (t.expires_at, t.id) <= ($3, $4)
ORDER BY t.expires_at, t.id LIMIT $5;

-- tokens, by everything(text, bytes, text, bytes, integer, text, text, bytes, text, text, integer, integer, integer, integer, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.owner, t.id) > ($1, $2) AND (t.owner, t.id) <= ($3, $4)
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > $5)
	AND t.resource || '' = $6
	AND t.created_by || '' = $7
	AND t.created_with || '' = $8
	AND t.created_by <> t.owner
	AND t.hint || '' = $9
	AND t.kind || '' = $10
	AND t.expires_at + 0 IS NULL
	AND t.expires_at + 0 < $11
	AND t.created_at < $12 AND (t.last_used_at IS NULL OR t.last_used_at < $13)
	AND (t.expires_at IS NULL OR t.expires_at - t.created_at > $14)
	AND strpos(t.name, $15) > 0
ORDER BY t.owner, t.id LIMIT $16;

-- end of a window, by name(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.id > $1 AND t.id <= $2
ORDER BY t.id LIMIT 2 OFFSET $3;

-- window, by name(bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $1 AND t.id <= $2
	AND strpos(t.name, $3) > 0
ORDER BY t.id LIMIT $4;

-- end of a window, of an owner, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE (t.owner, t.id) > ($1, $2) AND (t.owner, t.id) <= ($3, $4)
ORDER BY t.owner, t.id LIMIT 2 OFFSET $5;

-- window, of an owner, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.owner, t.id) > ($1, $2) AND (t.owner, t.id) <= ($3, $4)
	AND strpos(t.name, $5) > 0
ORDER BY t.owner, t.id LIMIT $6;

-- end of a window, of a resource, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE (t.resource, t.id) > ($1, $2) AND t.resource <> '' AND (t.resource, t.id) <= ($3, $4)
ORDER BY t.resource, t.id LIMIT 2 OFFSET $5;

-- window, of a resource, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.resource, t.id) > ($1, $2) AND t.resource <> '' AND (t.resource, t.id) <= ($3, $4)
	AND strpos(t.name, $5) > 0
ORDER BY t.resource, t.id LIMIT $6;

-- end of a window, generated with a token, by name(bytes, bytes, bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE (t.created_with, t.id) > ($1, $2) AND t.created_with IS NOT NULL AND (t.created_with, t.id) <= ($3, $4)
ORDER BY t.created_with, t.id LIMIT 2 OFFSET $5;

-- window, generated with a token, by name(bytes, bytes, bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.created_with, t.id) > ($1, $2) AND t.created_with IS NOT NULL AND (t.created_with, t.id) <= ($3, $4)
	AND strpos(t.name, $5) > 0
ORDER BY t.created_with, t.id LIMIT $6;

-- end of a window, generated by a user, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE (t.created_by, t.id) > ($1, $2) AND (t.created_by, t.id) <= ($3, $4)
ORDER BY t.created_by, t.id LIMIT 2 OFFSET $5;

-- window, generated by a user, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.created_by, t.id) > ($1, $2) AND (t.created_by, t.id) <= ($3, $4)
	AND strpos(t.name, $5) > 0
ORDER BY t.created_by, t.id LIMIT $6;

-- end of a window, of another kind, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE (t.kind, t.id) > ($1, $2) AND t.kind <> 'user' AND (t.kind, t.id) <= ($3, $4)
ORDER BY t.kind, t.id LIMIT 2 OFFSET $5;

-- window, of another kind, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.kind, t.id) > ($1, $2) AND t.kind <> 'user' AND (t.kind, t.id) <= ($3, $4)
	AND strpos(t.name, $5) > 0
ORDER BY t.kind, t.id LIMIT $6;

-- end of a window, without expiration, by name(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.expires_at IS NULL AND t.id > $1 AND t.id <= $2
ORDER BY t.id LIMIT 2 OFFSET $3;

-- window, without expiration, by name(bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NULL AND t.id > $1 AND t.id <= $2
	AND strpos(t.name, $3) > 0
ORDER BY t.id LIMIT $4;

-- end of a window, expires before(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.id > $1 AND t.id <= $2
ORDER BY t.id LIMIT 2 OFFSET $3;

-- window, expires before(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $1 AND t.id <= $2
	AND t.expires_at + 0 < $3
ORDER BY t.id LIMIT $4;

-- by expiry, expires before(integer, integer, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at >= $1 AND t.expires_at < $2
	AND t.id || '' > $3
	AND t.expires_at + 0 < $4
ORDER BY t.id || '' LIMIT $5;

-- end of a window, expires before, newest first(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.id < $1 AND t.id >= $2
ORDER BY t.id DESC LIMIT 2 OFFSET $3;

-- window, expires before, newest first(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id < $1 AND t.id >= $2
	AND t.expires_at + 0 < $3
ORDER BY t.id DESC LIMIT $4;

-- by expiry, expires before, newest first(integer, integer, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at >= $1 AND t.expires_at < $2
	AND t.id || '' < $3
	AND t.expires_at + 0 < $4
ORDER BY t.id || '' DESC LIMIT $5;

-- end of a window, of an owner, by name, by expiry(integer, bytes, integer, bytes, integer)
SELECT t.id, t.expires_at
FROM apitoken_tokens AS t
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > ($1, $2) AND (t.expires_at, t.id) <= ($3, $4)
ORDER BY t.expires_at, t.id LIMIT 2 OFFSET $5;

-- window, of an owner, by name, by expiry(integer, bytes, integer, bytes, text, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > ($1, $2) AND (t.expires_at, t.id) <= ($3, $4)
	AND strpos(t.name, $5) > 0
	AND t.owner || '' = $6
ORDER BY t.expires_at, t.id LIMIT $7;

-- size of a range to sort, of an owner, by name, by expiry(text, bytes, text, bytes, integer)
SELECT count(*)
FROM (
SELECT 1 FROM apitoken_tokens AS t
WHERE (t.owner, t.id) > ($1, $2) AND (t.owner, t.id) <= ($3, $4)
ORDER BY t.owner, t.id LIMIT $5) AS found;

-- sorted by expiry, of an owner, by name, by expiry(text, bytes, text, bytes, integer, integer, bytes, integer, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.owner, t.id) > ($1, $2) AND (t.owner, t.id) <= ($3, $4)
	AND (t.expires_at + 0 > $5 OR t.expires_at + 0 = $6 AND t.id || '' > $7)
	AND t.expires_at + 0 < $8
	AND strpos(t.name, $9) > 0
ORDER BY t.expires_at + 0, t.id || '' LIMIT $10;

-- tally, sorted by expiry, of an owner, by name, by expiry(integer, text, bytes, text, bytes, integer, integer, bytes, integer, text, text, bytes, text, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN t.expires_at + 0 <= $1 THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.owner, t.id) > ($2, $3) AND (t.owner, t.id) <= ($4, $5)
	AND (t.expires_at + 0 > $6 OR t.expires_at + 0 = $7 AND t.id || '' > $8)
	AND t.expires_at + 0 < $9
	AND strpos(t.name, $10) > 0
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE (t.owner, t.id) > ($11, $12) AND (t.owner, t.id) <= ($13, $14);

-- how many, of an owner, active(text, bytes, text, bytes, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.owner, t.id) > ($1, $2) AND (t.owner, t.id) <= ($3, $4)
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > $5);

-- how many, of a resource, active(text, bytes, text, bytes, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE (t.resource, t.id) > ($1, $2) AND t.resource <> '' AND (t.resource, t.id) <= ($3, $4)
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > $5);

-- how many, active, expires before(integer, integer, integer, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at >= $1 AND t.expires_at < $2
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > $3)
	AND t.expires_at + 0 < $4;

-- how many, active, lives longer than(bytes, bytes, integer, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $1 AND t.id <= $2
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > $3)
	AND (t.expires_at IS NULL OR t.expires_at - t.created_at > $4);

-- how many in each state, all(integer, bytes, bytes, bytes, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN t.expires_at + 0 <= $1 THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > $2 AND t.id <= $3
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE t.id > $4 AND t.id <= $5;

-- how many in each state, newest first, by name(integer, bytes, bytes, text, bytes, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN t.expires_at + 0 <= $1 THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id < $2 AND t.id >= $3
	AND strpos(t.name, $4) > 0
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE t.id < $5 AND t.id >= $6;

-- how many in each state, by expiry(integer, integer, bytes, integer, bytes, integer, integer, integer, bytes, integer, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN t.expires_at + 0 <= $1 THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > ($2, $3) AND (t.expires_at, t.id) <= ($4, $5)
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > $6)
	AND t.expires_at + 0 < $7
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > ($8, $9) AND (t.expires_at, t.id) <= ($10, $11);

-- events, all(integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE seq > $1 AND seq <= $2
ORDER BY seq LIMIT $3;

-- events, all, backwards(integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE seq < $1 AND seq >= $2
ORDER BY seq DESC LIMIT $3;

-- events, of an owner(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (owner, seq) > ((SELECT $1::text), $2) AND seq IS NOT NULL AND (owner, seq) <= ((SELECT $3::text), $4)
ORDER BY owner, seq LIMIT $5;

-- events, of an owner, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (owner, seq) < ((SELECT $1::text), $2) AND seq IS NOT NULL AND (owner, seq) >= ((SELECT $3::text), $4)
ORDER BY owner DESC, seq DESC LIMIT $5;

-- events, of an actor(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (actor_user, seq) > ((SELECT $1::text), $2) AND seq IS NOT NULL AND actor_user <> '' AND (actor_user, seq) <= ((SELECT $3::text), $4)
ORDER BY actor_user, seq LIMIT $5;

-- events, of an actor, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (actor_user, seq) < ((SELECT $1::text), $2) AND seq IS NOT NULL AND actor_user <> '' AND (actor_user, seq) >= ((SELECT $3::text), $4)
ORDER BY actor_user DESC, seq DESC LIMIT $5;

-- events, of an action(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (action, seq) > ((SELECT $1::text), $2) AND seq IS NOT NULL AND (action, seq) <= ((SELECT $3::text), $4)
ORDER BY action, seq LIMIT $5;

-- events, of an action, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (action, seq) < ((SELECT $1::text), $2) AND seq IS NOT NULL AND (action, seq) >= ((SELECT $3::text), $4)
ORDER BY action DESC, seq DESC LIMIT $5;

-- events, denied(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (outcome, seq) > ((SELECT $1::text), $2) AND seq IS NOT NULL AND outcome <> 'done' AND (outcome, seq) <= ((SELECT $3::text), $4)
ORDER BY outcome, seq LIMIT $5;

-- events, denied, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (outcome, seq) < ((SELECT $1::text), $2) AND seq IS NOT NULL AND outcome <> 'done' AND (outcome, seq) >= ((SELECT $3::text), $4)
ORDER BY outcome DESC, seq DESC LIMIT $5;

-- events, done(integer, integer, text, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE seq > $1 AND seq <= $2
	AND outcome || '' = $3
ORDER BY seq LIMIT $4;

-- events, about a token(bytes, integer, bytes, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (token, seq) > ((SELECT $1::bytea), $2) AND seq IS NOT NULL AND token IS NOT NULL AND (token, seq) <= ((SELECT $3::bytea), $4)
ORDER BY token, seq LIMIT $5;

-- events, about a token, backwards(bytes, integer, bytes, integer, text, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (token, seq) < ((SELECT $1::bytea), $2) AND seq IS NOT NULL AND token IS NOT NULL AND (token, seq) >= ((SELECT $3::bytea), $4)
	AND owner || '' = $5
ORDER BY token DESC, seq DESC LIMIT $6;

-- events, in a time(integer, integer, integer, integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE at >= $1 AND at < $2 AND seq IS NOT NULL
	AND seq + 0 > $3
	AND at + 0 >= $4
	AND at + 0 < $5
ORDER BY seq + 0 LIMIT $6;

-- events, in a time, backwards(integer, integer, integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE at >= $1 AND at < $2 AND seq IS NOT NULL
	AND seq + 0 < $3
	AND at + 0 >= $4
ORDER BY seq + 0 DESC LIMIT $5;

-- events, by everything(text, integer, text, integer, text, text, text, integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE (owner, seq) > ((SELECT $1::text), $2) AND seq IS NOT NULL AND (owner, seq) <= ((SELECT $3::text), $4)
	AND actor_user || '' = $5
	AND action || '' = $6
	AND outcome || '' = $7
	AND at + 0 >= $8
	AND at + 0 < $9
ORDER BY owner, seq LIMIT $10;

-- two uses(bytes, integer, integer, bytes, integer, integer)
WITH v (id, used_at, ahead) AS (VALUES ($1::bytea, $2::bigint, $3::bigint), ($4::bytea, $5::bigint, $6::bigint)), locked AS (
	SELECT t.digest, v.used_at, v.ahead
	FROM apitoken_tokens AS t
	JOIN v ON v.id = t.id
	WHERE t.last_used_at IS NULL OR t.last_used_at < v.used_at OR t.last_used_at > v.ahead
	ORDER BY t.id
	FOR NO KEY UPDATE OF t
)
UPDATE apitoken_tokens AS t SET last_used_at = l.used_at
FROM locked AS l
WHERE t.digest = l.digest AND (
	t.last_used_at IS NULL OR t.last_used_at < l.used_at OR t.last_used_at > l.ahead
);

-- two users(text, text, text, text, text)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users
WHERE id > $1 AND (strpos(id, $2) > 0 OR strpos(name, $3) > 0) AND id IN ( $4, $5);

-- three tokens to remove(bytes, bytes, bytes, bytes)
DELETE FROM apitoken_tokens WHERE id IN ( $1, $2, $3, $4);

-- notices to lease(bytes, integer, bytes, integer, integer, bytes, integer, bytes, integer, integer, bytes, integer, bytes, integer, integer, bytes, integer, bytes, integer, integer)
INSERT INTO apitoken_notices (token, step, lease, leased_at, leased_until)
SELECT DISTINCT column1, column2, column3, column4, column5 FROM (VALUES ($1::bytea, $2::bigint, $3::bytea, $4::bigint, $5::bigint), ($6::bytea, $7::bigint, $8::bytea, $9::bigint, $10::bigint), ($11::bytea, $12::bigint, $13::bytea, $14::bigint, $15::bigint), ($16::bytea, $17::bigint, $18::bytea, $19::bigint, $20::bigint)) AS v
WHERE true
ORDER BY column1
ON CONFLICT (token, step) DO UPDATE
SET lease = excluded.lease, leased_at = excluded.leased_at, leased_until = excluded.leased_until
WHERE apitoken_notices.sent_at IS NULL AND apitoken_notices.leased_until <= excluded.leased_at;

-- notices that are leased(integer, bytes, bytes, bytes, bytes, bytes)
SELECT token FROM apitoken_notices WHERE step = $1 AND lease = $2 AND token IN ( $3, $4, $5, $6);

-- notices to remove(bytes, bytes, bytes, bytes)
DELETE FROM apitoken_notices WHERE token IN ( $1, $2, $3, $4);

-- a user to replace in a token(text, text, text, text, text, text, text, text, text, text, text, text, text, bytes)
UPDATE apitoken_tokens SET
	name = CASE WHEN owner = $1 THEN $2 ELSE name END,
	live_name = CASE WHEN owner = $3 THEN NULL ELSE live_name END,
	description = CASE WHEN owner = $4 THEN '' ELSE description END,
	created_by = CASE WHEN created_by = $5 THEN $6 ELSE created_by END,
	revoked_by = CASE WHEN revoked_by = $7 THEN $8 ELSE revoked_by END,
	owner = CASE WHEN owner = $9 THEN $10 ELSE owner END
WHERE (owner = $11 OR created_by = $12 OR revoked_by = $13) AND id IN ( $14);

-- two tokens to revoke: lock the owners(text, text)
SELECT id FROM apitoken_users WHERE id IN ( $1, $2)
ORDER BY id
FOR NO KEY UPDATE;

-- two tokens to revoke: find the events(bytes, bytes)
SELECT id FROM apitoken_events WHERE id IN ( $1, $2);

-- two tokens to revoke: find what is to be revoked(bytes, bytes)
SELECT t.id
FROM apitoken_tokens AS t
LEFT JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.revoked_at IS NULL AND (u.id IS NULL OR t.epoch >= u.epoch) AND t.id IN ( $1, $2);

-- two tokens to revoke: revoke(integer, text, bytes, bytes)
UPDATE apitoken_tokens SET revoked_at = $1, revoked_by = $2, live_name = NULL
WHERE id IN ( $3, $4);

-- two tokens to revoke: record(bytes, integer, text, text, text, text, NULL, text, bytes, NULL, NULL, text, integer, NULL, text, text, text, bytes, integer, text, text, text, text, NULL, text, bytes, NULL, NULL, text, integer, NULL, text, text, text)
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17), ($18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34);
