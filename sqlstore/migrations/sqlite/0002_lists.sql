-- Lists of tokens by a condition go along an index in the order of the ids. A token is in few of these.

CREATE INDEX apitoken_tokens_by_creator ON apitoken_tokens (created_by, id);

CREATE INDEX apitoken_tokens_by_rare_kind ON apitoken_tokens (kind, id) WHERE kind <> 'user';

CREATE INDEX apitoken_tokens_endless ON apitoken_tokens (id) WHERE expires_at IS NULL;
