-- The tokens that were generated with a token, in the order of the ids. The second time MariaDB finds nothing to do, and MySQL refuses
-- it.

ALTER TABLE apitoken_tokens
	ADD KEY /*M! IF NOT EXISTS */ apitoken_tokens_by_parent (created_with, id);
