-- What is kept at the doors of the API: who asked for which change, and the answers to creations that may be sent again.

CREATE TABLE audit_log (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    no bigint NOT NULL,
    at timestamptz NOT NULL,
    user_id uuid,
    token_id uuid,
    address text,
    action text NOT NULL,
    subject text,
    details jsonb NOT NULL,
    status smallint,
    answers bigint,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (org_id, no)
);
CREATE INDEX audit_log_users ON audit_log (org_id, user_id, no) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_actions ON audit_log (org_id, action, no);
CREATE INDEX audit_log_subjects ON audit_log (org_id, subject, no) WHERE subject IS NOT NULL;
CREATE INDEX audit_log_times ON audit_log (org_id, at);
COMMENT ON TABLE audit_log IS 'one row for each change that was asked for, written before it is made; never changed';
COMMENT ON COLUMN audit_log.user_id IS 'no foreign key, as token_id: who did it may go, that it was done stays';
COMMENT ON COLUMN audit_log.status IS 'what was answered; null on the row that is written before there is an answer';
COMMENT ON COLUMN audit_log.answers IS 'the number of the row that this one says the outcome of';
COMMENT ON COLUMN audit_log.hash IS 'SHA-256 of previous_hash and the row''s own fields';

CREATE TABLE audit_heads (
    org_id uuid PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    no bigint NOT NULL,
    hash bytea NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE audit_heads IS
    'the newest row of each audit log, so that a removed one is missed; its lock gives the rows their order';

CREATE TABLE idempotency_keys (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    claim uuid NOT NULL,
    status smallint,
    content_type text,
    location text,
    answer bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, key),
    CHECK ((status IS NULL) = (answer IS NULL))
);
CREATE INDEX idempotency_keys_ages ON idempotency_keys (org_id, created_at);
COMMENT ON COLUMN idempotency_keys.claim IS 'the request that works on it: of two that come together one does';
COMMENT ON COLUMN idempotency_keys.status IS 'null until it is answered';
