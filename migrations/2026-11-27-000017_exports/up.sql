-- Which sellers left with an export. Where all did, the registry at the entry says so; what was chosen is kept here.

ALTER TABLE seller_audit_log ADD COLUMN export jsonb;
COMMENT ON COLUMN seller_audit_log.export IS
    'what was asked for, of an export: the part of the registry, the form of the file and its columns';

CREATE TABLE exported_sellers (
    org_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    first_place bigint NOT NULL,
    seller_ids uuid[] NOT NULL,
    PRIMARY KEY (org_id, entry_id, first_place),
    FOREIGN KEY (org_id, entry_id) REFERENCES seller_audit_log (org_id, id) ON DELETE CASCADE,
    CHECK (cardinality(seller_ids) BETWEEN 1 AND 1000)
);
COMMENT ON TABLE exported_sellers IS
    'sellers in the order of their file, a thousand in a row: their rows are never removed, and a key for each would cost more than the seller';
COMMENT ON COLUMN exported_sellers.first_place IS 'the place in the file of the first of them, from 1';
