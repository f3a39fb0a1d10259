DROP TABLE exported_sellers;
ALTER TABLE seller_audit_log DROP COLUMN export;
