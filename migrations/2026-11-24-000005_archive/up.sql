-- Pages that were paid for and on which nothing was found, kept for the parser of tomorrow.

CREATE TABLE raw_bodies (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    packed bytea NOT NULL,
    packed_bytes integer NOT NULL GENERATED ALWAYS AS (octet_length(packed)) STORED,
    bytes integer NOT NULL,
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, hash)
);
ALTER TABLE raw_bodies ALTER COLUMN packed SET STORAGE EXTERNAL;
COMMENT ON COLUMN raw_bodies.hash IS 'SHA-256 of the body before it was compressed: one that comes again is kept once';
COMMENT ON COLUMN raw_bodies.packed IS 'zstd';
COMMENT ON COLUMN raw_bodies.kept_at IS 'when it came last: the oldest goes first';
CREATE INDEX raw_bodies_newest ON raw_bodies (org_id, kept_at DESC) INCLUDE (hash, packed_bytes);

CREATE TABLE raw_pages (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    task_no integer NOT NULL,
    request_no integer NOT NULL,
    page smallint NOT NULL,
    seen_at timestamptz NOT NULL,
    hash bytea NOT NULL,
    form text NOT NULL CHECK (form IN ('page', 'answer')),
    why text NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (org_id, run_id, task_no, request_no),
    FOREIGN KEY (org_id, run_id, task_no) REFERENCES collection_tasks (org_id, run_id, task_no) ON DELETE CASCADE,
    FOREIGN KEY (org_id, hash) REFERENCES raw_bodies (org_id, hash) ON DELETE CASCADE
);
COMMENT ON COLUMN raw_pages.form IS 'page: the target''s page or the parsed fields; answer: the vendor''s whole answer';
COMMENT ON COLUMN raw_pages.why IS 'empty, or the kind of the error';
CREATE INDEX raw_pages_body ON raw_pages (org_id, hash);

ALTER TABLE seller_audit_log
    DROP CONSTRAINT seller_audit_log_action_check,
    ADD CONSTRAINT seller_audit_log_action_check CHECK (action IN ('collection_run', 'reparse'));
