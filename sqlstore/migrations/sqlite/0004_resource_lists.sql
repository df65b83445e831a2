-- The tokens of a resource, in the order of the ids. Only what is bound to something is in it.

CREATE INDEX apitoken_tokens_by_resource ON apitoken_tokens (resource, id) WHERE resource <> '';
