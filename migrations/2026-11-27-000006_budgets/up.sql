-- What an organisation spends in a month.

CREATE TABLE org_months (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    requests bigint NOT NULL CHECK (requests >= 0),
    PRIMARY KEY (org_id, month)
);
COMMENT ON COLUMN org_months.month IS 'its first day, in UTC';
COMMENT ON COLUMN org_months.requests IS 'requests that runs have drawn; what they do not send is given back';

ALTER TABLE collection_runs
    ADD COLUMN granted bigint,
    ADD COLUMN granted_month date,
    ADD CHECK ((granted IS NULL) = (granted_month IS NULL));
COMMENT ON COLUMN collection_runs.granted IS
    'requests that it may have sent in all: what lies above those that it has sent is drawn and not used';
COMMENT ON COLUMN collection_runs.granted_month IS 'the month that they were drawn of';
