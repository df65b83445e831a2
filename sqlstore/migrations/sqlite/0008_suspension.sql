-- When a user was suspended.

ALTER TABLE apitoken_users ADD COLUMN suspended_at INTEGER;
