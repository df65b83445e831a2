-- What a token is limited to, as bits. All of them, -1, is no limit. A build that does not know of it inserts tokens that are not
-- limited. The second time MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_tokens
	ADD COLUMN /*M! IF NOT EXISTS */ permissions BIGINT NOT NULL DEFAULT -1;
