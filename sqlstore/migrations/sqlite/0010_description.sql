-- What a token is for, to people. A build that does not know of it inserts tokens without one.

ALTER TABLE apitoken_tokens ADD COLUMN description TEXT NOT NULL DEFAULT '';
