-- What people call a seller and the name under which runs find it are two things; and lists of those who are not in the
-- registry, of new ones, and of the history in the order in which it happened.

-- A run that finds a renamed seller again would enter it a second time, did its account's name not stay with its row.
ALTER TABLE sellers
    ADD COLUMN found_as text COLLATE "C",
    ADD CONSTRAINT sellers_found_as_check CHECK (found_as <> normalised_name);
COMMENT ON COLUMN sellers.normalised_name IS 'what people call it, normalised: what is searched and sorted by';
COMMENT ON COLUMN sellers.found_as IS
    'the normalised name under which runs find it, where people call it by another one; its identity is coalesce(found_as, normalised_name)';
DROP INDEX sellers_standing;
CREATE UNIQUE INDEX sellers_standing ON sellers (org_id, platform, (coalesce(found_as, normalised_name)))
    WHERE removed_at IS NULL;
-- The few who are called otherwise than they are found.
CREATE INDEX sellers_called ON sellers (org_id, platform, normalised_name)
    WHERE found_as IS NOT NULL AND removed_at IS NULL;

-- Removed sellers by name, by a part of it, and by their identity: none of these is touched by a seller that comes in.
CREATE INDEX sellers_removed ON sellers (org_id, normalised_name, id)
    INCLUDE (status, flagged, feedback_tenths, times_seen, first_seen_at) WHERE removed_at IS NOT NULL;
CREATE INDEX sellers_removed_search ON sellers USING gin (normalised_name gin_trgm_ops)
    WITH (gin_pending_list_limit = 256) WHERE removed_at IS NOT NULL;
CREATE INDEX sellers_removed_identity ON sellers (org_id, platform, (coalesce(found_as, normalised_name)), id)
    WHERE removed_at IS NOT NULL;

-- Whoever asks for new sellers does not pass by those that are gone again, and those get no numbers.
DROP INDEX sellers_arrived, sellers_arriving;
CREATE UNIQUE INDEX sellers_arrived ON sellers (org_id, arrival) WHERE arrival IS NOT NULL AND removed_at IS NULL;
CREATE INDEX sellers_arriving ON sellers (org_id, id) WHERE arrival IS NULL AND removed_at IS NULL;

-- Entries in the order of their changes, so that counts add up down the page; those that are not complete are the newest.
-- Of entries at one change, which all count the same sellers, the one that was complete last comes first.
DROP INDEX seller_audit_log_newest, seller_audit_log_newest_by_action;
CREATE INDEX seller_audit_log_newest ON seller_audit_log
    (org_id, (coalesce(change_no, 9223372036854775807)) DESC, (coalesce(closed_at, created_at)) DESC, id DESC);
CREATE INDEX seller_audit_log_newest_by_action ON seller_audit_log
    (org_id, action, (coalesce(change_no, 9223372036854775807)) DESC, (coalesce(closed_at, created_at)) DESC, id DESC);
-- Which changes lie in a span of time, and how many sellers there were at a moment: what the newest entry says that was
-- complete by then.
CREATE INDEX seller_audit_log_closed ON seller_audit_log (org_id, closed_at, change_no) INCLUDE (seller_count_snapshot);
