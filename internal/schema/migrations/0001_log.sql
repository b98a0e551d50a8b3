-- +goose Up

-- One row, moved by every append in the append's own transaction: so positions have no gaps, and
-- commit order is position order.
CREATE TABLE head (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    position    bigint NOT NULL,
    hash        bytea NOT NULL CHECK (octet_length(hash) = 32),
    recorded_at timestamptz NOT NULL,
    epoch       bigint NOT NULL,
    fence       bigint NOT NULL,
    fenced      text
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0);

INSERT INTO head (position, hash, recorded_at, epoch, fence)
VALUES (0, decode(repeat('00', 32), 'hex'), 'epoch', 1, 0);

-- payload is json, not jsonb: the exact bytes are what was hashed.
CREATE TABLE events (
    position    bigint NOT NULL PRIMARY KEY CHECK (position > 0),
    stream      text COLLATE "C" NOT NULL,
    version     bigint NOT NULL CHECK (version > 0),
    epoch       bigint NOT NULL,
    type        text COLLATE "C" NOT NULL,
    org_id      text COLLATE "C" NOT NULL,
    actor       text COLLATE "C" NOT NULL,
    command_key text COLLATE "C",
    fingerprint bytea CHECK (octet_length(fingerprint) = 32),
    correlation text COLLATE "C",
    causation   text COLLATE "C",
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    payload     json NOT NULL,
    hash        bytea NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT events_stream_version UNIQUE (stream, version),
    CONSTRAINT events_key_has_fingerprint CHECK ((command_key IS NULL) = (fingerprint IS NULL))
);
-- The key stands on a command's first event alone, so that "once" needs no second table.
CREATE UNIQUE INDEX events_command_key ON events (org_id, command_key) WHERE command_key IS NOT NULL;

-- What may happen once in an organisation, ever.
CREATE TABLE claims (
    org_id   text COLLATE "C" NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    value    text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (org_id, kind, value)
);

-- Personal values and their salts: all that may ever be erased. The events hold digests of them.
CREATE TABLE erasable (
    position bigint NOT NULL,
    org_id   text COLLATE "C" NOT NULL,
    name     text NOT NULL,
    value    text NOT NULL,
    salt     text NOT NULL,
    PRIMARY KEY (position, name)
);

-- Disposable: what a stream folds to at a version, for the rules that wrote it.
CREATE TABLE saved_states (
    stream   text COLLATE "C" NOT NULL PRIMARY KEY,
    org_id   text COLLATE "C" NOT NULL,
    version  bigint NOT NULL,
    rules    integer NOT NULL,
    state    bytea NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Commands that were refused, for audit; written off the hot path.
CREATE TABLE refusals (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id      text COLLATE "C" NOT NULL,
    command_key text COLLATE "C" NOT NULL,
    command     text NOT NULL,
    actor       text NOT NULL,
    code        text NOT NULL,
    detail      text NOT NULL,
    position    bigint NOT NULL,
    refused_at  timestamptz NOT NULL
);
CREATE INDEX refusals_key ON refusals (org_id, command_key, id);

-- The log only grows. Row triggers don't see TRUNCATE, so there is one for statements too; both also
-- stop the owner, who could otherwise do it by mistake. A superuser can switch triggers off: the hash
-- chain finds that.
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the table % only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER events_only_grow BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_not_truncated BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claims_only_grow BEFORE UPDATE OR DELETE ON claims FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claims_not_truncated BEFORE TRUNCATE ON claims FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refusals_only_grow BEFORE UPDATE OR DELETE ON refusals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refusals_not_truncated BEFORE TRUNCATE ON refusals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER head_stays BEFORE DELETE ON head FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER head_not_truncated BEFORE TRUNCATE ON head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, UPDATE ON head TO ledger_app;
GRANT SELECT, INSERT ON events, claims, refusals TO ledger_app;
GRANT SELECT, INSERT, DELETE ON erasable TO ledger_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_states TO ledger_app;
GRANT SELECT ON head, events TO ledger_projector;
GRANT SELECT ON head, events, erasable, refusals TO ledger_reader;

-- Tenants: app and projector work for all organisations, a reader sees the one that its transaction
-- names ('*' is every one, for platform keys), and nothing when it names none.
-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['events', 'claims', 'erasable', 'saved_states', 'refusals'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY app ON %I TO ledger_app USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY projector ON %I FOR SELECT TO ledger_projector USING (true)', t);
        EXECUTE format($p$CREATE POLICY reader ON %I FOR SELECT TO ledger_reader
            USING (CASE current_setting('ledger.org', true) WHEN '*' THEN true ELSE org_id = current_setting('ledger.org', true) END)$p$, t);
    END LOOP;
END $$;
-- +goose StatementEnd
