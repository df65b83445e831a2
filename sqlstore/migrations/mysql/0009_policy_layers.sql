-- The limits and exemptions of the policy, as JSON. NULL: none. The second time MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_policy
	ADD COLUMN /*M! IF NOT EXISTS */ layers MEDIUMTEXT CHARACTER SET utf8mb4;
