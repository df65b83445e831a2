-- What a token is for, to people. A build that does not know of it inserts tokens without one. The second time MariaDB finds nothing
-- to do, and MySQL refuses it.

ALTER TABLE apitoken_tokens
	ADD COLUMN /*M! IF NOT EXISTS */ description VARBINARY(255) NOT NULL DEFAULT '';
