-- What a token is limited to, as bits. All of them, -1, is no limit. A build that does not know of it inserts tokens that are not
-- limited.

ALTER TABLE apitoken_tokens ADD COLUMN permissions INTEGER NOT NULL DEFAULT -1;
