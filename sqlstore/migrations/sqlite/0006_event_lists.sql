-- Events by what somebody did, by action, and by outcome, in the order of the feed. Most events are done, so these are in no index of
-- outcomes.

CREATE INDEX apitoken_events_by_actor ON apitoken_events (actor_user, seq) WHERE actor_user <> '';

CREATE INDEX apitoken_events_by_action ON apitoken_events (action, seq);

CREATE INDEX apitoken_events_by_outcome ON apitoken_events (outcome, seq) WHERE outcome <> 'done';
