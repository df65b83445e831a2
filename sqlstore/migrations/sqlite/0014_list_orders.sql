-- Lists of tokens in the order of their expiry, and by the hint of their text. Events about a token, and events by time.

CREATE INDEX apitoken_tokens_by_end ON apitoken_tokens (expires_at, id) WHERE expires_at IS NOT NULL;

CREATE INDEX apitoken_tokens_by_hint ON apitoken_tokens (hint, id);

CREATE INDEX apitoken_events_by_token ON apitoken_events (token, seq) WHERE token IS NOT NULL;

CREATE INDEX apitoken_events_by_time ON apitoken_events (at, seq);
