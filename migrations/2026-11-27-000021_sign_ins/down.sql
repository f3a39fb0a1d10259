-- What an outside issuer made is known here no longer, and what it made goes with it.
DELETE FROM api_tokens WHERE kind = 'outside';

ALTER TABLE api_tokens
    DROP COLUMN address,
    DROP COLUMN agent,
    DROP CONSTRAINT api_tokens_kind_check,
    ADD CONSTRAINT api_tokens_kind_check CHECK (kind IN ('api', 'activity', 'sign_in', 'session'));
