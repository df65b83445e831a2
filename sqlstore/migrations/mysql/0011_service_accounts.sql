-- Accounts that no person signs in to, with the user who answers for each. A build that does not know of them inserts persons. The
-- second time MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_users
	ADD COLUMN /*M! IF NOT EXISTS */ service BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN /*M! IF NOT EXISTS */ responsible VARBINARY(255) NOT NULL DEFAULT '';
