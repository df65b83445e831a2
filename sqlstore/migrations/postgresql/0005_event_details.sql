-- More of an event: why it was denied, how many denials it stands for and since when, and where the request came from. An event that
-- is there, or that a build inserts which does not know of this, says nothing of it. No row is written, so this step is over at once.

ALTER TABLE apitoken_events
	ADD COLUMN reason         TEXT   COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN count          BIGINT NOT NULL DEFAULT 0 CHECK (count >= 0), -- of the denials, 0: it is one event
	ADD COLUMN first_at       BIGINT, -- of the denials
	ADD COLUMN origin_address TEXT   COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN origin_agent   TEXT   COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN origin_request TEXT   COLLATE "C" NOT NULL DEFAULT '';
