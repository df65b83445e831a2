-- What of the things of the host a token is bound to. The tokens that are there are bound to nothing, and so is one that is inserted
-- by a build which does not know of this.

ALTER TABLE apitoken_tokens ADD COLUMN resource TEXT NOT NULL DEFAULT '';
