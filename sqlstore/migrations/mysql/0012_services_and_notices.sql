-- The accounts for which a user answers, in the order of the ids. The second time MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_users
	ADD KEY /*M! IF NOT EXISTS */ apitoken_users_by_responsible (responsible, id);

-- Which notice before the expiry of a token is being sent, or was.
CREATE TABLE IF NOT EXISTS apitoken_notices (
	token        VARBINARY(16) NOT NULL CHECK (length(token) = 16),
	step         BIGINT NOT NULL CHECK (step > 0), -- microseconds before the expiry
	lease        VARBINARY(16) NOT NULL CHECK (length(lease) = 16), -- the call that sends it
	leased_at    BIGINT NOT NULL,
	leased_until BIGINT NOT NULL,
	sent_at      BIGINT, -- NULL: not sent yet
	PRIMARY KEY (token, step)
) ENGINE = InnoDB;
