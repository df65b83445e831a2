-- findVersions()
SELECT EXISTS (
	SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'apitoken_schema_version'
);

-- lastVersion()
SELECT coalesce(max(version), 0) FROM apitoken_schema_version;

-- readersWait()
SELECT journal_mode <> 'wal' FROM pragma_journal_mode;

-- checkConnection: none

-- lockSchema: none

-- makeVersions()
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version INTEGER PRIMARY KEY
) STRICT;

-- claimVersion(integer)
INSERT INTO apitoken_schema_version (version) VALUES (?) ON CONFLICT DO NOTHING;

-- lookupToken(bytes)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	t.revoked_at, t.revoked_by,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	u.name, u.role, u.created_at, u.disabled_at, u.suspended_at, u.service, u.responsible, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = ?;

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
WHERE t.id = ?;

-- releaseName(text, text, integer, integer)
UPDATE apitoken_tokens SET live_name = NULL
WHERE owner = ? AND live_name = ? AND (expires_at <= ? OR epoch < ?);

-- isNameReleasable(text, text, integer, integer)
SELECT EXISTS (
	SELECT 1 FROM apitoken_tokens
	WHERE owner = ? AND live_name = ? AND (expires_at <= ? OR epoch < ?)
);

-- checkInsert(bytes, bytes, text, text)
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE digest = ? AND id = ?),
	(SELECT revision FROM apitoken_policy),
	(SELECT role FROM apitoken_users WHERE id = ?),
	coalesce((SELECT revision FROM apitoken_users WHERE id = ?), 0);

-- insertToken(bytes, text, text, text, integer, integer, text, bytes, integer, text, text, text, integer, integer, text, bytes, integer, text)
INSERT INTO apitoken_tokens (
	id, owner, name, kind, created_at, expires_at, created_by, created_with, last_used_at, hint, resource, description, permissions,
	revoked_at, revoked_by, digest, epoch, live_name
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- insertTokenIf: none

-- countActive(text, integer, integer)
SELECT count(*)
FROM apitoken_tokens
WHERE owner = ? AND live_name IS NOT NULL AND (expires_at IS NULL OR expires_at > ?) AND epoch >= ?;

-- revokeToken(integer, text, bytes)
UPDATE apitoken_tokens AS t SET revoked_at = ?, revoked_by = ?, live_name = NULL
WHERE t.id = ? AND t.revoked_at IS NULL AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner);

-- changeToken(text, text, text, text, bytes, text, text, integer)
UPDATE apitoken_tokens AS t
SET live_name = CASE WHEN name = ? THEN live_name ELSE ? END, name = ?, description = ?
WHERE t.id = ? AND t.name = ? AND t.description = ? AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner);

-- narrowToken(integer, integer, bytes, integer, integer, integer, integer)
UPDATE apitoken_tokens AS t SET permissions = ?, expires_at = ?
WHERE t.id = ? AND t.permissions = ? AND (t.expires_at = ? OR t.expires_at IS NULL AND ? IS NULL)
	AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner);

-- lockToken(bytes)
UPDATE apitoken_tokens SET permissions = permissions WHERE id = ?;

-- replaceToken(bytes, integer, integer, bytes, bytes, text, text, integer, integer)
UPDATE apitoken_tokens AS t
SET replaced_by = ?, expires_at = CASE WHEN t.expires_at <= ? THEN t.expires_at ELSE ? END, live_name = NULL, unused = 0
WHERE t.id = ? AND coalesce(t.replaced_by, t.id) = ? AND t.name = ? AND t.description = ? AND t.permissions = ?
	AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner);

-- revokeUnused(integer, text, bytes, bytes)
UPDATE apitoken_tokens SET revoked_at = ?, revoked_by = ?, replaced_by = ?, live_name = NULL, unused = 0
WHERE id = ? AND unused = 1 AND revoked_at IS NULL;

-- insertReplaces(bytes, bytes)
UPDATE apitoken_tokens SET replaces = ?, unused = 1
WHERE id = ?;

-- readUse(bytes, bytes)
SELECT t.unused, t.revoked_at IS NOT NULL OR t.epoch < u.epoch, EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?)
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.id = ?;

