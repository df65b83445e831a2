-- The tokens that were generated with a token, in the order of the ids. While it is made, tokens are read and not written.

CREATE INDEX apitoken_tokens_by_parent ON apitoken_tokens (created_with, id) WHERE created_with IS NOT NULL;
