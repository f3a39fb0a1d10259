-- What people make of the registry, and a log of each change to it that can be replayed.

-- Search by part of a name. The extension is trusted: whoever may create in the database may create it.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE EXCEPTION 'the extension pg_trgm is needed and could not be created here (%). Have an administrator run: CREATE EXTENSION pg_trgm; in this database (Debian and its kin: it comes with postgresql-contrib), then start again', SQLERRM;
END
$$;

ALTER TABLE sellers
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN flagged boolean NOT NULL DEFAULT false,
    ADD COLUMN status text NOT NULL DEFAULT 'new'
        CONSTRAINT sellers_status_check CHECK (status IN ('new', 'reviewing', 'contacted', 'approved', 'rejected')),
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN note text,
    ADD COLUMN seen_order timestamptz,
    ADD COLUMN products_matched integer NOT NULL DEFAULT 0,
    ADD COLUMN best_place smallint NOT NULL DEFAULT 32767,
    ALTER COLUMN first_seen_run_id DROP NOT NULL,
    ALTER COLUMN last_seen_run_id DROP NOT NULL;
UPDATE sellers SET seen_order = last_seen_at;
ALTER TABLE sellers ALTER COLUMN seen_order SET NOT NULL;
COMMENT ON COLUMN sellers.removed_at IS 'a removed seller keeps its row and its sightings; its name is free';
COMMENT ON COLUMN sellers.first_seen_run_id IS
    'no foreign key: a run may go, its sellers stay; none where a person entered the seller';
COMMENT ON COLUMN sellers.seen_order IS
    'when the newest run that saw it did so first: what is sorted by, so that the run''s further sightings touch no index';
COMMENT ON COLUMN sellers.products_matched IS 'products for which the newest run that ended found it';
COMMENT ON COLUMN sellers.best_place IS 'its best place by price among the offers for one product there; 32767 is none';

-- A removed seller does not stand in the way of the same name.
ALTER TABLE sellers DROP CONSTRAINT sellers_org_id_platform_normalised_name_key;
CREATE UNIQUE INDEX sellers_standing ON sellers (org_id, platform, normalised_name) WHERE removed_at IS NULL;

