-- Runs, their tasks and products, their events, and the tokens that open them.

CREATE TABLE collection_runs (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    status text NOT NULL
        CHECK (status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
    wanted text NOT NULL CHECK (wanted IN ('run', 'pause', 'cancel')),
    phase text NOT NULL CHECK (phase IN ('amazon', 'ebay')),
    settings jsonb NOT NULL,
    categories jsonb NOT NULL,
    pause jsonb,
    fail_reason text CHECK (fail_reason IN ('nothing_succeeded', 'invalid_settings')),
    fail_message text,
    fence bigint NOT NULL DEFAULT 0,
    group_no bigint NOT NULL DEFAULT 0,
    group_replies text NOT NULL DEFAULT '',
    last_seq bigint NOT NULL DEFAULT 0,
    streak integer[] NOT NULL DEFAULT '{}',
    departments_total integer NOT NULL,
    departments_completed integer NOT NULL DEFAULT 0,
    amazon_pending integer NOT NULL,
    amazon_claimed integer NOT NULL DEFAULT 0,
    amazon_done integer NOT NULL DEFAULT 0,
    amazon_failed integer NOT NULL DEFAULT 0,
    amazon_skipped integer NOT NULL DEFAULT 0,
    ebay_pending integer NOT NULL DEFAULT 0,
    ebay_claimed integer NOT NULL DEFAULT 0,
    ebay_done integer NOT NULL DEFAULT 0,
    ebay_failed integer NOT NULL DEFAULT 0,
    ebay_skipped integer NOT NULL DEFAULT 0,
    products_fetched integer NOT NULL DEFAULT 0,
    sellers_found integer NOT NULL DEFAULT 0,
    sellers_new integer NOT NULL DEFAULT 0,
    requests_made bigint NOT NULL DEFAULT 0,
    requests_billed bigint NOT NULL DEFAULT 0,
    -- Sums under the names that people know; the database keeps them, so that they cannot disagree.
    categories_total integer NOT NULL GENERATED ALWAYS AS
        (amazon_pending + amazon_claimed + amazon_done + amazon_failed + amazon_skipped) STORED,
    categories_completed integer NOT NULL GENERATED ALWAYS AS
        (amazon_done + amazon_failed + amazon_skipped) STORED,
    products_total integer NOT NULL GENERATED ALWAYS AS
        (ebay_pending + ebay_claimed + ebay_done + ebay_failed + ebay_skipped) STORED,
    products_searched integer NOT NULL GENERATED ALWAYS AS (ebay_done) STORED,
    total_items integer NOT NULL GENERATED ALWAYS AS
        (amazon_pending + amazon_claimed + amazon_done + amazon_failed + amazon_skipped
            + ebay_pending + ebay_claimed + ebay_done + ebay_failed + ebay_skipped) STORED,
    processed_items integer NOT NULL GENERATED ALWAYS AS
        (amazon_done + amazon_failed + amazon_skipped + ebay_done + ebay_failed + ebay_skipped) STORED,
    failed_items integer NOT NULL GENERATED ALWAYS AS (amazon_failed + ebay_failed) STORED,
    skipped_items integer NOT NULL GENERATED ALWAYS AS (amazon_skipped + ebay_skipped) STORED,
    checkpoint jsonb NOT NULL DEFAULT '{}',
    worker_status jsonb NOT NULL DEFAULT '[]',
    seller_count_snapshot bigint,
    idempotency_key text,
    idempotency_hash bytea,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, number),
    UNIQUE (org_id, idempotency_key)
) WITH (fillfactor = 30);
COMMENT ON TABLE collection_runs IS
    'every group rewrites its run''s row: room on the page and no index on what changes keep that a heap-only update';
COMMENT ON COLUMN collection_runs.group_replies IS 'one letter for each entry of the newest group, to answer it again';

CREATE INDEX collection_runs_newest ON collection_runs (org_id, created_at DESC, id DESC);
CREATE INDEX collection_runs_newest_by_status ON collection_runs (org_id, status, created_at DESC, id DESC);
CREATE INDEX collection_runs_running ON collection_runs (org_id, id) WHERE status = 'running';

