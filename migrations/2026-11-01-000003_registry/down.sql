DROP TABLE seller_audit_log;
DROP TABLE run_sellers;
DROP TABLE sellers;
