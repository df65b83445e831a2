-- Lists of tokens by the hint of their text. Events about a token, and events by time. The order of expiry has its index since
-- version 2. The second time MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_tokens
	ADD KEY /*M! IF NOT EXISTS */ apitoken_tokens_by_hint (hint, id);

ALTER TABLE apitoken_events
	ADD KEY /*M! IF NOT EXISTS */ apitoken_events_by_token (token, seq),
	ADD KEY /*M! IF NOT EXISTS */ apitoken_events_by_time (at, seq);
