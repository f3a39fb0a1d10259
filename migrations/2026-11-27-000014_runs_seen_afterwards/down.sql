DROP TABLE run_metrics;
DROP TABLE run_removals;
DROP INDEX collection_runs_ended_first;
DROP INDEX collection_runs_ended;
ALTER TABLE collection_tasks DROP COLUMN empties;
