-- +goose Up

-- The read models of the whole order and billing domain: refunds, arrears, resources, vouchers, gifts, months.
-- Read models that hold no rows yet are of the new versions at once. Those with rows stay of the old ones, and
-- stop until `ledger rebuild` has made them anew: their rows lack what the new columns say.

ALTER TABLE orders
    ADD COLUMN refund_state         text COLLATE "C" NOT NULL DEFAULT 'none',
    ADD COLUMN arrears              boolean NOT NULL DEFAULT false,
    ADD COLUMN approval             text COLLATE "C", -- requested, granted or rejected; NULL: none was needed
    ADD COLUMN imported             boolean NOT NULL DEFAULT false,
    ADD COLUMN placed_by            text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN fulfilment_failed_at timestamptz,      -- while the status is fulfilment_failed
    DROP CONSTRAINT orders_list_amount_check,
    ADD CONSTRAINT orders_list_amount_check CHECK (list_amount BETWEEN -1e15 AND 1e15);
COMMENT ON COLUMN orders.due_at IS 'when the expiry timer may take it, if it is unpaid or awaits approval then; never for arrears';
DROP INDEX orders_due;
CREATE INDEX orders_due ON orders (due_at, org_id, order_id) WHERE status IN ('unpaid', 'awaiting_approval');
CREATE INDEX orders_failed ON orders (fulfilment_failed_at, org_id, order_id) WHERE status = 'fulfilment_failed';
CREATE INDEX orders_arrears ON orders (org_id, created_at, order_id) WHERE arrears;
CREATE INDEX orders_parent ON orders (parent_order_id) WHERE parent_order_id IS NOT NULL;
CREATE INDEX orders_trade ON orders (org_id, trade_no) WHERE trade_no <> '';
COMMENT ON TABLE order_lines IS 'what lists of orders are filtered by in their lines; fulfilment may fill resource ids in';

ALTER TABLE bill_lines
    ADD COLUMN parent_order_id text COLLATE "C", -- the order that this one follows
    ADD COLUMN corrects_order  text COLLATE "C", -- the bill line that this one takes back or sets right …
    ADD COLUMN corrects_line   integer;          -- … is this line of that order
CREATE INDEX bill_lines_parent ON bill_lines (parent_order_id, position, line_no) WHERE parent_order_id IS NOT NULL;
CREATE INDEX bill_lines_corrects ON bill_lines (org_id, billing_period, position, line_no) WHERE corrects_order IS NOT NULL;

-- Cash may lie below 0, as far as the organisation's credit limit allows.
ALTER TABLE accounts
    DROP CONSTRAINT accounts_cash_check,
    ADD CONSTRAINT accounts_cash_check CHECK (cash BETWEEN -1e15 AND 1e15);
ALTER TABLE entries
    DROP CONSTRAINT entries_balance_after_check,
    ADD CONSTRAINT entries_balance_after_check CHECK (balance_after BETWEEN -1e15 AND 1e15);

-- The settings that timers ask for stand in columns, with their defaults filled in. doc has all of them, the closed
-- months and the unsettled ones: domain.Org.
ALTER TABLE orgs
    ADD COLUMN settlement_delay_seconds    bigint NOT NULL DEFAULT 0,
    ADD COLUMN overdue_days                bigint NOT NULL DEFAULT 7,
    ADD COLUMN refund_failed_after_seconds bigint NOT NULL DEFAULT 3600,
    ADD COLUMN closed_through              text COLLATE "C",
    ADD COLUMN doc                         json NOT NULL DEFAULT '{}';
-- So that settings can be read until the rebuild. The owner has no policy on read models, so it lifts them for itself.
ALTER TABLE orgs NO FORCE ROW LEVEL SECURITY;
UPDATE orgs SET doc = json_build_object('org_id', org_id, 'time_zone', time_zone, 'pay_before_seconds', pay_before_seconds,
    'closed_through', NULL, 'updated_at', 'epoch'::timestamptz, 'version', version, 'position', position);
ALTER TABLE orgs FORCE ROW LEVEL SECURITY;
COMMENT ON COLUMN orgs.version IS 'of its stream; 0 where it has none';

-- Months that are closed. A month that is not here is open.
CREATE TABLE periods (
    org_id          text COLLATE "C" NOT NULL,
    period          text COLLATE "C" NOT NULL,
    state           text COLLATE "C" NOT NULL CHECK (state IN ('closing', 'closed')),
    closed_position bigint NOT NULL, -- of the event that closed it: its bill is what was posted before
    closed_at       timestamptz NOT NULL,
    closed_by       text NOT NULL,
    sealed_position bigint,          -- of the event that fixed totals and digest
    sealed_at       timestamptz,
    lines           bigint,
    totals          json,
    digest          text COLLATE "C",
    PRIMARY KEY (org_id, period)
);
CREATE INDEX periods_closing ON periods (closed_position) WHERE state = 'closing';

