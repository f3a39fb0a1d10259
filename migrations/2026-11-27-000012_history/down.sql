-- Sellers that are removed, and those that no run has seen, do not fit into the tables as they were.
DROP TABLE seller_changes;
DROP TABLE registry_heads;
DROP INDEX seller_audit_log_newest_by_action;
DROP INDEX seller_audit_log_newest;
DELETE FROM seller_audit_log WHERE action NOT IN ('collection_run', 'reparse') OR source <> 'collection_run';
DELETE FROM seller_audit_log AS e WHERE NOT EXISTS
    (SELECT 1 FROM collection_runs r WHERE r.org_id = e.org_id AND r.id = e.source_run_id);
ALTER TABLE seller_audit_log
    DROP COLUMN address,
    DROP COLUMN token_id,
    DROP COLUMN user_id,
    DROP COLUMN undoes_id,
    DROP COLUMN excluded_count,
    DROP COLUMN removed_count,
    DROP COLUMN added_count,
    DROP COLUMN change_no,
    DROP CONSTRAINT seller_audit_log_run_check,
    ALTER COLUMN source_run_id SET NOT NULL,
    ADD CONSTRAINT seller_audit_log_org_id_source_run_id_fkey
        FOREIGN KEY (org_id, source_run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE,
    DROP CONSTRAINT seller_audit_log_source_check,
    ADD CONSTRAINT seller_audit_log_source_check CHECK (source IN ('collection_run')),
    DROP CONSTRAINT seller_audit_log_action_check,
    ADD CONSTRAINT seller_audit_log_action_check CHECK (action IN ('collection_run', 'reparse'));
DROP TABLE run_exclusions;
DROP TABLE excluded_sellers;
DELETE FROM sellers WHERE removed_at IS NOT NULL OR first_seen_run_id IS NULL OR last_seen_run_id IS NULL;
DROP INDEX sellers_search;
DROP INDEX sellers_tags;
DROP INDEX sellers_flagged;
DROP INDEX sellers_by_run;
DROP INDEX sellers_by_status;
DROP INDEX sellers_by_place;
DROP INDEX sellers_by_products;
DROP INDEX sellers_by_times_seen;
DROP INDEX sellers_by_last_seen;
DROP INDEX sellers_by_first_seen;
DROP INDEX sellers_by_name;
DROP INDEX sellers_standing;
ALTER TABLE sellers ADD CONSTRAINT sellers_org_id_platform_normalised_name_key
    UNIQUE (org_id, platform, normalised_name);
COMMENT ON COLUMN sellers.first_seen_run_id IS 'no foreign key: a run may go, its sellers stay';
ALTER TABLE sellers
    ALTER COLUMN last_seen_run_id SET NOT NULL,
    ALTER COLUMN first_seen_run_id SET NOT NULL,
    DROP COLUMN best_place,
    DROP COLUMN products_matched,
    DROP COLUMN seen_order,
    DROP COLUMN note,
    DROP COLUMN tags,
    DROP COLUMN status,
    DROP COLUMN flagged,
    DROP COLUMN removed_at;
DROP EXTENSION pg_trgm;
