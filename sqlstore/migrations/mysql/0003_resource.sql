-- What of the things of the host a token is bound to. The tokens that are there are bound to nothing, and so is one that is
-- inserted by a build which does not know of this. The second time MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_tokens
	ADD COLUMN /*M! IF NOT EXISTS */ resource VARBINARY(255) NOT NULL DEFAULT '';