-- revokeReplaced(integer, text, bytes, integer)
UPDATE apitoken_tokens SET revoked_at = ?, revoked_by = ?, live_name = NULL
WHERE id = ? AND revoked_at IS NULL AND epoch >= ?;

-- recordUse(bytes)
UPDATE apitoken_tokens SET unused = 0
WHERE id = ? AND unused = 1 AND revoked_at IS NULL;

-- findTokenAndEvent(bytes, bytes)
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE id = ?),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?);

-- countExpiring(integer, integer, integer)
SELECT count(*)
FROM (SELECT 1 FROM apitoken_tokens WHERE expires_at >= ? AND expires_at < ? LIMIT ?) AS found;

-- planAnew: none

-- findNotices(integer, integer, integer, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	t.revoked_at, t.revoked_by,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	u.name, u.role, u.created_at, u.disabled_at, u.suspended_at, u.service, u.responsible, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.expires_at > ? AND t.expires_at <= ? AND t.revoked_at IS NULL AND t.replaced_by IS NULL AND t.epoch >= u.epoch
	AND u.disabled_at IS NULL AND u.suspended_at IS NULL
	AND NOT EXISTS (
		SELECT 1 FROM apitoken_notices AS n
		WHERE n.token = t.id AND n.step = ? AND (n.sent_at IS NOT NULL OR n.leased_until > ?)
	)
ORDER BY t.expires_at LIMIT ?;

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
LEFT JOIN apitoken_users AS a ON a.id = ?
LEFT JOIN apitoken_tokens AS w ON w.id = ?
LEFT JOIN apitoken_epochs AS we ON we.owner = w.owner AND we.epoch = w.epoch + 1
	AND (w.expires_at IS NULL OR w.expires_at > we.ended_at)
LEFT JOIN apitoken_tokens AS t ON t.id = ?
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
LEFT JOIN apitoken_users AS o ON o.id = coalesce(t.owner, ?);

-- readUser(text)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users WHERE id = ?;

-- listServices(text, text, text, text, integer)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users
WHERE responsible = ? AND responsible <> '' AND id > ? AND (instr(id, ?) > 0 OR instr(name, ?) > 0) ORDER BY id LIMIT ?;

-- listUsers(text, text, text, integer)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users
WHERE id > ? AND (instr(id, ?) > 0 OR instr(name, ?) > 0) ORDER BY id LIMIT ?;

-- insertNewUser: none

-- insertUser(text, text, text, integer, integer, NULL, integer, text, text, text)
INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, max(
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_tokens WHERE owner = ?),
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_epochs WHERE owner = ?)
), 1)
ON CONFLICT DO NOTHING;

-- lockUser(text)
UPDATE apitoken_users SET revision = revision WHERE id = ?
RETURNING id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision;

-- updateUser(text, text, integer, NULL, integer, text, integer, integer, text, integer, integer)
UPDATE apitoken_users SET name = ?, role = ?, disabled_at = ?, suspended_at = ?, service = ?, responsible = ?, epoch = ?, revision = ?
WHERE id = ? AND epoch = ? AND revision = ?;

-- endEpoch(text, integer, integer, text)
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- insertPseudonym(text, text, text, integer, NULL, NULL, integer, text, integer, integer)
INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- copyEpochs(text, text)
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT ?, epoch, ended_at, ended_by FROM apitoken_epochs WHERE owner = ?;

-- replaceEnder(text, text)
UPDATE apitoken_epochs SET ended_by = ? WHERE ended_by = ?;

-- deleteEpochs(text)
DELETE FROM apitoken_epochs WHERE owner = ?;

-- deleteUser(text)
DELETE FROM apitoken_users WHERE id = ?;

-- replaceResponsible(text, text)
UPDATE apitoken_users SET responsible = ?, revision = revision + 1 WHERE responsible = ? AND responsible <> '';

-- endLeftoverEpochs(integer, text, text)
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT DISTINCT t.owner, t.epoch + 1, ?, ?
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
WHERE t.owner = ? AND e.owner IS NULL
ON CONFLICT DO NOTHING;

