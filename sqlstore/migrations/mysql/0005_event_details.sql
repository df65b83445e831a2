-- More of an event: why it was denied, how many denials it stands for and since when, and where the request came from. An event that
-- is there, or that a build inserts which does not know of this, says nothing of it. The second time MariaDB finds nothing to do, and
-- MySQL refuses it.

ALTER TABLE apitoken_events
	ADD COLUMN /*M! IF NOT EXISTS */ reason         VARBINARY(255) NOT NULL DEFAULT '',
	ADD COLUMN /*M! IF NOT EXISTS */ count          BIGINT NOT NULL DEFAULT 0, -- of the denials, 0: it is one event
	ADD COLUMN /*M! IF NOT EXISTS */ first_at       BIGINT, -- of the denials
	ADD COLUMN /*M! IF NOT EXISTS */ origin_address VARBINARY(255) NOT NULL DEFAULT '',
	ADD COLUMN /*M! IF NOT EXISTS */ origin_agent   VARBINARY(255) NOT NULL DEFAULT '',
	ADD COLUMN /*M! IF NOT EXISTS */ origin_request VARBINARY(255) NOT NULL DEFAULT '';

-- The id of a user has up to 255 bytes. Tokens and events stay as they are, MariaDB makes their indexes of these columns anew, and
-- everybody goes on reading and writing. What a column is checked for MariaDB has to be told again, and MySQL keeps.

ALTER TABLE apitoken_users
	MODIFY COLUMN id VARBINARY(255) NOT NULL /*M! CHECK (id <> '') */;

ALTER TABLE apitoken_epochs
	MODIFY COLUMN owner    VARBINARY(255) NOT NULL,
	MODIFY COLUMN ended_by VARBINARY(255) NOT NULL;

ALTER TABLE apitoken_tokens
	MODIFY COLUMN owner      VARBINARY(255) NOT NULL /*M! CHECK (owner <> '') */,
	MODIFY COLUMN created_by VARBINARY(255) NOT NULL,
	MODIFY COLUMN revoked_by VARBINARY(255) NOT NULL;

ALTER TABLE apitoken_policy
	MODIFY COLUMN updated_by VARBINARY(255) NOT NULL;

ALTER TABLE apitoken_events
	MODIFY COLUMN actor_user VARBINARY(255) NOT NULL,
	MODIFY COLUMN owner      VARBINARY(255) NOT NULL;
