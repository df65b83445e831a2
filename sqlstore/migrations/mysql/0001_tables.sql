-- Every statement commits by itself. It changes nothing the second time, not even after the steps behind this one.
-- A time is in Unix microseconds, UTC. NULL is none, and 0 is 1970-01-01.
-- Texts are UTF-8, stored as bytes, and compare byte by byte.
-- There are no foreign keys: to look at the owner would lock him, and a token without an owner opens nothing.

-- Users. A token whose epoch is lower than that of its owner is revoked.
CREATE TABLE IF NOT EXISTS apitoken_users (
	id          VARBINARY(128) NOT NULL PRIMARY KEY CHECK (id <> ''),
	name        VARBINARY(400) NOT NULL,
	role        VARBINARY(400) NOT NULL,
	created_at  BIGINT,
	disabled_at BIGINT,
	epoch       BIGINT NOT NULL CHECK (epoch >= 0),
	revision    BIGINT NOT NULL CHECK (revision >= 1)
) ENGINE = InnoDB;

-- The epochs of the users from the second on: when each began, and with it the one before ended, and by whose doing.
CREATE TABLE IF NOT EXISTS apitoken_epochs (
	owner    VARBINARY(128) NOT NULL,
	epoch    BIGINT NOT NULL CHECK (epoch >= 1),
	ended_at BIGINT NOT NULL,
	ended_by VARBINARY(128) NOT NULL, -- empty: the host itself
	PRIMARY KEY (owner, epoch)
) ENGINE = InnoDB;

-- Tokens. The digest is the key, so that the lookup of every request reads one tree and not an index and a table.
CREATE TABLE IF NOT EXISTS apitoken_tokens (
	digest       VARBINARY(32)  NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
	id           VARBINARY(16)  NOT NULL CHECK (length(id) = 16),
	owner        VARBINARY(128) NOT NULL CHECK (owner <> ''),
	name         VARBINARY(400) NOT NULL,
	live_name    VARBINARY(400), -- the name while the token holds it
	kind         VARBINARY(400) NOT NULL,
	created_at   BIGINT NOT NULL,
	expires_at   BIGINT, -- NULL: no expiration
	last_used_at BIGINT,
	revoked_at   BIGINT, -- of this one token
	created_by   VARBINARY(128) NOT NULL, -- empty: the host itself
	created_with VARBINARY(16)  CHECK (length(created_with) = 16),
	revoked_by   VARBINARY(128) NOT NULL,
	hint         VARBINARY(64)  NOT NULL,
	epoch        BIGINT NOT NULL CHECK (epoch >= 0),
	key_version  BIGINT NOT NULL DEFAULT 0, -- of the key of the digest, 0: none

	UNIQUE KEY apitoken_tokens_by_id (id),
	UNIQUE KEY apitoken_tokens_by_live_name (owner, live_name),
	KEY apitoken_tokens_by_owner (owner, id),
	KEY apitoken_tokens_by_expiry (expires_at),
	CHECK (revoked_at IS NOT NULL OR revoked_by = ''),
	CHECK (live_name IS NULL OR (live_name = name AND revoked_at IS NULL))
) ENGINE = InnoDB;

-- The policy: one row, always.
CREATE TABLE IF NOT EXISTS apitoken_policy (
	id           BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
	max_lifetime BIGINT NOT NULL, -- nanoseconds, 9223372036854775807: no maximum
	updated_at   BIGINT,
	updated_by   VARBINARY(128) NOT NULL, -- empty: the host itself
	revision     BIGINT NOT NULL CHECK (revision >= 0) -- 0: never set
) ENGINE = InnoDB;

INSERT IGNORE INTO apitoken_policy (id, max_lifetime, updated_at, updated_by, revision) VALUES (1, 0, NULL, '', 0);

-- Events. One gets its place in the feed when the feed is read, and not when it is inserted: the transaction that draws
-- number 7 may commit after the one that draws number 8, and who has read 8 would never see 7.
CREATE TABLE IF NOT EXISTS apitoken_events (
	insert_no    BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	seq          BIGINT CHECK (seq >= 1), -- NULL: not numbered yet
	id           VARBINARY(16)  NOT NULL CHECK (length(id) = 16),
	at           BIGINT NOT NULL,
	action       VARBINARY(64)  NOT NULL,
	outcome      VARBINARY(64)  NOT NULL,
	actor_kind   VARBINARY(64)  NOT NULL, -- empty: nobody
	actor_user   VARBINARY(128) NOT NULL,
	actor_token  VARBINARY(16)  CHECK (length(actor_token) = 16),
	owner        VARBINARY(128) NOT NULL, -- the user it is about, who need not exist
	token        VARBINARY(16)  CHECK (length(token) = 16),
	before_state BLOB, -- JSON
	after_state  BLOB, -- JSON

	UNIQUE KEY apitoken_events_by_seq (seq),
	UNIQUE KEY apitoken_events_by_id (id),
	KEY apitoken_events_by_owner (owner, seq)
) ENGINE = InnoDB;

-- The feed: one row, always. Whoever numbers events holds it.
CREATE TABLE IF NOT EXISTS apitoken_feed (
	id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
	last_seq BIGINT NOT NULL CHECK (last_seq >= 0) -- the last number that was given
) ENGINE = InnoDB;

INSERT IGNORE INTO apitoken_feed (id, last_seq) VALUES (1, 0);
