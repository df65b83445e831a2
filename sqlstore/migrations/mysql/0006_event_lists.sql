-- Events by what somebody did, by action, and by outcome, in the order of the feed. The second time MariaDB finds nothing to do, and
-- MySQL refuses it.

ALTER TABLE apitoken_events
	ADD KEY /*M! IF NOT EXISTS */ apitoken_events_by_actor (actor_user, seq),
	ADD KEY /*M! IF NOT EXISTS */ apitoken_events_by_action (action, seq),
	ADD KEY /*M! IF NOT EXISTS */ apitoken_events_by_outcome (outcome, seq);