-- readPolicy()
SELECT max_lifetime, updated_at, updated_by, revision, layers FROM apitoken_policy;

-- readPolicyToChange()
SELECT max_lifetime, updated_at, updated_by, revision, layers FROM apitoken_policy;

-- lockPolicy: none

-- updatePolicy(integer, integer, text, integer, text, integer)
UPDATE apitoken_policy SET max_lifetime = ?, updated_at = ?, updated_by = ?, revision = ?, layers = ?
WHERE revision = ?;

-- replaceInPolicy(text, text)
UPDATE apitoken_policy SET updated_by = ?, layers = ?;

-- insertEvent(bytes, integer, text, text, text, text, bytes, text, bytes, text, text, text, integer, NULL, text, text, text)
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
WHERE NOT EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?1);

-- removeEvents(integer)
DELETE FROM apitoken_events WHERE seq IN (
	SELECT seq FROM apitoken_events
	WHERE seq IS NOT NULL AND seq <= ? ORDER BY seq LIMIT 500
);

-- replaceEvent(text, text, text, text, text, text, text, text, integer)
UPDATE apitoken_events
SET actor_user = ?, owner = ?, before_state = ?, after_state = ?, reason = ?,
	origin_address = ?, origin_agent = ?, origin_request = ?
WHERE seq = ?;

-- findUnnumbered: none

-- lockFeed: none

-- numberEvents: none

-- listUnnumbered: none

-- moveFeed: none

-- confirm: none

-- createTokenAtOnce: none

-- createTokenWithin: none

-- revokeTokenAtOnce: none

-- changeTokenAtOnce: none

-- narrowTokenAtOnce: none

-- readTokenAndEvent(bytes, bytes)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by,
	t.digest, t.epoch, t.unused,
	u.name, u.role, u.created_at, u.disabled_at, u.suspended_at, u.service, u.responsible, u.epoch, u.revision,
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?)
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id = ?;

-- createUserAtOnce: none

-- readUserAndEvent: none

-- updateUserAtOnce: none

-- updatePolicyAtOnce: none

-- markNotice(integer, bytes, integer)
UPDATE apitoken_notices SET sent_at = ? WHERE token = ? AND step = ? AND sent_at IS NULL;

-- insertOffer(bytes, text, text, text, text, text, integer, integer, integer, integer, integer, text, bytes, integer, integer, integer, integer, text)
INSERT INTO apitoken_offers (
	id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- checkOffer(bytes, text, text, text, integer, integer)
SELECT
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?),
	EXISTS (SELECT 1 FROM apitoken_users WHERE id = ?),
	coalesce((SELECT revision FROM apitoken_users WHERE id = ?), 0),
	(SELECT count(*) FROM apitoken_offers WHERE owner = ? AND claimed_at IS NULL AND claim_by > ? AND epoch >= ?)
FROM apitoken_policy;

-- claimOffer(integer, text, bytes, integer, text, integer)
UPDATE apitoken_offers AS f SET claimed_at = ?, claimed_by = ?
WHERE f.id = ? AND f.claimed_at IS NULL
	AND EXISTS (SELECT 1 FROM apitoken_users AS o WHERE o.id = f.owner AND o.revision = ?)
	AND EXISTS (SELECT 1 FROM apitoken_users AS b WHERE b.id = ? AND b.revision = ?);

-- replaceDigest(bytes, text, bytes, bytes, integer, text, integer)
UPDATE apitoken_tokens AS t SET digest = ?, hint = ?
WHERE t.id = ? AND t.digest = ? AND t.revoked_at IS NULL AND t.last_used_at IS NULL
	AND EXISTS (SELECT 1 FROM apitoken_offers AS f WHERE f.id = t.id AND f.claimed_at IS NOT NULL)
	AND EXISTS (SELECT 1 FROM apitoken_users AS o WHERE o.id = t.owner AND o.revision = ?)
	AND EXISTS (SELECT 1 FROM apitoken_users AS b WHERE b.id = ? AND b.revision = ?);

-- deleteOffer(bytes)
DELETE FROM apitoken_offers WHERE id = ? AND claimed_at IS NULL;