CREATE TABLE api_tokens (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('api', 'activity', 'sign_in', 'session')),
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    run_id uuid,
    made_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    used_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, made_by) REFERENCES api_tokens (org_id, id) ON DELETE CASCADE,
    CHECK ((kind = 'activity') = (run_id IS NOT NULL))
);
COMMENT ON COLUMN api_tokens.made_by IS 'the token that made this one: revoking that one closes this one too';

CREATE TABLE collection_items (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    external_id text NOT NULL,
    title text,
    price_minor bigint,
    price_currency text,
    url text,
    category text NOT NULL,
    PRIMARY KEY (org_id, run_id, external_id),
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE,
    CHECK ((price_minor IS NULL) = (price_currency IS NULL))
);
COMMENT ON COLUMN collection_items.external_id IS 'the ASIN';
COMMENT ON COLUMN collection_items.category IS 'the category in which it was first found';

CREATE TABLE collection_tasks (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    task_no integer NOT NULL,
    phase text NOT NULL CHECK (phase IN ('amazon', 'ebay')),
    state text NOT NULL CHECK (state IN ('pending', 'claimed', 'done', 'failed', 'skipped')),
    finished boolean NOT NULL GENERATED ALWAYS AS (state IN ('done', 'failed', 'skipped')) STORED,
    claim_no integer NOT NULL DEFAULT 0,
    next_page smallint NOT NULL DEFAULT 1,
    page_attempts smallint NOT NULL DEFAULT 0,
    crashes smallint NOT NULL DEFAULT 0,
    requests integer NOT NULL DEFAULT 0,
    products integer NOT NULL DEFAULT 0,
    rejected boolean NOT NULL DEFAULT false,
    reprieved boolean NOT NULL DEFAULT false,
    error_code text,
    error_message text,
    node_id text,
    category text,
    department text,
    external_id text,
    PRIMARY KEY (org_id, run_id, task_no),
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, run_id, external_id)
        REFERENCES collection_items (org_id, run_id, external_id) ON DELETE CASCADE,
    CHECK ((phase = 'ebay') = (external_id IS NOT NULL)),
    CHECK ((phase = 'amazon') = (node_id IS NOT NULL AND category IS NOT NULL AND department IS NOT NULL))
) WITH (fillfactor = 70);
COMMENT ON COLUMN collection_tasks.finished IS
    'for the index of open tasks: a claim leaves it as it is, so that taking a task touches no index';

CREATE INDEX collection_tasks_open ON collection_tasks (org_id, run_id, task_no) WHERE NOT finished;

CREATE TABLE collection_item_categories (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    external_id text NOT NULL,
    category_task_no integer NOT NULL,
    rank integer NOT NULL,
    PRIMARY KEY (org_id, run_id, external_id, category_task_no),
    FOREIGN KEY (org_id, run_id, external_id)
        REFERENCES collection_items (org_id, run_id, external_id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, run_id, category_task_no)
        REFERENCES collection_tasks (org_id, run_id, task_no) ON DELETE CASCADE
);

CREATE TABLE run_events (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq bigint NOT NULL,
    data text NOT NULL,
    PRIMARY KEY (org_id, run_id, seq),
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN run_events.data IS 'the text that is sent, byte for byte';

-- Locks a run's row for a group, and raises unless its owner still is who sends it. Says whether a product needs a price
-- and whether the run is under way.
CREATE FUNCTION hold_run(
    org uuid, run uuid, fence_held bigint, group_sent bigint, OUT needs_price boolean, OUT under_way boolean
) LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    SELECT fence, group_no, status, coalesce(settings -> 'price_window', 'null') <> 'null' AS price
        INTO held FROM collection_runs WHERE org_id = org AND id = run FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run_missing';
    ELSIF held.fence <> fence_held THEN
        RAISE EXCEPTION 'fence_lost';
    ELSIF held.group_no = group_sent THEN
        RAISE EXCEPTION 'group_kept';
    ELSIF held.group_no <> group_sent - 1 THEN
        RAISE EXCEPTION 'group_out_of_order: % was sent after %', group_sent, held.group_no;
    END IF;
    needs_price := held.price;
    under_way := held.status = 'running';
END
$$;
