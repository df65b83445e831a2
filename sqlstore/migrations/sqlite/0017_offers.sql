-- Tokens that wait for their owner to claim them. A claimed offer stays until its end, so that its claim can be repeated.
CREATE TABLE apitoken_offers (
	id               BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- becomes the id of the token
	owner            TEXT NOT NULL CHECK (owner <> ''),
	name             TEXT NOT NULL,
	kind             TEXT NOT NULL,
	resource         TEXT NOT NULL,
	description      TEXT NOT NULL,
	permissions      INTEGER NOT NULL DEFAULT -1, -- as bits, -1 is every bit
	lifetime         INTEGER NOT NULL, -- nanoseconds, 0: none was asked for, 9223372036854775807: no expiration
	expires_at       INTEGER, -- instead of a lifetime
	not_after        INTEGER, -- the token expires no later
	offered_at       INTEGER NOT NULL,
	offered_by       TEXT NOT NULL, -- empty: the host itself
	offered_with     BLOB CHECK (length(offered_with) = 16),
	claim_by         INTEGER NOT NULL,
	epoch            INTEGER NOT NULL CHECK (epoch >= 0), -- of the owner
	owner_created_at INTEGER,
	claimed_at       INTEGER,
	claimed_by       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX apitoken_offers_by_owner ON apitoken_offers (owner, id);
