-- Lists of tokens by a condition go along an index in the order of the ids. It is one statement, so that all is done or
-- nothing. The second time MariaDB finds nothing to do. MySQL, which does not read IF EXISTS here, refuses it, and then all but
-- the row of the version is there.

ALTER TABLE apitoken_tokens
	ADD KEY /*M! IF NOT EXISTS */ apitoken_tokens_by_creator (created_by, id),
	ADD KEY /*M! IF NOT EXISTS */ apitoken_tokens_by_kind (kind, id),
	ADD KEY /*M! IF NOT EXISTS */ apitoken_tokens_by_end (expires_at, id),
	DROP KEY /*M! IF EXISTS */ apitoken_tokens_by_expiry;
