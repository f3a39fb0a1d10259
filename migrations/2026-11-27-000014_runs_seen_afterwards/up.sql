-- Runs seen afterwards: which pages held nothing, what their requests were like, and how long their events are kept.

ALTER TABLE collection_tasks ADD COLUMN empties integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN collection_tasks.empties IS 'one bit for each page that was answered and held nothing, page 1 lowest';

-- Their column does not change with a group, so that a group's update stays a heap-only one.
CREATE INDEX collection_runs_ended ON collection_runs (org_id, completed_at DESC, id DESC)
    WHERE completed_at IS NOT NULL;
CREATE INDEX collection_runs_ended_first ON collection_runs (completed_at, id) WHERE completed_at IS NOT NULL;

CREATE TABLE run_removals (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    removed_at timestamptz NOT NULL,
    removed_of timestamptz,
    PRIMARY KEY (org_id, run_id),
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE run_removals IS 'runs whose events were old and are removed, or are being removed';
COMMENT ON COLUMN run_removals.removed_of IS
    'the end (completed_at) up to which all are removed; a run that is opened again ends anew';

CREATE TABLE run_metrics (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    to_seq bigint NOT NULL,
    metrics jsonb NOT NULL,
    PRIMARY KEY (org_id, run_id),
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE run_metrics IS 'what a run''s events said of its requests, counted up to one of them; outlives the events';
