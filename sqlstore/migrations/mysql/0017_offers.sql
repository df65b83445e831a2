-- Tokens that wait for their owner to claim them. A claimed offer stays until its end, so that its claim can be repeated.
CREATE TABLE IF NOT EXISTS apitoken_offers (
	id               VARBINARY(16) NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- becomes the id of the token
	owner            VARBINARY(255) NOT NULL CHECK (owner <> ''),
	name             VARBINARY(400) NOT NULL,
	kind             VARBINARY(400) NOT NULL,
	resource         VARBINARY(255) NOT NULL,
	description      VARBINARY(255) NOT NULL,
	permissions      BIGINT NOT NULL DEFAULT -1, -- as bits, -1 is every bit
	lifetime         BIGINT NOT NULL, -- nanoseconds, 0: none was asked for, 9223372036854775807: no expiration
	expires_at       BIGINT, -- instead of a lifetime
	not_after        BIGINT, -- the token expires no later
	offered_at       BIGINT NOT NULL,
	offered_by       VARBINARY(255) NOT NULL, -- empty: the host itself
	offered_with     VARBINARY(16) CHECK (length(offered_with) = 16),
	claim_by         BIGINT NOT NULL,
	epoch            BIGINT NOT NULL CHECK (epoch >= 0), -- of the owner
	owner_created_at BIGINT,
	claimed_at       BIGINT,
	claimed_by       VARBINARY(255) NOT NULL,

	KEY apitoken_offers_by_owner (owner, id)
) ENGINE = InnoDB;
