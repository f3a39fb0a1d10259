-- Who there is, who may come in, and what can be chosen.

CREATE TABLE orgs (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    runs_made integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN orgs.runs_made IS 'the number of the newest run; its row lock also counts running runs';

-- The catalogue is the marketplace's, not an organisation's.
CREATE TABLE amazon_categories (
    id text PRIMARY KEY,
    node_id text NOT NULL,
    name text NOT NULL,
    department text NOT NULL,
    place integer NOT NULL
);
COMMENT ON COLUMN amazon_categories.id IS 'what commands and the API call it; never changes';
COMMENT ON COLUMN amazon_categories.place IS 'the order in which the provider lists them';
