-- What an organisation has searched lately and need not pay for again.

ALTER TABLE collection_runs ADD COLUMN searched_as text NOT NULL DEFAULT '';
COMMENT ON COLUMN collection_runs.searched_as IS 'its settings as far as they decide what a search finds';

CREATE TABLE product_searches (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    external_id text NOT NULL,
    searched_as text NOT NULL,
    searched_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, external_id, searched_as)
) WITH (fillfactor = 80);
COMMENT ON TABLE product_searches IS
    'when each product was last searched to its end with these settings, by whatever run: one row, however often';
