-- When a user was suspended. The second time MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_users
	ADD COLUMN /*M! IF NOT EXISTS */ suspended_at BIGINT;
