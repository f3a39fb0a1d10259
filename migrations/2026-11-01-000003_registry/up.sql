-- The registry of sellers, the sightings that prove it, and the log of what changed it.

CREATE TABLE sellers (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    platform text NOT NULL CHECK (platform IN ('ebay')),
    normalised_name text NOT NULL,
    display_name text NOT NULL,
    feedback_tenths smallint,
    feedback_count bigint,
    feedback_approx boolean NOT NULL,
    first_seen_at timestamptz NOT NULL,
    first_seen_run_id uuid NOT NULL,
    last_seen_at timestamptz NOT NULL,
    last_seen_run_id uuid NOT NULL,
    times_seen integer NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, platform, normalised_name)
) WITH (fillfactor = 80);
COMMENT ON COLUMN sellers.feedback_tenths IS 'positive feedback in tenths of a percent';
COMMENT ON COLUMN sellers.first_seen_run_id IS 'no foreign key: a run may go, its sellers stay';
COMMENT ON COLUMN sellers.times_seen IS 'runs that saw it, once for each run';

CREATE TABLE run_sellers (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    normalised_name text NOT NULL,
    seller_id uuid NOT NULL,
    task_no integer NOT NULL,
    page smallint NOT NULL,
    place smallint NOT NULL,
    seen_at timestamptz NOT NULL,
    name text NOT NULL,
    feedback_tenths smallint,
    feedback_count bigint,
    feedback_approx boolean NOT NULL,
    listing_id text,
    title text NOT NULL,
    price_minor bigint,
    price_currency text,
    link text,
    PRIMARY KEY (org_id, run_id, normalised_name, seller_id, task_no, page, place),
    FOREIGN KEY (org_id, run_id, task_no) REFERENCES collection_tasks (org_id, run_id, task_no) ON DELETE CASCADE,
    FOREIGN KEY (org_id, seller_id) REFERENCES sellers (org_id, id) ON DELETE CASCADE,
    CHECK ((price_minor IS NULL) = (price_currency IS NULL))
);
COMMENT ON TABLE run_sellers IS
    'one row for each listing; its key lists a run''s sellers by name and tells whether a run has seen one';

CREATE TABLE seller_audit_log (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('collection_run')),
    source text NOT NULL CHECK (source IN ('collection_run')),
    source_run_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    affected_count integer NOT NULL DEFAULT 0,
    seller_count_snapshot bigint,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, source_run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE,
    CHECK ((closed_at IS NULL) = (seller_count_snapshot IS NULL))
);
CREATE INDEX seller_audit_log_runs ON seller_audit_log (org_id, source_run_id);
CREATE UNIQUE INDEX seller_audit_log_open ON seller_audit_log (org_id, source_run_id) WHERE closed_at IS NULL;
