-- Who is told what happens: webhooks and e-mail, what is to be sent to them, and which sellers are new.

CREATE TABLE webhooks (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    form text NOT NULL CHECK (form IN ('generic', 'chat', 'email')),
    url text,
    recipients text[] NOT NULL DEFAULT '{}',
    events text[] NOT NULL,
    secret bytea NOT NULL CHECK (octet_length(secret) = 32),
    enabled boolean NOT NULL,
    failing_since timestamptz,
    switched_off text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    CHECK ((form = 'email') = (url IS NULL)),
    CHECK ((form = 'email') = (cardinality(recipients) > 0))
);
COMMENT ON COLUMN webhooks.secret IS 'as it is: a signature is made with it';
COMMENT ON COLUMN webhooks.failing_since IS 'when the first of the deliveries failed since which none arrived';
COMMENT ON COLUMN webhooks.switched_off IS 'why it was switched off without anybody asking for it';

CREATE TABLE notices (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    event text NOT NULL,
    facts jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX notices_oldest ON notices (created_at);
COMMENT ON TABLE notices IS
    'written with the fact that it tells of, removed when each webhook that asked for it has its delivery';

CREATE TABLE webhook_deliveries (
    org_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    id uuid NOT NULL,
    event text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    queued_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    last_attempt_at timestamptz,
    last_status integer,
    last_error text,
    delivered_at timestamptz,
    given_up_at timestamptz,
    PRIMARY KEY (org_id, webhook_id, id),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN webhook_deliveries.body IS 'the text that is sent, byte for byte: what was signed';
COMMENT ON COLUMN webhook_deliveries.queued_at IS 'since when it is tried: its creation, or when somebody sent it again';
COMMENT ON COLUMN webhook_deliveries.next_attempt_at IS
    'when it is due; while somebody sends it, when another may take it over; nothing once it arrived or was given up';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_deliveries_oldest ON webhook_deliveries (created_at);

-- Sellers are numbered per organisation after they were committed, so that the numbers are the order in which others
-- could see them.
ALTER TABLE sellers ADD COLUMN arrival bigint;
COMMENT ON COLUMN sellers.arrival IS 'its place among the sellers in the order in which they came to be seen; given after its commit';
UPDATE sellers AS s SET arrival = n.arrival
FROM (SELECT org_id, id, row_number() OVER (PARTITION BY org_id ORDER BY first_seen_at, id) AS arrival FROM sellers) AS n
WHERE s.org_id = n.org_id AND s.id = n.id;
CREATE UNIQUE INDEX sellers_arrived ON sellers (org_id, arrival) WHERE arrival IS NOT NULL;
CREATE INDEX sellers_arriving ON sellers (org_id, id) WHERE arrival IS NULL;

ALTER TABLE orgs ADD COLUMN sellers_arrived bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN orgs.sellers_arrived IS 'the newest number of a seller''s arrival; its row lock lets one at a time give them';
UPDATE orgs AS o SET sellers_arrived = (SELECT count(*) FROM sellers AS s WHERE s.org_id = o.id);

ALTER TABLE org_months ADD COLUMN near_told boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN org_months.near_told IS 'that most of its budget is drawn was told, once';

-- Says also how many requests the run may send, so that the group which nears that can tell.
DROP FUNCTION hold_run(uuid, uuid, bigint, bigint);
CREATE FUNCTION hold_run(
    org uuid, run uuid, fence_held bigint, group_sent bigint,
    OUT needs_price boolean, OUT under_way boolean, OUT request_budget bigint
) LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    SELECT fence, group_no, status, coalesce(settings -> 'price_window', 'null') <> 'null' AS price,
            CASE WHEN jsonb_typeof(settings -> 'request_budget') = 'number'
                THEN trunc(least((settings ->> 'request_budget')::numeric, 1e18))::bigint END AS budget
        INTO held FROM collection_runs WHERE org_id = org AND id = run FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run_missing';
    ELSIF held.fence <> fence_held THEN
        RAISE EXCEPTION 'fence_lost';
    ELSIF held.group_no = group_sent THEN
        RAISE EXCEPTION 'group_kept';
    ELSIF held.group_no <> group_sent - 1 THEN
        RAISE EXCEPTION 'group_out_of_order: % was sent after %', group_sent, held.group_no;
    END IF;
    needs_price := held.price;
    under_way := held.status = 'running';
    request_budget := held.budget;
END
$$;