-- One for each sort and each filter that takes few; columns that every sighting moves are in none of them.
CREATE INDEX sellers_by_name ON sellers (org_id, normalised_name, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_first_seen ON sellers (org_id, first_seen_at, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_last_seen ON sellers (org_id, seen_order, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_times_seen ON sellers (org_id, times_seen, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_products ON sellers (org_id, products_matched, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_place ON sellers (org_id, best_place, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_status ON sellers (org_id, status, normalised_name, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_run ON sellers (org_id, first_seen_run_id, normalised_name, id) WHERE removed_at IS NULL;
CREATE INDEX sellers_flagged ON sellers (org_id, normalised_name, id) WHERE removed_at IS NULL AND flagged;
CREATE INDEX sellers_tags ON sellers USING gin (tags) WHERE tags <> '{}';
CREATE INDEX sellers_search ON sellers USING gin (normalised_name gin_trgm_ops) WHERE removed_at IS NULL;

CREATE TABLE excluded_sellers (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    platform text NOT NULL CHECK (platform IN ('ebay')),
    normalised_name text NOT NULL,
    excluded_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, platform, normalised_name)
);
COMMENT ON TABLE excluded_sellers IS 'names that no run brings back';

CREATE TABLE run_exclusions (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    normalised_name text NOT NULL,
    PRIMARY KEY (org_id, run_id, normalised_name),
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE run_exclusions IS 'excluded sellers that a run met, each once';

ALTER TABLE seller_audit_log
    DROP CONSTRAINT seller_audit_log_action_check,
    ADD CONSTRAINT seller_audit_log_action_check CHECK (action IN
        ('add', 'edit', 'remove', 'restore', 'flag', 'unflag', 'export', 'import', 'collection_run', 'reparse')),
    DROP CONSTRAINT seller_audit_log_source_check,
    ADD CONSTRAINT seller_audit_log_source_check CHECK (source IN ('manual', 'collection_run', 'import', 'undo')),
    -- A run may go, its history stays.
    DROP CONSTRAINT seller_audit_log_org_id_source_run_id_fkey,
    ALTER COLUMN source_run_id DROP NOT NULL,
    ADD CONSTRAINT seller_audit_log_run_check CHECK ((source = 'collection_run') = (source_run_id IS NOT NULL)),
    ADD COLUMN change_no bigint,
    ADD COLUMN added_count integer NOT NULL DEFAULT 0,
    ADD COLUMN removed_count integer NOT NULL DEFAULT 0,
    ADD COLUMN excluded_count integer NOT NULL DEFAULT 0,
    ADD COLUMN undoes_id uuid,
    ADD COLUMN user_id uuid,
    ADD COLUMN token_id uuid,
    ADD COLUMN address text;
COMMENT ON COLUMN seller_audit_log.change_no IS 'the organisation''s newest change when the entry was complete';
COMMENT ON COLUMN seller_audit_log.excluded_count IS 'excluded sellers that its run met';
COMMENT ON COLUMN seller_audit_log.undoes_id IS 'the entry that it takes back';
COMMENT ON COLUMN seller_audit_log.user_id IS 'who; no foreign key: a person may go, their history stays';
COMMENT ON COLUMN seller_audit_log.token_id IS 'by which token; no foreign key: a token may go';
CREATE INDEX seller_audit_log_newest ON seller_audit_log (org_id, created_at DESC, id DESC);
CREATE INDEX seller_audit_log_newest_by_action ON seller_audit_log (org_id, action, created_at DESC, id DESC);

CREATE TABLE registry_heads (
    org_id uuid PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    change_no bigint NOT NULL,
    sellers bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE registry_heads IS
    'the number of the newest change and the sellers after it; its row lock puts changes in one order, and is taken last';

CREATE TABLE seller_changes (
    org_id uuid NOT NULL,
    change_no bigint NOT NULL,
    entry_id uuid,
    seller_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('added', 'removed', 'renamed', 'edited', 'flagged', 'unflagged')),
    name_before text,
    name_after text,
    before jsonb,
    after jsonb,
    stands_as text,
    until bigint,
    PRIMARY KEY (org_id, change_no),
    FOREIGN KEY (org_id, entry_id) REFERENCES seller_audit_log (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, seller_id) REFERENCES sellers (org_id, id) ON DELETE CASCADE,
    CHECK ((stands_as IS NOT NULL) = (kind IN ('added', 'renamed'))),
    CHECK (until IS NULL OR stands_as IS NOT NULL)
);
COMMENT ON COLUMN seller_changes.entry_id IS 'none where a run brought it of whose entries none is kept';
COMMENT ON COLUMN seller_changes.before IS 'what people had made of the seller; none for what a run brings';
COMMENT ON COLUMN seller_changes.stands_as IS
    'the normalised name under which the seller stands in the registry from this change on, until the change `until`';
CREATE INDEX seller_changes_of_entry ON seller_changes (org_id, entry_id, change_no);
CREATE INDEX seller_changes_of_seller ON seller_changes (org_id, seller_id, change_no);
CREATE INDEX seller_changes_standing ON seller_changes (org_id, stands_as, change_no) WHERE stands_as IS NOT NULL;

-- What was there before this log: sellers were only ever added, so that a snapshot is the number of its newest change.
INSERT INTO registry_heads (org_id, change_no, sellers)
    SELECT org_id, count(*), count(*) FROM sellers GROUP BY org_id;
INSERT INTO seller_changes (org_id, change_no, entry_id, seller_id, kind, name_after, stands_as)
    SELECT s.org_id, row_number() OVER (PARTITION BY s.org_id ORDER BY s.id),
        (SELECT e.id FROM seller_audit_log e WHERE e.org_id = s.org_id AND e.source_run_id = s.first_seen_run_id
            ORDER BY (e.created_at <= s.first_seen_at) DESC, e.id DESC LIMIT 1),
        s.id, 'added', s.display_name, s.normalised_name
    FROM sellers s;
UPDATE seller_audit_log SET change_no = seller_count_snapshot, added_count = affected_count WHERE closed_at IS NOT NULL;
ALTER TABLE seller_audit_log ADD CONSTRAINT seller_audit_log_complete_check
    CHECK ((closed_at IS NULL) = (change_no IS NULL));
