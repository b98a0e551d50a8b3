-- +goose Up

-- Sessions of people who signed in to the console with an API key. The token is in their cookie alone; here is its
-- digest. A session ends with its key, after a time without use, and after a time in any case.
CREATE TABLE console_sessions (
    token_sha256 bytea NOT NULL PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
    key_id       text COLLATE "C" NOT NULL REFERENCES api_keys (key_id),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at      timestamptz NOT NULL DEFAULT clock_timestamp() -- to the minute
);
CREATE INDEX console_sessions_created ON console_sessions (created_at);

-- Links that sign somebody in once.
CREATE TABLE console_links (
    token_sha256 bytea NOT NULL PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
    key_id       text COLLATE "C" NOT NULL REFERENCES api_keys (key_id),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Filters that somebody gave a name, by key and page.
CREATE TABLE console_views (
    key_id     text COLLATE "C" NOT NULL REFERENCES api_keys (key_id),
    page       text COLLATE "C" NOT NULL,
    name       text NOT NULL,
    query      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (key_id, page, name)
);

-- Verifications that were started in the console, so that every replica can tell how they go.
CREATE TABLE verifications (
    verification_id text COLLATE "C" NOT NULL PRIMARY KEY,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_by  text NOT NULL,
    seen_at     timestamptz NOT NULL DEFAULT clock_timestamp(), -- of the last progress: long ago, its process is gone
    doing       text NOT NULL DEFAULT '',                       -- the check under way
    done        bigint NOT NULL DEFAULT 0,                      -- events of it, of total
    total       bigint NOT NULL DEFAULT 0,
    finished_at timestamptz,
    report      json, -- projections.Report
    error       text  -- why it could not be finished
);
CREATE INDEX verifications_started ON verifications (started_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON console_sessions, console_links, console_views, verifications TO ledger_app;

-- Who works as ledger_app checks itself whose rows these are; others see none.
ALTER TABLE console_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE console_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON console_sessions TO ledger_app USING (true) WITH CHECK (true);
ALTER TABLE console_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE console_links FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON console_links TO ledger_app USING (true) WITH CHECK (true);
ALTER TABLE console_views ENABLE ROW LEVEL SECURITY;
ALTER TABLE console_views FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON console_views TO ledger_app USING (true) WITH CHECK (true);
ALTER TABLE verifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE verifications FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON verifications TO ledger_app USING (true) WITH CHECK (true);
