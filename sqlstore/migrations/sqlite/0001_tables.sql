-- A time is in Unix microseconds, UTC. NULL is none, and 0 is 1970-01-01.
-- Texts compare byte by byte, which is what SQLite does unless told otherwise.

-- Users. A token whose epoch is lower than that of its owner is revoked.
CREATE TABLE apitoken_users (
	id          TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
	name        TEXT    NOT NULL,
	role        TEXT    NOT NULL,
	created_at  INTEGER,
	disabled_at INTEGER,
	epoch       INTEGER NOT NULL CHECK (epoch >= 0),
	revision    INTEGER NOT NULL CHECK (revision >= 1)
) STRICT, WITHOUT ROWID;

-- The epochs of the users from the second on: when each began, and with it the one before ended, and by whose doing.
CREATE TABLE apitoken_epochs (
	owner    TEXT    NOT NULL REFERENCES apitoken_users (id),
	epoch    INTEGER NOT NULL CHECK (epoch >= 1),
	ended_at INTEGER NOT NULL,
	ended_by TEXT    NOT NULL, -- empty: the host itself
	PRIMARY KEY (owner, epoch)
) STRICT, WITHOUT ROWID;

-- Tokens. The digest is the key, so that the lookup of every request reads one tree and not an index and a table.
CREATE TABLE apitoken_tokens (
	digest       BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
	id           BLOB    NOT NULL CHECK (length(id) = 16),
	owner        TEXT    NOT NULL REFERENCES apitoken_users (id),
	name         TEXT    NOT NULL,
	live_name    TEXT, -- the name while the token holds it
	kind         TEXT    NOT NULL,
	created_at   INTEGER NOT NULL,
	expires_at   INTEGER, -- NULL: no expiration
	last_used_at INTEGER,
	revoked_at   INTEGER, -- of this one token
	created_by   TEXT    NOT NULL, -- empty: the host itself
	created_with BLOB    CHECK (length(created_with) = 16),
	revoked_by   TEXT    NOT NULL,
	hint         TEXT    NOT NULL,
	epoch        INTEGER NOT NULL CHECK (epoch >= 0),
	key_version  INTEGER NOT NULL DEFAULT 0, -- of the key of the digest, 0: none

	CHECK (revoked_at IS NOT NULL OR revoked_by = ''),
	CHECK (live_name IS NULL OR (live_name = name AND revoked_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX apitoken_tokens_by_id ON apitoken_tokens (id);

CREATE UNIQUE INDEX apitoken_tokens_by_live_name ON apitoken_tokens (owner, live_name) WHERE live_name IS NOT NULL;

CREATE INDEX apitoken_tokens_by_owner ON apitoken_tokens (owner, id);

CREATE INDEX apitoken_tokens_by_expiry ON apitoken_tokens (expires_at) WHERE expires_at IS NOT NULL;

-- The policy: one row, always.
CREATE TABLE apitoken_policy (
	id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	max_lifetime INTEGER NOT NULL, -- nanoseconds, 9223372036854775807: no maximum
	updated_at   INTEGER,
	updated_by   TEXT    NOT NULL, -- empty: the host itself
	revision     INTEGER NOT NULL CHECK (revision >= 0) -- 0: never set
) STRICT;

INSERT INTO apitoken_policy (id, max_lifetime, updated_at, updated_by, revision) VALUES (1, 0, NULL, '', 0);

-- Events. AUTOINCREMENT, so that no number is ever given twice, also not after events were removed.
CREATE TABLE apitoken_events (
	seq          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT CHECK (seq >= 1),
	id           BLOB    NOT NULL CHECK (length(id) = 16),
	at           INTEGER NOT NULL,
	action       TEXT    NOT NULL,
	outcome      TEXT    NOT NULL,
	actor_kind   TEXT    NOT NULL, -- empty: nobody
	actor_user   TEXT    NOT NULL,
	actor_token  BLOB    CHECK (length(actor_token) = 16),
	owner        TEXT    NOT NULL, -- the user it is about, who need not exist
	token        BLOB    CHECK (length(token) = 16),
	before_state TEXT, -- JSON
	after_state  TEXT  -- JSON
) STRICT;

CREATE UNIQUE INDEX apitoken_events_by_id ON apitoken_events (id);

CREATE INDEX apitoken_events_by_owner ON apitoken_events (owner, seq);
