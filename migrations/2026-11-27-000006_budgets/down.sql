ALTER TABLE collection_runs
    DROP COLUMN granted_month,
    DROP COLUMN granted;
DROP TABLE org_months;
