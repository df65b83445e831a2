-- Tokens that wait for their owner to claim them. A claimed offer stays until its end, so that its claim can be repeated.
CREATE TABLE apitoken_offers (
	id               BYTEA NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- becomes the id of the token
	owner            TEXT COLLATE "C" NOT NULL CHECK (owner <> ''),
	name             TEXT COLLATE "C" NOT NULL,
	kind             TEXT COLLATE "C" NOT NULL,
	resource         TEXT COLLATE "C" NOT NULL,
	description      TEXT COLLATE "C" NOT NULL,
	permissions      BIGINT NOT NULL DEFAULT -1, -- as bits, -1 is every bit
	lifetime         BIGINT NOT NULL, -- nanoseconds, 0: none was asked for, 9223372036854775807: no expiration
	expires_at       BIGINT, -- instead of a lifetime
	not_after        BIGINT, -- the token expires no later
	offered_at       BIGINT NOT NULL,
	offered_by       TEXT COLLATE "C" NOT NULL, -- empty: the host itself
	offered_with     BYTEA CHECK (length(offered_with) = 16),
	claim_by         BIGINT NOT NULL,
	epoch            BIGINT NOT NULL CHECK (epoch >= 0), -- of the owner
	owner_created_at BIGINT,
	claimed_at       BIGINT,
	claimed_by       TEXT COLLATE "C" NOT NULL
);

CREATE INDEX apitoken_offers_by_owner ON apitoken_offers (owner, id);
