-- +goose Up

-- Deadlines of fulfilment, and resources that are to be released. The read models orders and orgs are of version 3, resources
-- of version 2 with it. Those that hold rows already stand still until `ledger rebuild` has made them anew.

ALTER TABLE orders
    ADD COLUMN awaits_since timestamptz, -- when it was paid, while no service has reported that what was bought is there
    ADD COLUMN overdue      boolean NOT NULL DEFAULT false; -- it is known that it awaits that for too long
CREATE INDEX orders_awaiting ON orders (awaits_since, org_id, order_id) WHERE awaits_since IS NOT NULL AND NOT overdue;
CREATE INDEX orders_awaiting_org ON orders (org_id, awaits_since, order_id) WHERE awaits_since IS NOT NULL;
CREATE INDEX orders_overdue ON orders (org_id, created_at, order_id) WHERE overdue;
CREATE INDEX orders_arrears_age ON orders (created_at, org_id, order_id) WHERE arrears;

-- An order that was refunded in part may fail, too.
DROP INDEX orders_failed;
CREATE INDEX orders_failed ON orders (fulfilment_failed_at, org_id, order_id) WHERE fulfilment_failed_at IS NOT NULL;
COMMENT ON COLUMN orders.fulfilment_failed_at IS 'while the last report of its fulfilment is that it failed, and money is left';

ALTER TABLE orgs
    ADD COLUMN fulfil_within_seconds            bigint NOT NULL DEFAULT 86400,  -- 0: no deadline
    ADD COLUMN refund_unfulfilled_after_seconds bigint NOT NULL DEFAULT 0,      -- 0: never
    ADD COLUMN release_after_seconds            bigint NOT NULL DEFAULT 604800; -- 0: never
CREATE INDEX orgs_unfulfilled ON orgs (org_id) WHERE refund_unfulfilled_after_seconds > 0;

ALTER TABLE resources
    ADD COLUMN release_leased timestamptz, -- the last end of a lease, and of what is free, of a resource that is to be released
    ADD COLUMN release_free   timestamptz, -- after them; NULL: some has no end, or that was said
    ADD COLUMN releasing      boolean NOT NULL DEFAULT false, -- it is said that the resource is to be released,
    ADD COLUMN release_over   boolean NOT NULL DEFAULT false, -- because its time was over, and it has time again
    ADD COLUMN released_for   text COLLATE "C";               -- because of this settlement, which waited too long
CREATE INDEX resources_release ON resources (greatest(release_leased, release_free), org_id, resource_id)
    WHERE greatest(release_leased, release_free) IS NOT NULL;
CREATE INDEX resources_withdraw ON resources (opened_at, org_id, resource_id) WHERE release_over OR released_for IS NOT NULL;
CREATE INDEX resources_releasing ON resources (org_id, lease_end, resource_id) WHERE releasing;

UPDATE projections SET version = 3 WHERE name IN ('orders', 'orgs') AND position = 0;
UPDATE projections SET version = 2 WHERE name = 'resources' AND position = 0;
