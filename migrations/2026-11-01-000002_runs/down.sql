DROP FUNCTION hold_run(uuid, uuid, bigint, bigint);
DROP TABLE run_events;
DROP TABLE collection_item_categories;
DROP TABLE collection_tasks;
DROP TABLE collection_items;
DROP TABLE api_tokens;
DROP TABLE collection_runs;
