-- A time is in Unix microseconds, UTC. NULL is none, and 0 is 1970-01-01.
-- Texts compare byte by byte in every database, whatever its locale.

-- Users. A token whose epoch is lower than that of its owner is revoked.
CREATE TABLE apitoken_users (
	id          TEXT   COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	name        TEXT   COLLATE "C" NOT NULL,
	role        TEXT   COLLATE "C" NOT NULL,
	created_at  BIGINT,
	disabled_at BIGINT,
	epoch       BIGINT NOT NULL CHECK (epoch >= 0),
	revision    BIGINT NOT NULL CHECK (revision >= 1)
);

-- The epochs of the users from the second on: when each began, and with it the one before ended, and by whose doing.
CREATE TABLE apitoken_epochs (
	owner    TEXT   COLLATE "C" NOT NULL REFERENCES apitoken_users (id),
	epoch    BIGINT NOT NULL CHECK (epoch >= 1),
	ended_at BIGINT NOT NULL,
	ended_by TEXT   COLLATE "C" NOT NULL, -- empty: the host itself
	PRIMARY KEY (owner, epoch)
);

-- Tokens. A fifth of each page is left free, so that a time of use is written beside the row and no index has to change.
CREATE TABLE apitoken_tokens (
	digest       BYTEA  NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
	id           BYTEA  NOT NULL CHECK (length(id) = 16),
	owner        TEXT   COLLATE "C" NOT NULL REFERENCES apitoken_users (id),
	name         TEXT   COLLATE "C" NOT NULL,
	live_name    TEXT   COLLATE "C", -- the name while the token holds it
	kind         TEXT   COLLATE "C" NOT NULL,
	created_at   BIGINT NOT NULL,
	expires_at   BIGINT, -- NULL: no expiration
	last_used_at BIGINT,
	revoked_at   BIGINT, -- of this one token
	created_by   TEXT   COLLATE "C" NOT NULL, -- empty: the host itself
	created_with BYTEA  CHECK (length(created_with) = 16),
	revoked_by   TEXT   COLLATE "C" NOT NULL,
	hint         TEXT   COLLATE "C" NOT NULL,
	epoch        BIGINT NOT NULL CHECK (epoch >= 0),
	key_version  BIGINT NOT NULL DEFAULT 0, -- of the key of the digest, 0: none

	CHECK (revoked_at IS NOT NULL OR revoked_by = ''),
	CHECK (live_name IS NULL OR (live_name = name AND revoked_at IS NULL))
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX apitoken_tokens_by_id ON apitoken_tokens (id);

CREATE UNIQUE INDEX apitoken_tokens_by_live_name ON apitoken_tokens (owner, live_name) WHERE live_name IS NOT NULL;

CREATE INDEX apitoken_tokens_by_owner ON apitoken_tokens (owner, id);

CREATE INDEX apitoken_tokens_by_expiry ON apitoken_tokens (expires_at) WHERE expires_at IS NOT NULL;

-- The policy: one row, always.
CREATE TABLE apitoken_policy (
	id           BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
	max_lifetime BIGINT NOT NULL, -- nanoseconds, 9223372036854775807: no maximum
	updated_at   BIGINT,
	updated_by   TEXT   COLLATE "C" NOT NULL, -- empty: the host itself
	revision     BIGINT NOT NULL CHECK (revision >= 0) -- 0: never set
);

INSERT INTO apitoken_policy (id, max_lifetime, updated_at, updated_by, revision) VALUES (1, 0, NULL, '', 0);

-- Events. One gets its place in the feed when the feed is read, and not when it is inserted: the transaction that draws
-- number 7 may commit after the one that draws number 8, and who has read 8 would never see 7.
CREATE TABLE apitoken_events (
	insert_no    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	seq          BIGINT CHECK (seq >= 1), -- NULL: not numbered yet
	id           BYTEA  NOT NULL CHECK (length(id) = 16),
	at           BIGINT NOT NULL,
	action       TEXT   COLLATE "C" NOT NULL,
	outcome      TEXT   COLLATE "C" NOT NULL,
	actor_kind   TEXT   COLLATE "C" NOT NULL, -- empty: nobody
	actor_user   TEXT   COLLATE "C" NOT NULL,
	actor_token  BYTEA  CHECK (length(actor_token) = 16),
	owner        TEXT   COLLATE "C" NOT NULL, -- the user it is about, who need not exist
	token        BYTEA  CHECK (length(token) = 16),
	before_state TEXT, -- JSON
	after_state  TEXT  -- JSON
);

CREATE UNIQUE INDEX apitoken_events_by_id ON apitoken_events (id);

CREATE UNIQUE INDEX apitoken_events_by_seq ON apitoken_events (seq) WHERE seq IS NOT NULL;

CREATE INDEX apitoken_events_by_owner ON apitoken_events (owner, seq) WHERE seq IS NOT NULL;

CREATE INDEX apitoken_events_unnumbered ON apitoken_events (insert_no) WHERE seq IS NULL;

-- The feed: one row, always. Whoever numbers events holds it.
CREATE TABLE apitoken_feed (
	id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
	last_seq BIGINT NOT NULL CHECK (last_seq >= 0) -- the last number that was given
);

INSERT INTO apitoken_feed (id, last_seq) VALUES (1, 0);
