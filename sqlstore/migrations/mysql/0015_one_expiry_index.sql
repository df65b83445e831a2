-- The index that the other dialects drop here is gone since version 2. MariaDB finds nothing to do, and MySQL refuses it.

ALTER TABLE apitoken_tokens
	DROP KEY /*M! IF EXISTS */ apitoken_tokens_by_expiry;
