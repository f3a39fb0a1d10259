-- Lists that read what a page shows, however long the organisation's past is.

-- Made anew below; gone first, so that what follows does not make them twice.
DROP INDEX sellers_by_name, sellers_by_first_seen, sellers_by_last_seen, sellers_by_times_seen, sellers_by_products,
    sellers_by_place, sellers_by_status, sellers_by_run, sellers_flagged, sellers_tags;

-- By code point in every database, as the program sorts. Elsewhere a prefix is no range of an index, and two writers that
-- take the same sellers in the order of their names take them in two orders.
ALTER TABLE sellers ALTER COLUMN normalised_name TYPE text COLLATE "C";
ALTER TABLE excluded_sellers ALTER COLUMN normalised_name TYPE text COLLATE "C";
ALTER TABLE run_sellers ALTER COLUMN normalised_name TYPE text COLLATE "C";
ALTER TABLE run_exclusions ALTER COLUMN normalised_name TYPE text COLLATE "C";
ALTER TABLE seller_changes ALTER COLUMN stands_as TYPE text COLLATE "C";

-- Each sort passes by what a filter leaves out, each filter sorts what it lets pass, and a seller that has to be fetched for
-- that costs as much as a hundred that an index knows enough of. What people filter and sort by, as far as it is small, is
-- therefore in each of these. Nothing of it is written by a further sighting in the same run, and a seller that comes in has
-- as many indexes as before. Tags are in none: there may be more of them than an index takes.
CREATE INDEX sellers_by_name ON sellers (org_id, normalised_name, id)
    INCLUDE (status, flagged, feedback_tenths, times_seen, first_seen_at) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_first_seen ON sellers (org_id, first_seen_at, id)
    INCLUDE (status, flagged, feedback_tenths, times_seen, normalised_name) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_last_seen ON sellers (org_id, seen_order, id)
    INCLUDE (status, flagged, feedback_tenths, times_seen, first_seen_at, normalised_name) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_times_seen ON sellers (org_id, times_seen, id)
    INCLUDE (status, flagged, feedback_tenths, first_seen_at, normalised_name) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_products ON sellers (org_id, products_matched, id)
    INCLUDE (status, flagged, feedback_tenths, times_seen, first_seen_at, normalised_name) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_place ON sellers (org_id, best_place, id)
    INCLUDE (status, flagged, feedback_tenths, times_seen, first_seen_at, normalised_name) WHERE removed_at IS NULL;
CREATE INDEX sellers_by_status ON sellers (org_id, status, normalised_name, id)
    INCLUDE (flagged, feedback_tenths, times_seen, first_seen_at, seen_order, products_matched, best_place)
    WHERE removed_at IS NULL;
CREATE INDEX sellers_by_run ON sellers (org_id, first_seen_run_id, normalised_name, id)
    INCLUDE (status, flagged, feedback_tenths, times_seen, first_seen_at, seen_order, products_matched, best_place)
    WHERE removed_at IS NULL;
CREATE INDEX sellers_flagged ON sellers (org_id, normalised_name, id)
    INCLUDE (status, feedback_tenths, times_seen, first_seen_at, seen_order, products_matched, best_place)
    WHERE removed_at IS NULL AND flagged;
-- Of all sellers, tagged or not: asked for those that have tags too, the planner counts their rarity twice.
CREATE INDEX sellers_tags ON sellers USING gin (tags) WITH (gin_pending_list_limit = 256) WHERE removed_at IS NULL;

-- The registry at a point is found along this index alone.
DROP INDEX seller_changes_standing;
CREATE INDEX seller_changes_standing ON seller_changes (org_id, stands_as, change_no) INCLUDE (until)
    WHERE stands_as IS NOT NULL;

-- The one filter that had no index: few sellers, or none, may have so much feedback. It is the same in most sightings, so
-- that they leave the index alone.
CREATE INDEX sellers_by_feedback ON sellers (org_id, feedback_tenths, id)
    WHERE removed_at IS NULL AND feedback_tenths IS NOT NULL;

-- What is not yet sorted into the index is read by every search, and sorted in by whoever fills it up: 4 MB by default.
ALTER INDEX sellers_search SET (gin_pending_list_limit = 256);

-- The audit log between two moments is read in the order of its times.
DROP INDEX audit_log_times;
CREATE INDEX audit_log_times ON audit_log (org_id, at, no);

-- A status changes when a run ends, not with its groups.
CREATE INDEX collection_runs_ended_by_status ON collection_runs (org_id, status, completed_at DESC, id DESC)
    WHERE completed_at IS NOT NULL;

-- Few tasks of a run, each under its number. None of these columns changes when a task is claimed.
ALTER TABLE collection_tasks
    ADD COLUMN given_up boolean NOT NULL GENERATED ALWAYS AS (state IN ('failed', 'skipped')) STORED;
COMMENT ON COLUMN collection_tasks.given_up IS 'for the index of these tasks: it is written when a task ends so, and never else';
CREATE INDEX collection_tasks_given_up ON collection_tasks (org_id, run_id, task_no) WHERE given_up;
CREATE INDEX collection_tasks_empty ON collection_tasks (org_id, run_id, task_no) WHERE empties <> 0;
CREATE INDEX collection_tasks_categories ON collection_tasks (org_id, run_id, task_no) WHERE phase = 'amazon';
