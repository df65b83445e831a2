-- Which token a token has replaced, and by which one it was replaced. A successor is unused until it first authenticates. A build that
-- does not know of them inserts tokens that replace none, and leaves the end of a replaced token to its expiry.

ALTER TABLE apitoken_tokens ADD COLUMN replaces BLOB CHECK (length(replaces) = 16);

ALTER TABLE apitoken_tokens ADD COLUMN replaced_by BLOB CHECK (length(replaced_by) = 16);

ALTER TABLE apitoken_tokens ADD COLUMN unused INTEGER NOT NULL DEFAULT 0;
