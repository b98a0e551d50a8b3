-- +goose Up

-- Read models: what the log folds to, for reading. All of it can be made anew from the log.

-- How far each read model has got. Its rows and this row change in one transaction; the old position
-- in that update's WHERE is the fencing token between workers.
CREATE TABLE projections (
    name       text COLLATE "C" NOT NULL PRIMARY KEY,
    version    integer NOT NULL,
    position   bigint NOT NULL CHECK (position >= 0),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    state      text NOT NULL CHECK (state IN ('running', 'stopped', 'building')),
    error      text,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0);

INSERT INTO projections (name, version, position, hash, state)
SELECT name, 1, 0, decode(repeat('00', 32), 'hex'), 'running'
FROM unnest(ARRAY['orders', 'bill_lines', 'accounts', 'orgs']) AS name;

-- Ranges of amounts are written as BETWEEN: 'NaN'::numeric >= 0 is true, but NaN lies above every bound.
-- doc is json, not jsonb: it is answered as it stands, and keeps the order of its fields.
CREATE TABLE orders (
    order_id        text COLLATE "C" NOT NULL PRIMARY KEY,
    org_id          text COLLATE "C" NOT NULL,
    created_at      timestamptz NOT NULL,
    status          text COLLATE "C" NOT NULL,
    order_type      text COLLATE "C" NOT NULL,
    currency        text COLLATE "C" NOT NULL,
    project_id      text COLLATE "C" NOT NULL,
    consumer_id     text COLLATE "C" NOT NULL,
    business_group  text COLLATE "C" NOT NULL,
    trade_no        text COLLATE "C" NOT NULL,
    parent_order_id text COLLATE "C",
    list_amount     numeric NOT NULL CHECK (list_amount BETWEEN 0 AND 1e15),
    payable_amount  numeric NOT NULL CHECK (payable_amount BETWEEN -1e15 AND 1e15),
    pay_before      timestamptz,
    paid_at         timestamptz,
    billing_period  text COLLATE "C",
    tags            jsonb NOT NULL,
    recorded_at     timestamptz NOT NULL, -- of its placing; created_at is when that happened
    due_at          timestamptz,          -- when the expiry timer may take it, if it is unpaid then
    version         bigint NOT NULL,
    position        bigint NOT NULL,
    doc             json NOT NULL
);
-- Tags have no index: the operators of jsonb are not leakproof, so row-level security keeps readers from using
-- one. Tags are looked at in the rows that the other filters leave.
CREATE INDEX orders_org_created ON orders (org_id, created_at, order_id);
CREATE INDEX orders_org_status ON orders (org_id, status, created_at, order_id);
CREATE INDEX orders_created ON orders (created_at, order_id);
CREATE INDEX orders_due ON orders (due_at) WHERE status = 'unpaid';

-- What lists of orders are filtered by in their lines. Lines never change.
CREATE TABLE order_lines (
    order_id      text COLLATE "C" NOT NULL,
    line_no       integer NOT NULL,
    org_id        text COLLATE "C" NOT NULL,
    created_at    timestamptz NOT NULL,
    product_code  text COLLATE "C" NOT NULL,
    product_name  text COLLATE "C" NOT NULL,
    resource_id   text COLLATE "C" NOT NULL,
    resource_name text COLLATE "C" NOT NULL,
    region        text COLLATE "C" NOT NULL,
    charge_mode   text COLLATE "C" NOT NULL,
    PRIMARY KEY (order_id, line_no)
);
CREATE INDEX order_lines_product ON order_lines (org_id, product_code, created_at, order_id);
CREATE INDEX order_lines_resource ON order_lines (resource_id, org_id, created_at, order_id);

