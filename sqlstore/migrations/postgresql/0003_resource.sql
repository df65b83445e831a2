-- What of the things of the host a token is bound to. The tokens that are there are bound to nothing, and so is one that is
-- inserted by a build which does not know of this. No row is written, and no index is made here: this step keeps everybody from
-- the table, and has to be over at once.

ALTER TABLE apitoken_tokens ADD COLUMN resource TEXT COLLATE "C" NOT NULL DEFAULT '';
