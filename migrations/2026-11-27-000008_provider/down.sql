ALTER TABLE collection_runs DROP COLUMN provider;
