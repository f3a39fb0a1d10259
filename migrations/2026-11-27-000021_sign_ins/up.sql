-- Where a session was opened, so that its owner knows it again; and tokens that an outside issuer made.

ALTER TABLE api_tokens
    ADD COLUMN address text,
    ADD COLUMN agent text,
    DROP CONSTRAINT api_tokens_kind_check,
    ADD CONSTRAINT api_tokens_kind_check CHECK (kind IN ('api', 'activity', 'sign_in', 'session', 'outside'));
COMMENT ON COLUMN api_tokens.address IS 'the network address that a session was opened from';
COMMENT ON COLUMN api_tokens.agent IS 'what the browser that opened a session called itself';
