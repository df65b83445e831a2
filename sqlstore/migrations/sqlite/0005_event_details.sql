-- More of an event: why it was denied, how many denials it stands for and since when, and where the request came from. An event that
-- is there, or that a build inserts which does not know of this, says nothing of it.

ALTER TABLE apitoken_events ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- Of the denials, 0: it is one event.
ALTER TABLE apitoken_events ADD COLUMN count INTEGER NOT NULL DEFAULT 0 CHECK (count >= 0);

-- Of the denials.
ALTER TABLE apitoken_events ADD COLUMN first_at INTEGER;

ALTER TABLE apitoken_events ADD COLUMN origin_address TEXT NOT NULL DEFAULT '';

ALTER TABLE apitoken_events ADD COLUMN origin_agent TEXT NOT NULL DEFAULT '';

ALTER TABLE apitoken_events ADD COLUMN origin_request TEXT NOT NULL DEFAULT '';
