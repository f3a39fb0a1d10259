-- Which provider a run asks, so that no other goes on with it.

ALTER TABLE collection_runs ADD COLUMN provider text;
COMMENT ON COLUMN collection_runs.provider IS 'the provider that it asks, from its first start on';
