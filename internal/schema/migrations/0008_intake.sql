-- +goose Up

-- Services that send commands over NATS. The broker holds each to its own name; here stands what the name may do.
CREATE TABLE services (
    name       text COLLATE "C" NOT NULL PRIMARY KEY CHECK (name ~ '^[a-z0-9-]{1,32}$'),
    org_id     text COLLATE "C", -- null: all organisations
    role       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    revoked_at timestamptz
);

-- Refusals of commands from the queue: a message that comes again is refused as before, whatever has changed since; only
-- a new message is decided again. A queue that is made anew counts from 1 again, and is told apart by when it was made.
CREATE TABLE intake_refusals (
    stream_created timestamptz NOT NULL,
    sequence       bigint NOT NULL,
    service        text COLLATE "C" NOT NULL,
    command_key    text COLLATE "C" NOT NULL,
    org_id         text COLLATE "C" NOT NULL, -- '' where it is not known
    code           text NOT NULL,
    detail         text NOT NULL,
    refused_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream_created, sequence)
);
CREATE INDEX intake_refusals_age ON intake_refusals (refused_at);

GRANT SELECT, INSERT, UPDATE ON services TO ledger_app;
GRANT SELECT, INSERT, DELETE ON intake_refusals TO ledger_app;

ALTER TABLE services ENABLE ROW LEVEL SECURITY;
ALTER TABLE services FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON services TO ledger_app USING (true) WITH CHECK (true);
ALTER TABLE intake_refusals ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake_refusals FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON intake_refusals TO ledger_app USING (true) WITH CHECK (true);
