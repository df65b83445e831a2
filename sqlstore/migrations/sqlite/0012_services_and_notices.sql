-- The accounts for which a user answers, in the order of the ids.

CREATE INDEX apitoken_users_by_responsible ON apitoken_users (responsible, id) WHERE responsible <> '';

-- Which notice before the expiry of a token is being sent, or was.
CREATE TABLE apitoken_notices (
	token        BLOB NOT NULL CHECK (length(token) = 16),
	step         INTEGER NOT NULL CHECK (step > 0), -- microseconds before the expiry
	lease        BLOB NOT NULL CHECK (length(lease) = 16), -- the call that sends it
	leased_at    INTEGER NOT NULL,
	leased_until INTEGER NOT NULL,
	sent_at      INTEGER, -- NULL: not sent yet
	PRIMARY KEY (token, step)
) STRICT, WITHOUT ROWID;
