-- +goose Up

-- When, why and at which position an operator declared the broker's copy void.
CREATE TABLE epochs (
    epoch     bigint NOT NULL PRIMARY KEY,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason    text NOT NULL,
    position  bigint NOT NULL,
    hash      bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE TRIGGER epochs_only_grow BEFORE UPDATE OR DELETE ON epochs FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER epochs_not_truncated BEFORE TRUNCATE ON epochs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON epochs TO ledger_app;
GRANT SELECT ON epochs TO ledger_projector, ledger_reader;
