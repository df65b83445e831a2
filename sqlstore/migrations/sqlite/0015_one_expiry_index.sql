-- The index of the step before serves what this one did.

DROP INDEX apitoken_tokens_by_expiry;
