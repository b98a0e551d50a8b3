-- +goose Up

-- Where events are posted to, for organisations without NATS. The secrets stand in clear: signing needs them.
CREATE TABLE webhook_endpoints (
    endpoint_id     text COLLATE "C" NOT NULL PRIMARY KEY,
    org_id          text COLLATE "C" NOT NULL,
    url             text NOT NULL,
    types           text[] NOT NULL, -- none: all
    description     text NOT NULL,
    secret          bytea, -- null once it is deleted
    previous_secret bytea, -- signs too, until then
    previous_until  timestamptz,
    state           text NOT NULL CHECK (state IN ('active', 'paused', 'disabled', 'deleted')),
    reason          text NOT NULL DEFAULT '', -- why it is disabled
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by      text NOT NULL,
    changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision        bigint NOT NULL DEFAULT 1, -- rises with what people change, so that the worker sees it
    -- The worker's: everything up to the position is delivered, or is not asked for. It rises, but for a replay.
    position        bigint NOT NULL,
    replays         bigint NOT NULL DEFAULT 0,
    replay_to       bigint NOT NULL DEFAULT 0, -- up to here everything was passed before
    attempts        integer NOT NULL DEFAULT 0, -- of the event after the position that failed
    failing_since   timestamptz,
    next_attempt_at timestamptz,
    last_error      text NOT NULL DEFAULT '',
    CONSTRAINT webhook_endpoints_secret CHECK ((secret IS NULL) = (state = 'deleted'))
);
CREATE INDEX webhook_endpoints_org ON webhook_endpoints (org_id, endpoint_id);
CREATE INDEX webhook_endpoints_changed ON webhook_endpoints (changed_at);

-- What was tried, for people to look at; old rows go.
CREATE TABLE webhook_deliveries (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id text COLLATE "C" NOT NULL,
    org_id      text COLLATE "C" NOT NULL,
    position    bigint NOT NULL, -- 0: a ping
    message_id  text NOT NULL,
    type        text NOT NULL,
    attempt     integer NOT NULL,
    replay      boolean NOT NULL,
    at          timestamptz NOT NULL,
    duration_ms bigint NOT NULL,
    status_code integer NOT NULL, -- 0: no answer
    error       text NOT NULL, -- '': delivered
    answer      text NOT NULL -- the beginning of its body
);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, delivery_id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (at);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO ledger_app;
GRANT SELECT, INSERT, DELETE ON webhook_deliveries TO ledger_app;

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON webhook_endpoints TO ledger_app USING (true) WITH CHECK (true);
ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON webhook_deliveries TO ledger_app USING (true) WITH CHECK (true);
