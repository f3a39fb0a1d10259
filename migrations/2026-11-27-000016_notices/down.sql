DROP FUNCTION hold_run(uuid, uuid, bigint, bigint);
CREATE FUNCTION hold_run(
    org uuid, run uuid, fence_held bigint, group_sent bigint, OUT needs_price boolean, OUT under_way boolean
) LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    SELECT fence, group_no, status, coalesce(settings -> 'price_window', 'null') <> 'null' AS price
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
END
$$;

ALTER TABLE org_months DROP COLUMN near_told;
ALTER TABLE orgs DROP COLUMN sellers_arrived;
ALTER TABLE sellers DROP COLUMN arrival;
DROP TABLE webhook_deliveries;
DROP TABLE notices;
DROP TABLE webhooks;
