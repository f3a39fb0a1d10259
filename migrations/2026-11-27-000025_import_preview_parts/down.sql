-- What was imported stays told. A file that was not is looked at again: it was kept for an hour at most.

DROP TABLE import_preview_parts;
CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM import_previews WHERE committed_at IS NOT NULL;
DROP TABLE import_previews;
CREATE TABLE import_previews (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    taken bytea NOT NULL,
    bad_count integer NOT NULL,
    committed_at timestamptz,
    entry_id uuid,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, entry_id) REFERENCES seller_audit_log (org_id, id) ON DELETE CASCADE,
    CHECK (entry_id IS NULL OR committed_at IS NOT NULL)
);
CREATE INDEX import_previews_over ON import_previews (expires_at);
COMMENT ON COLUMN import_previews.taken IS 'the sellers of the file that can be entered, as JSON; empty once they are';
COMMENT ON COLUMN import_previews.entry_id IS 'the entry of the history that entered them; none where there was nothing to enter';
INSERT INTO import_previews (org_id, id, created_at, expires_at, taken, bad_count, committed_at, entry_id)
    SELECT org_id, id, created_at, expires_at, '', bad_count, committed_at, entry_id FROM kept;
