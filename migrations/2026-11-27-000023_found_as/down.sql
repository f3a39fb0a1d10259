DROP INDEX seller_audit_log_closed, seller_audit_log_newest, seller_audit_log_newest_by_action;
CREATE INDEX seller_audit_log_newest ON seller_audit_log (org_id, created_at DESC, id DESC);
CREATE INDEX seller_audit_log_newest_by_action ON seller_audit_log (org_id, action, created_at DESC, id DESC);
DROP INDEX sellers_arrived, sellers_arriving;
CREATE UNIQUE INDEX sellers_arrived ON sellers (org_id, arrival) WHERE arrival IS NOT NULL;
CREATE INDEX sellers_arriving ON sellers (org_id, id) WHERE arrival IS NULL;
DROP INDEX sellers_removed, sellers_removed_search, sellers_removed_identity, sellers_called, sellers_standing;
-- Without the column a seller is found by what it is called: so it is called again what it is found as.
UPDATE sellers SET normalised_name = found_as, found_as = NULL WHERE found_as IS NOT NULL;
ALTER TABLE sellers DROP COLUMN found_as;
COMMENT ON COLUMN sellers.normalised_name IS NULL;
CREATE UNIQUE INDEX sellers_standing ON sellers (org_id, platform, normalised_name) WHERE removed_at IS NULL;