CREATE TABLE bill_lines (
    order_id         text COLLATE "C" NOT NULL,
    line_no          integer NOT NULL,
    org_id           text COLLATE "C" NOT NULL,
    position         bigint NOT NULL, -- of the event that paid the order
    billing_period   text COLLATE "C" NOT NULL,
    created_period   text COLLATE "C" NOT NULL,
    order_created_at timestamptz NOT NULL,
    order_type       text COLLATE "C" NOT NULL,
    order_status     text COLLATE "C" NOT NULL,
    currency         text COLLATE "C" NOT NULL,
    project_id       text COLLATE "C" NOT NULL,
    consumer_id      text COLLATE "C" NOT NULL,
    business_group   text COLLATE "C" NOT NULL,
    product_code     text COLLATE "C" NOT NULL,
    resource_id      text COLLATE "C" NOT NULL,
    resource_name    text COLLATE "C" NOT NULL,
    region           text COLLATE "C" NOT NULL,
    charge_mode      text COLLATE "C" NOT NULL,
    list_amount      numeric NOT NULL CHECK (list_amount BETWEEN -1e15 AND 1e15),
    discount_amount  numeric NOT NULL CHECK (discount_amount BETWEEN -1e15 AND 1e15),
    cash             numeric NOT NULL CHECK (cash BETWEEN -1e15 AND 1e15),
    gift             numeric NOT NULL CHECK (gift BETWEEN -1e15 AND 1e15),
    voucher          numeric NOT NULL CHECK (voucher BETWEEN -1e15 AND 1e15),
    amount           numeric NOT NULL CHECK (amount = cash + gift + voucher),
    tags             jsonb NOT NULL,
    doc              json NOT NULL,
    PRIMARY KEY (order_id, line_no)
);
CREATE INDEX bill_lines_org_period ON bill_lines (org_id, billing_period, position, line_no);
CREATE INDEX bill_lines_org ON bill_lines (org_id, position, line_no);
CREATE UNIQUE INDEX bill_lines_position ON bill_lines (position, line_no);

-- Each organisation's zone as of the bill lines' position: it says which month an order was created in.
CREATE TABLE bill_zones (
    org_id    text COLLATE "C" NOT NULL PRIMARY KEY,
    time_zone text NOT NULL
);

CREATE TABLE accounts (
    org_id   text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    cash     numeric NOT NULL CHECK (cash BETWEEN 0 AND 1e15),
    gift     numeric NOT NULL CHECK (gift BETWEEN 0 AND 1e15),
    voucher  numeric NOT NULL CHECK (voucher BETWEEN 0 AND 1e15),
    frozen   numeric NOT NULL CHECK (frozen BETWEEN 0 AND 1e15),
    position bigint NOT NULL,
    PRIMARY KEY (org_id, currency)
);

-- The statement: one row for each fund that an event moved.
CREATE TABLE entries (
    position      bigint NOT NULL,
    fund          text COLLATE "C" NOT NULL,
    org_id        text COLLATE "C" NOT NULL,
    at            timestamptz NOT NULL,
    type          text COLLATE "C" NOT NULL,
    currency      text COLLATE "C" NOT NULL,
    amount        numeric NOT NULL CHECK (amount BETWEEN -1e15 AND 1e15),
    balance_after numeric NOT NULL CHECK (balance_after BETWEEN 0 AND 1e15),
    order_id      text COLLATE "C",
    reference     text,
    PRIMARY KEY (position, fund)
);
CREATE INDEX entries_org ON entries (org_id, position, fund);

-- An organisation exists from its first event.
CREATE TABLE orgs (
    org_id             text COLLATE "C" NOT NULL PRIMARY KEY,
    time_zone          text NOT NULL,
    pay_before_seconds bigint NOT NULL,
    version            bigint NOT NULL, -- of its settings; 0 where it never changed any
    position           bigint NOT NULL,
    first_position     bigint NOT NULL
);

-- protect_read_model gives a table of read models its tenants' policies and its grants. A rebuilt table gets
-- them from here too. The reader's condition is a CASE, which the planner takes for true of every second row; an
-- OR it takes for true of one in a hundred, and then sorts a whole organisation for a page of fifty.
-- +goose StatementBegin
CREATE FUNCTION protect_read_model(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY app ON %s FOR SELECT TO ledger_app USING (true)', t);
    EXECUTE format('CREATE POLICY projector ON %s TO ledger_projector USING (true) WITH CHECK (true)', t);
    EXECUTE format($p$CREATE POLICY reader ON %s FOR SELECT TO ledger_reader
        USING (CASE current_setting('ledger.org', true) WHEN '*' THEN true ELSE org_id = current_setting('ledger.org', true) END)$p$, t);
    EXECUTE format('GRANT SELECT ON %s TO ledger_app, ledger_reader', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO ledger_projector', t);
END $$;
-- +goose StatementEnd
SELECT protect_read_model(t)
FROM unnest(ARRAY['orders', 'order_lines', 'bill_lines', 'bill_zones', 'accounts', 'entries', 'orgs']::regclass[]) AS t;

GRANT SELECT ON projections TO ledger_app, ledger_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON projections TO ledger_projector;

-- Read models are made anew in a schema beside the live one, under the same names.
CREATE SCHEMA rebuild;
GRANT USAGE ON SCHEMA rebuild TO ledger_projector;
