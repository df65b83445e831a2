-- Accounts that no person signs in to, with the user who answers for each. A build that does not know of them inserts persons.

ALTER TABLE apitoken_users
	ADD COLUMN service BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN responsible TEXT COLLATE "C" NOT NULL DEFAULT '';
