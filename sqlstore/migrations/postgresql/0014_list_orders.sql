-- Lists of tokens in the order of their expiry, and by the hint of their text. Events about a token, and events by time. While an
-- index is made, its table is read and not written.

CREATE INDEX apitoken_tokens_by_end ON apitoken_tokens (expires_at, id) WHERE expires_at IS NOT NULL;

CREATE INDEX apitoken_tokens_by_hint ON apitoken_tokens (hint, id);

CREATE INDEX apitoken_events_by_token ON apitoken_events (token, seq) WHERE token IS NOT NULL AND seq IS NOT NULL;

CREATE INDEX apitoken_events_by_time ON apitoken_events (at, seq) WHERE seq IS NOT NULL;
