-- The tokens of a resource, in the order of the ids. Only what is bound to something is in it. While it is made, tokens are read
-- and not written.

CREATE INDEX apitoken_tokens_by_resource ON apitoken_tokens (resource, id) WHERE resource <> '';
