-- The roles that grants and policies name. Roles belong to the cluster, not to the database: another database's
-- migration may make them at the same moment, and a restored dump comes without them. So this runs before
-- the numbered migrations, every time, and changes nothing when all is there.
SELECT pg_advisory_xact_lock(4097083627); -- replicas of one database, one at a time; goose has the number before

DO $$
DECLARE
    r text;
    may_become boolean;
BEGIN
    FOREACH r IN ARRAY ARRAY['ledger_owner', 'ledger_app', 'ledger_projector', 'ledger_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', r);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- somebody else was first
        END;
        -- From PostgreSQL 16 on, whoever makes a role is its member without the right to SET ROLE to it.
        IF current_setting('server_version_num')::int >= 160000 THEN
            may_become := pg_has_role(current_user, r, 'SET');
        ELSE
            may_become := pg_has_role(current_user, r, 'MEMBER');
        END IF;
        IF NOT may_become THEN
            BEGIN
                EXECUTE format('GRANT %I TO current_user', r);
            EXCEPTION WHEN unique_violation THEN
                NULL; -- the same grant, made by somebody else just now
            END;
        END IF;
    END LOOP;
END $$;

-- The tables are ledger_owner's, and a schema beside for read models that are made anew. The schema public
-- belongs to the database's owner.
GRANT USAGE, CREATE ON SCHEMA public TO ledger_owner;
DO $$
BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO ledger_owner', current_database());
END $$;
