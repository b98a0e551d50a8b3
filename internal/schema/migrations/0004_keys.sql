-- +goose Up

-- API keys. The secret is stored as its SHA-256 only; a key without an organisation is the platform's.
CREATE TABLE api_keys (
    key_id        text COLLATE "C" NOT NULL PRIMARY KEY,
    org_id        text COLLATE "C",
    role          text NOT NULL,
    name          text NOT NULL,
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by    text NOT NULL,
    revoked_at    timestamptz,
    CONSTRAINT api_keys_platform CHECK ((org_id IS NULL) = (role = 'platform'))
);
CREATE INDEX api_keys_org ON api_keys (org_id, key_id);

-- Keys are never deleted: an event's actor must stay known.
GRANT SELECT, INSERT, UPDATE (revoked_at) ON api_keys TO ledger_app;

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON api_keys TO ledger_app USING (true) WITH CHECK (true);
