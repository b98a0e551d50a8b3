-- +goose Up

-- What bills and charts show, summed as lines come, some thousands of events at a time: adding a month up when somebody
-- looks takes as long as it has lines.
-- The read model bill_lines is of version 3 with it. Where it holds rows already it stands still until
-- `ledger rebuild bill_lines` has made it anew.
CREATE TABLE bill_sums (
    org_id         text COLLATE "C" NOT NULL, -- '*' is all organisations together
    dimension      text COLLATE "C" NOT NULL, -- product, region, project, consumer, charge_mode, tag:KEY; '' for the whole
    billing_period text COLLATE "C" NOT NULL,
    key            text COLLATE "C" NOT NULL, -- the product, region … of the lines
    currency       text COLLATE "C" NOT NULL,
    label          text NOT NULL,             -- of a product: its name, as the latest line has it
    amount         numeric NOT NULL CHECK (amount = cash + gift + voucher),
    cash           numeric NOT NULL,
    gift           numeric NOT NULL,
    voucher        numeric NOT NULL,
    lines          bigint NOT NULL CHECK (lines > 0),
    position       bigint NOT NULL,           -- of the event that posted the latest line
    PRIMARY KEY (org_id, dimension, billing_period, key, currency)
) WITH (fillfactor = 70); -- the same rows are written again and again: there is room for the next version beside them
SELECT protect_read_model('bill_sums');
ALTER TABLE bill_lines ADD COLUMN product_name text NOT NULL DEFAULT '';
UPDATE projections SET version = 3 WHERE name = 'bill_lines' AND position = 0;
-- A month's lines of all organisations together.
CREATE INDEX bill_lines_period ON bill_lines (billing_period, position, line_no);

-- Unpaid orders by the time that is left, of one organisation and of all.
CREATE INDEX orders_deadline ON orders (org_id, pay_before, order_id) WHERE status = 'unpaid' AND pay_before IS NOT NULL;
CREATE INDEX orders_deadline_all ON orders (pay_before, order_id) WHERE status = 'unpaid' AND pay_before IS NOT NULL;

-- The dearest orders, of all organisations and of one, whose entries are told apart within the index.
CREATE INDEX orders_amount ON orders (payable_amount, order_id, org_id);

-- A trade number, a resource and a voucher are found without knowing whose they are.
DROP INDEX orders_trade;
CREATE INDEX orders_trade ON orders (trade_no, org_id, created_at, order_id) WHERE trade_no <> '';
CREATE INDEX resources_id ON resources (resource_id, org_id);
CREATE INDEX vouchers_id ON vouchers (voucher_id, org_id);

-- Statements by order, and by what is rare in them. Charges, and cash, are nearly all there is, and are found without.
CREATE INDEX entries_order ON entries (order_id, position, fund) WHERE order_id IS NOT NULL;
CREATE INDEX entries_type ON entries (org_id, type, position, fund) WHERE type <> 'charge';
CREATE INDEX entries_fund ON entries (org_id, fund, position) WHERE fund <> 'cash';
CREATE INDEX entries_at ON entries (org_id, at, position, fund);

-- Resources of all organisations by the end of their leases: lists of them, and how many end soon.
CREATE INDEX resources_lease_all ON resources (lease_end, resource_id, org_id);