-- Resources, and when timers have to look at them. A closed one has none of these times.
CREATE TABLE resources (
    org_id        text COLLATE "C" NOT NULL,
    resource_id   text COLLATE "C" NOT NULL,
    status        text COLLATE "C" NOT NULL,
    resource_name text COLLATE "C" NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    products      jsonb NOT NULL,       -- the product codes of its terms
    project_id    text COLLATE "C" NOT NULL,
    consumer_id   text COLLATE "C" NOT NULL,
    region        text COLLATE "C" NOT NULL,
    currency      text COLLATE "C" NOT NULL,
    lease_end     timestamptz NOT NULL, -- the earliest end of a prepaid term; infinity: it has none
    auto_renew    boolean NOT NULL,
    renew_at      timestamptz,          -- when it is to be renewed by itself; NULL: never, or that was tried
    settle_at     timestamptz,          -- the end of the first cycle with use that is not settled
    overdue_at    timestamptz,          -- when the next day after its leases begins that is to be charged,
    overdue_ended timestamptz,          -- as long as it is one of the days after this end, the last before it; then
    overdue_later timestamptz,          -- it begins here, at the end of the next lease
    opened_at     timestamptz NOT NULL,
    closed_at     timestamptz,
    version       bigint NOT NULL,
    position      bigint NOT NULL,
    doc           json NOT NULL,        -- domain.Resource
    PRIMARY KEY (org_id, resource_id)
);
CREATE INDEX resources_lease ON resources (org_id, lease_end, resource_id);
CREATE INDEX resources_renew ON resources (renew_at, org_id, resource_id) WHERE renew_at IS NOT NULL;
CREATE INDEX resources_settle ON resources (settle_at, org_id, resource_id) WHERE settle_at IS NOT NULL;
CREATE INDEX resources_overdue ON resources (overdue_at, org_id, resource_id) WHERE overdue_at IS NOT NULL;
CREATE INDEX resources_overdue_later ON resources (overdue_later, org_id, resource_id) WHERE overdue_later IS NOT NULL;

-- Vouchers and gifts, also those that are used up or lapsed. What state one is in depends on the time of asking.
CREATE TABLE vouchers (
    org_id        text COLLATE "C" NOT NULL,
    voucher_id    text COLLATE "C" NOT NULL,
    currency      text COLLATE "C" NOT NULL,
    amount        numeric NOT NULL CHECK (amount BETWEEN 0 AND 1e15),
    left_amount   numeric NOT NULL CHECK (left_amount BETWEEN 0 AND amount),
    lapsed_amount numeric NOT NULL CHECK (lapsed_amount BETWEEN 0 AND 1e15),
    valid_from    timestamptz,
    valid_to      timestamptz,
    issued_at     timestamptz NOT NULL,
    issued_by     text NOT NULL,
    position      bigint NOT NULL, -- of the last event that moved it
    doc           json NOT NULL,   -- domain.Voucher
    PRIMARY KEY (org_id, voucher_id)
);
CREATE INDEX vouchers_lapse ON vouchers (valid_to) WHERE left_amount > 0;
CREATE INDEX vouchers_issued ON vouchers (org_id, issued_at, voucher_id);

CREATE TABLE gifts (
    org_id        text COLLATE "C" NOT NULL,
    grant_id      text COLLATE "C" NOT NULL,
    currency      text COLLATE "C" NOT NULL,
    amount        numeric NOT NULL CHECK (amount BETWEEN 0 AND 1e15),
    left_amount   numeric NOT NULL CHECK (left_amount BETWEEN 0 AND amount),
    lapsed_amount numeric NOT NULL CHECK (lapsed_amount BETWEEN 0 AND 1e15),
    expires_at    timestamptz,
    reason        text NOT NULL,
    granted_at    timestamptz NOT NULL,
    granted_by    text NOT NULL,
    position      bigint NOT NULL, -- of the last event that moved it
    PRIMARY KEY (org_id, grant_id)
);
CREATE INDEX gifts_lapse ON gifts (expires_at) WHERE left_amount > 0;
CREATE INDEX gifts_granted ON gifts (org_id, granted_at, grant_id);

SELECT protect_read_model(t)
FROM unnest(ARRAY['periods', 'resources', 'vouchers', 'gifts']::regclass[]) AS t;

UPDATE projections SET version = 2 WHERE name IN ('orders', 'bill_lines', 'accounts', 'orgs') AND position = 0;
INSERT INTO projections (name, version, position, hash, state)
SELECT name, 1, 0, decode(repeat('00', 32), 'hex'), 'running'
FROM unnest(ARRAY['resources', 'vouchers']) AS name;
