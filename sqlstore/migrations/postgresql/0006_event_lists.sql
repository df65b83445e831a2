-- Events by what somebody did, by action, and by outcome, in the order of the feed. While an index is made, events are read and not
-- written. Most events are done, so these are in no index of outcomes.

CREATE INDEX apitoken_events_by_actor ON apitoken_events (actor_user, seq) WHERE actor_user <> '' AND seq IS NOT NULL;

CREATE INDEX apitoken_events_by_action ON apitoken_events (action, seq) WHERE seq IS NOT NULL;

CREATE INDEX apitoken_events_by_outcome ON apitoken_events (outcome, seq) WHERE outcome <> 'done' AND seq IS NOT NULL;
