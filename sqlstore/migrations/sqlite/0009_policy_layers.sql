-- The limits and exemptions of the policy, as JSON. NULL: none.

ALTER TABLE apitoken_policy ADD COLUMN layers TEXT;
