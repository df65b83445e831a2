-- Which token a token has replaced, and by which one it was replaced. A successor is unused until it first authenticates. A build that
-- does not know of them inserts tokens that replace none, and leaves the end of a replaced token to its expiry.

ALTER TABLE apitoken_tokens
	ADD COLUMN replaces BYTEA,
	ADD COLUMN replaced_by BYTEA,
	ADD COLUMN unused BIGINT NOT NULL DEFAULT 0;
