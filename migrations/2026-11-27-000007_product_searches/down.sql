DROP TABLE product_searches;
ALTER TABLE collection_runs DROP COLUMN searched_as;
