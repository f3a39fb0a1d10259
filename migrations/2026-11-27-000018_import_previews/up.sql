-- Files of sellers that were looked at, kept until they are imported or their hour is over.

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
