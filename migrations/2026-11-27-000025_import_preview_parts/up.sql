-- The sellers of a file lie in parts, each written and read by a statement of its own: what takes longer the longer a file is
-- would be ended by the bound on statements.

CREATE TABLE import_preview_parts (
    org_id uuid NOT NULL,
    preview_id uuid NOT NULL,
    part_no integer NOT NULL CHECK (part_no >= 1),
    sellers bytea NOT NULL,
    PRIMARY KEY (org_id, preview_id, part_no),
    FOREIGN KEY (org_id, preview_id) REFERENCES import_previews (org_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE import_preview_parts IS 'the sellers of a file that can be entered; none once they are';
COMMENT ON COLUMN import_preview_parts.sellers IS 'a list as JSON, in the order of the file';
INSERT INTO import_preview_parts (org_id, preview_id, part_no, sellers)
    SELECT org_id, id, 1, taken FROM import_previews WHERE committed_at IS NULL;
ALTER TABLE import_previews DROP COLUMN taken;
