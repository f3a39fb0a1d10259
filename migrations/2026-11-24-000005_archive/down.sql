DELETE FROM seller_audit_log WHERE action = 'reparse';
ALTER TABLE seller_audit_log
    DROP CONSTRAINT seller_audit_log_action_check,
    ADD CONSTRAINT seller_audit_log_action_check CHECK (action IN ('collection_run'));
DROP TABLE raw_pages;
DROP TABLE raw_bodies;
