-- Who works on a run, when it goes on by itself, what it spends, and what a task left behind at the vendor.

CREATE TABLE engines (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    beat bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    beat_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE engines IS
    'engine processes; one whose session-level lock is gone is dead, one whose beat stands still has lost its lease';
COMMENT ON COLUMN engines.beat_at IS 'for people: whoever waits for a beat does so by a clock of its own';

ALTER TABLE collection_runs
    ADD COLUMN owner uuid,
    ADD COLUMN commands integer NOT NULL DEFAULT 0,
    ADD COLUMN recent_pages bigint NOT NULL DEFAULT 0,
    ADD COLUMN recent_pages_count smallint NOT NULL DEFAULT 0,
    ADD COLUMN empty_pages integer NOT NULL DEFAULT 0,
    ADD COLUMN resume_at timestamptz,
    ADD COLUMN spend jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN recovery jsonb;
COMMENT ON COLUMN collection_runs.owner IS 'the engine that works on it; no foreign key: an engine''s row may go first';
COMMENT ON COLUMN collection_runs.commands IS 'commands accepted so far: tells its owner of one that another process took';
COMMENT ON COLUMN collection_runs.recent_pages IS 'one bit for each of the newest pages, the newest lowest: 1 is a failure';
COMMENT ON COLUMN collection_runs.empty_pages IS 'pages in a row that were answered and held nothing';
COMMENT ON COLUMN collection_runs.resume_at IS 'when a paused run asks for one page, to see whether the provider is well';
CREATE INDEX collection_runs_resuming ON collection_runs (resume_at) WHERE resume_at IS NOT NULL;

ALTER TABLE collection_tasks
    ADD COLUMN suspect smallint NOT NULL DEFAULT 0,
    ADD COLUMN job_id text;
COMMENT ON COLUMN collection_tasks.suspect IS 'processes that died while it was on the wire';
COMMENT ON COLUMN collection_tasks.job_id IS 'the vendor''s job for the page at which it stands: paid for, not fetched yet';