-- findOfferAndEvent(bytes, bytes)
SELECT
	EXISTS (SELECT 1 FROM apitoken_offers WHERE id = ?),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?);

-- readOffer(bytes)
SELECT id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by FROM apitoken_offers WHERE id = ?;

-- listOffers(bytes, integer)
SELECT id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by FROM apitoken_offers WHERE id > ? ORDER BY id LIMIT ?;

-- listOffersTo(text, bytes, integer)
SELECT id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by FROM apitoken_offers WHERE owner = ? AND id > ? ORDER BY id LIMIT ?;

-- deleteOffersTo(text)
DELETE FROM apitoken_offers WHERE owner = ?;

-- replaceInOffers(text, text, text, text, text, text)
UPDATE apitoken_offers SET
	offered_by = CASE WHEN offered_by = ? THEN ? ELSE offered_by END,
	claimed_by = CASE WHEN claimed_by = ? THEN ? ELSE claimed_by END
WHERE offered_by = ? OR claimed_by = ?;

-- tokens, all(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
ORDER BY t.id LIMIT ?;

-- tokens, of an owner, revoked(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
	AND (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL)
ORDER BY t.id LIMIT ?;

-- tokens, active(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?)
ORDER BY t.id LIMIT ?;

-- tokens, expired(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
	AND t.revoked_at IS NULL AND e.owner IS NULL AND +t.expires_at <= ?
ORDER BY t.id LIMIT ?;

-- tokens, of a resource(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.resource = ? AND t.id > ? AND t.resource <> '' AND t.resource = ? AND t.id <= ?
ORDER BY t.id LIMIT ?;

-- tokens, generated by a user(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.created_by = ? AND t.id > ? AND t.created_by = ? AND t.id <= ?
ORDER BY t.id LIMIT ?;

-- tokens, of a hint(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.hint = ? AND t.id > ? AND t.hint = ? AND t.id <= ?
ORDER BY t.id LIMIT ?;

-- tokens, generated with a token(bytes, bytes, bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.created_with = ? AND t.id > ? AND t.created_with IS NOT NULL AND t.created_with = ? AND t.id <= ?
ORDER BY t.id LIMIT ?;

-- tokens, of the usual kind(bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
	AND +t.kind = ?
ORDER BY t.id LIMIT ?;

-- tokens, of another kind(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.kind = ? AND t.id > ? AND t.kind <> 'user' AND t.kind = ? AND t.id <= ?
ORDER BY t.id LIMIT ?;

-- tokens, without expiration(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NULL AND t.id > ? AND t.id <= ?
ORDER BY t.id LIMIT ?;

-- tokens, newest first(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id < ? AND t.id >= ?
ORDER BY t.id DESC LIMIT ?;

-- tokens, of an owner, newest first(text, bytes, text, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.owner = ? AND t.id < ? AND t.owner = ? AND t.id >= ?
ORDER BY t.id DESC LIMIT ?;

-- tokens, without expiration, newest first(bytes, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NULL AND t.id < ? AND t.id >= ?
ORDER BY t.id DESC LIMIT ?;

-- tokens, by expiry(integer, bytes, integer, bytes, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > (?, ?) AND (t.expires_at, t.id) <= (?, ?)
ORDER BY t.expires_at, t.id LIMIT ?;

-- tokens, by everything(text, bytes, text, bytes, integer, text, text, bytes, text, text, integer, integer, integer, integer, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?)
	AND +t.resource = ?
	AND +t.created_by = ?
	AND +t.created_with = ?
	AND t.created_by <> t.owner
	AND +t.hint = ?
	AND +t.kind = ?
	AND +t.expires_at IS NULL
	AND +t.expires_at < ?
	AND t.created_at < ? AND (t.last_used_at IS NULL OR t.last_used_at < ?)
	AND (t.expires_at IS NULL OR t.expires_at - t.created_at > ?)
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, by name(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.id > ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, by name(bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, of an owner, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, of an owner, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, of a resource, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.resource = ? AND t.id > ? AND t.resource <> '' AND t.resource = ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, of a resource, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.resource = ? AND t.id > ? AND t.resource <> '' AND t.resource = ? AND t.id <= ?
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, generated with a token, by name(bytes, bytes, bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.created_with = ? AND t.id > ? AND t.created_with IS NOT NULL AND t.created_with = ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, generated with a token, by name(bytes, bytes, bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.created_with = ? AND t.id > ? AND t.created_with IS NOT NULL AND t.created_with = ? AND t.id <= ?
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, generated by a user, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.created_by = ? AND t.id > ? AND t.created_by = ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, generated by a user, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.created_by = ? AND t.id > ? AND t.created_by = ? AND t.id <= ?
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, of another kind, by name(text, bytes, text, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.kind = ? AND t.id > ? AND t.kind <> 'user' AND t.kind = ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, of another kind, by name(text, bytes, text, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.kind = ? AND t.id > ? AND t.kind <> 'user' AND t.kind = ? AND t.id <= ?
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, without expiration, by name(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.expires_at IS NULL AND t.id > ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, without expiration, by name(bytes, bytes, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NULL AND t.id > ? AND t.id <= ?
	AND instr(t.name, ?) > 0
ORDER BY t.id LIMIT ?;

-- end of a window, expires before(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.id > ? AND t.id <= ?
ORDER BY t.id LIMIT 2 OFFSET ?;

-- window, expires before(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
	AND +t.expires_at < ?
ORDER BY t.id LIMIT ?;

-- by expiry, expires before(integer, integer, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at >= ? AND t.expires_at < ?
	AND +t.id > ?
	AND +t.expires_at < ?
ORDER BY +t.id LIMIT ?;

-- end of a window, expires before, newest first(bytes, bytes, integer)
SELECT t.id
FROM apitoken_tokens AS t
WHERE t.id < ? AND t.id >= ?
ORDER BY t.id DESC LIMIT 2 OFFSET ?;

-- window, expires before, newest first(bytes, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id < ? AND t.id >= ?
	AND +t.expires_at < ?
ORDER BY t.id DESC LIMIT ?;

-- by expiry, expires before, newest first(integer, integer, bytes, integer, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at >= ? AND t.expires_at < ?
	AND +t.id < ?
	AND +t.expires_at < ?
ORDER BY +t.id DESC LIMIT ?;

-- end of a window, of an owner, by name, by expiry(integer, bytes, integer, bytes, integer)
SELECT t.id, t.expires_at
FROM apitoken_tokens AS t
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > (?, ?) AND (t.expires_at, t.id) <= (?, ?)
ORDER BY t.expires_at, t.id LIMIT 2 OFFSET ?;

-- window, of an owner, by name, by expiry(integer, bytes, integer, bytes, text, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > (?, ?) AND (t.expires_at, t.id) <= (?, ?)
	AND instr(t.name, ?) > 0
	AND +t.owner = ?
ORDER BY t.expires_at, t.id LIMIT ?;

-- size of a range to sort, of an owner, by name, by expiry(text, bytes, text, bytes, integer)
SELECT count(*)
FROM (
SELECT 1 FROM apitoken_tokens AS t
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
ORDER BY t.id LIMIT ?) AS found;

-- sorted by expiry, of an owner, by name, by expiry(text, bytes, text, bytes, integer, integer, bytes, integer, text, integer)
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at, t.hint, t.resource, t.description, t.permissions,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.replaces, t.replaced_by
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
	AND (+t.expires_at > ? OR +t.expires_at = ? AND +t.id > ?)
	AND +t.expires_at < ?
	AND instr(t.name, ?) > 0
ORDER BY +t.expires_at, +t.id LIMIT ?;

-- tally, sorted by expiry, of an owner, by name, by expiry(integer, text, bytes, text, bytes, integer, integer, bytes, integer, text, text, bytes, text, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN +t.expires_at <= ? THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
	AND (+t.expires_at > ? OR +t.expires_at = ? AND +t.id > ?)
	AND +t.expires_at < ?
	AND instr(t.name, ?) > 0
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?;

-- how many, of an owner, active(text, bytes, text, bytes, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.owner = ? AND t.id > ? AND t.owner = ? AND t.id <= ?
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?);

-- how many, of a resource, active(text, bytes, text, bytes, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.resource = ? AND t.id > ? AND t.resource <> '' AND t.resource = ? AND t.id <= ?
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?);

-- how many, active, expires before(integer, integer, integer, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at >= ? AND t.expires_at < ?
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?)
	AND +t.expires_at < ?;

-- how many, active, lives longer than(bytes, bytes, integer, integer)
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?)
	AND (t.expires_at IS NULL OR t.expires_at - t.created_at > ?);

-- how many in each state, all(integer, bytes, bytes, bytes, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN +t.expires_at <= ? THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id > ? AND t.id <= ?
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE t.id > ? AND t.id <= ?;

-- how many in each state, newest first, by name(integer, bytes, bytes, text, bytes, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN +t.expires_at <= ? THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id < ? AND t.id >= ?
	AND instr(t.name, ?) > 0
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE t.id < ? AND t.id >= ?;

-- how many in each state, by expiry(integer, integer, bytes, integer, bytes, integer, integer, integer, bytes, integer, bytes)
SELECT CASE WHEN (t.revoked_at IS NOT NULL OR e.owner IS NOT NULL) THEN 3 WHEN +t.expires_at <= ? THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > (?, ?) AND (t.expires_at, t.id) <= (?, ?)
	AND t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?)
	AND +t.expires_at < ?
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t
WHERE t.expires_at IS NOT NULL AND (t.expires_at, t.id) > (?, ?) AND (t.expires_at, t.id) <= (?, ?);

-- events, all(integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE seq > ? AND seq <= ?
ORDER BY seq LIMIT ?;

-- events, all, backwards(integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE seq < ? AND seq >= ?
ORDER BY seq DESC LIMIT ?;

-- events, of an owner(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE owner = ? AND seq > ? AND seq IS NOT NULL AND owner = ? AND seq <= ?
ORDER BY seq LIMIT ?;

-- events, of an owner, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE owner = ? AND seq < ? AND seq IS NOT NULL AND owner = ? AND seq >= ?
ORDER BY seq DESC LIMIT ?;

-- events, of an actor(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE actor_user = ? AND seq > ? AND seq IS NOT NULL AND actor_user <> '' AND actor_user = ? AND seq <= ?
ORDER BY seq LIMIT ?;

-- events, of an actor, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE actor_user = ? AND seq < ? AND seq IS NOT NULL AND actor_user <> '' AND actor_user = ? AND seq >= ?
ORDER BY seq DESC LIMIT ?;

-- events, of an action(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE action = ? AND seq > ? AND seq IS NOT NULL AND action = ? AND seq <= ?
ORDER BY seq LIMIT ?;

-- events, of an action, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE action = ? AND seq < ? AND seq IS NOT NULL AND action = ? AND seq >= ?
ORDER BY seq DESC LIMIT ?;

-- events, denied(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE outcome = ? AND seq > ? AND seq IS NOT NULL AND outcome <> 'done' AND outcome = ? AND seq <= ?
ORDER BY seq LIMIT ?;

-- events, denied, backwards(text, integer, text, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE outcome = ? AND seq < ? AND seq IS NOT NULL AND outcome <> 'done' AND outcome = ? AND seq >= ?
ORDER BY seq DESC LIMIT ?;

-- events, done(integer, integer, text, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE seq > ? AND seq <= ?
	AND +outcome = ?
ORDER BY seq LIMIT ?;

-- events, about a token(bytes, integer, bytes, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE token = ? AND seq > ? AND seq IS NOT NULL AND token IS NOT NULL AND token = ? AND seq <= ?
ORDER BY seq LIMIT ?;

-- events, about a token, backwards(bytes, integer, bytes, integer, text, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE token = ? AND seq < ? AND seq IS NOT NULL AND token IS NOT NULL AND token = ? AND seq >= ?
	AND +owner = ?
ORDER BY seq DESC LIMIT ?;

-- events, in a time(integer, integer, integer, integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE at >= ? AND at < ? AND seq IS NOT NULL
	AND +seq > ?
	AND +at >= ?
	AND +at < ?
ORDER BY +seq LIMIT ?;

-- events, in a time, backwards(integer, integer, integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE at >= ? AND at < ? AND seq IS NOT NULL
	AND +seq < ?
	AND +at >= ?
ORDER BY +seq DESC LIMIT ?;

-- events, by everything(text, integer, text, integer, text, text, text, integer, integer, integer)
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events
WHERE owner = ? AND seq > ? AND seq IS NOT NULL AND owner = ? AND seq <= ?
	AND +actor_user = ?
	AND +action = ?
	AND +outcome = ?
	AND +at >= ?
	AND +at < ?
ORDER BY seq LIMIT ?;

-- two uses(bytes, integer, integer, bytes, integer, integer)
UPDATE apitoken_tokens AS t SET last_used_at = v.column2
FROM (VALUES (?, ?, ?), (?, ?, ?)) AS v
WHERE t.id = +v.column1 AND (
	t.last_used_at IS NULL OR t.last_used_at < v.column2 OR t.last_used_at > v.column3
);

-- two users(text, text, text, text, text)
SELECT id, name, role, created_at, disabled_at, suspended_at, service, responsible, epoch, revision FROM apitoken_users
WHERE id > ? AND (instr(id, ?) > 0 OR instr(name, ?) > 0) AND id IN ( ?, ?);

-- three tokens to remove(bytes, bytes, bytes, bytes)
DELETE FROM apitoken_tokens WHERE id IN ( ?, ?, ?, ?);

-- notices to lease(bytes, integer, bytes, integer, integer, bytes, integer, bytes, integer, integer, bytes, integer, bytes, integer, integer, bytes, integer, bytes, integer, integer)
INSERT INTO apitoken_notices (token, step, lease, leased_at, leased_until)
SELECT DISTINCT column1, column2, column3, column4, column5 FROM (VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)) AS v
WHERE true
ORDER BY column1
ON CONFLICT (token, step) DO UPDATE
SET lease = excluded.lease, leased_at = excluded.leased_at, leased_until = excluded.leased_until
WHERE apitoken_notices.sent_at IS NULL AND apitoken_notices.leased_until <= excluded.leased_at;

-- notices that are leased(integer, bytes, bytes, bytes, bytes, bytes)
SELECT token FROM apitoken_notices WHERE step = ? AND lease = ? AND token IN ( ?, ?, ?, ?);

-- notices to remove(bytes, bytes, bytes, bytes)
DELETE FROM apitoken_notices WHERE token IN ( ?, ?, ?, ?);

-- a user to replace in a token(text, text, text, text, text, text, text, text, text, text, text, text, text, bytes)
UPDATE apitoken_tokens SET
	name = CASE WHEN owner = ? THEN ? ELSE name END,
	live_name = CASE WHEN owner = ? THEN NULL ELSE live_name END,
	description = CASE WHEN owner = ? THEN '' ELSE description END,
	created_by = CASE WHEN created_by = ? THEN ? ELSE created_by END,
	revoked_by = CASE WHEN revoked_by = ? THEN ? ELSE revoked_by END,
	owner = CASE WHEN owner = ? THEN ? ELSE owner END
WHERE (owner = ? OR created_by = ? OR revoked_by = ?) AND id IN ( ?);

-- two tokens to revoke: lock the owners(text, text)
UPDATE apitoken_users SET revision = revision WHERE id IN ( ?, ?)
RETURNING id;

-- two tokens to revoke: find the events(bytes, bytes)
SELECT id FROM apitoken_events WHERE id IN ( ?, ?);

-- two tokens to revoke: find what is to be revoked(bytes, bytes)
SELECT t.id
FROM apitoken_tokens AS t
LEFT JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.revoked_at IS NULL AND (u.id IS NULL OR t.epoch >= u.epoch) AND t.id IN ( ?, ?);

-- two tokens to revoke: revoke(integer, text, bytes, bytes)
UPDATE apitoken_tokens SET revoked_at = ?, revoked_by = ?, live_name = NULL
WHERE id IN ( ?, ?);

-- two tokens to revoke: record(bytes, integer, text, text, text, text, NULL, text, bytes, NULL, NULL, text, integer, NULL, text, text, text, bytes, integer, text, text, text, text, NULL, text, bytes, NULL, NULL, text, integer, NULL, text, text, text)
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
