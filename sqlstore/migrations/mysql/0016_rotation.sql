-- Which token a token has replaced, and by which one it was replaced. A successor is unused until it first authenticates. A build that
-- does not know of them inserts tokens that replace none, and leaves the end of a replaced token to its expiry. The second time
-- MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_tokens
	ADD COLUMN /*M! IF NOT EXISTS */ replaces VARBINARY(16),
	ADD COLUMN /*M! IF NOT EXISTS */ replaced_by VARBINARY(16),
	ADD COLUMN /*M! IF NOT EXISTS */ unused BIGINT NOT NULL DEFAULT 0;
