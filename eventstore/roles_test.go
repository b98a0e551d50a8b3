package eventstore_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

var update = flag.Bool("update", false, "write testdata/privileges.txt anew")

// grown is a database whose log has events of two organisations, and a row in every table of the log.
func grown(t *testing.T) *testkit.DB {
	t.Helper()
	db := testkit.Database(t)
	m := &mirror{t: t, log: eventstore.NewLog(db.Pool(t, schema.App))}
	m.reload()
	b := batchAfter(m.head, 4, "")
	for i, org := range []string{"org-a", "org-a", "org-a", "org-b"} {
		b.Events[i].OrgID = org
		b.Erasables = append(b.Erasables, eventstore.Erasable{OrgID: org, Name: "contact", Value: org, Salt: "s", Event: i})
		b.Claims = append(b.Claims, eventstore.Claim{OrgID: org, Kind: "top_up", Value: fmt.Sprint(i), Event: i})
	}
	b.Next = eventstore.Seal(b.Base, b.Events, b.Next.RecordedAt)
	if _, err := m.log.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := m.log.RecordRefusals(t.Context(), []eventstore.Refusal{{OrgID: "org-a", Key: "k", At: b.Next.RecordedAt}, {OrgID: "org-b", Key: "k", At: b.Next.RecordedAt}}); err != nil {
		t.Fatal(err)
	}
	if _, err := eventstore.OpenEpoch(t.Context(), m.log, nil, "a test"); err != nil {
		t.Fatal(err)
	}
	return db
}

// The log only grows, for every role that there is, its owner included.
func TestNobodyChangesTheLog(t *testing.T) {
	t.Parallel()
	db := grown(t)
	m := &mirror{t: t}
	before := m.contents(db) + " " + m.digest(db)
	attempts := []string{`DELETE FROM %s`, `TRUNCATE %s`, `TRUNCATE %s CASCADE`, `DELETE FROM ONLY %s WHERE true`}
	updates := map[string]string{
		"events": `UPDATE events SET payload = '{}'`, "claims": `UPDATE claims SET value = 'other'`, "refusals": `UPDATE refusals SET code = ''`,
		"epochs": `UPDATE epochs SET reason = ''`, "head": "",
	}
	for _, role := range []string{schema.Owner, schema.App, schema.Projector, schema.Reader} {
		pool := db.Pool(t, role)
		for table, sql := range updates {
			for _, attempt := range append([]string{sql}, attempts...) {
				if attempt == "" {
					continue
				}
				if strings.Contains(attempt, "%s") {
					attempt = fmt.Sprintf(attempt, table)
				}
				tag, err := pool.Exec(t.Context(), attempt)
				// To the owner, who has no policy, the rows of tenants are not there at all.
				if err == nil && (role != schema.Owner || tag.RowsAffected() != 0 || strings.HasPrefix(attempt, "TRUNCATE")) {
					t.Errorf("%s may: %s (%d rows)", role, attempt, tag.RowsAffected())
				}
			}
		}
		if role == schema.Owner {
			continue
		}
		for _, sql := range []string{
			`ALTER TABLE events DISABLE TRIGGER ALL`, `DROP TRIGGER events_only_grow ON events`, `ALTER TABLE events NO FORCE ROW LEVEL SECURITY`,
			`SET session_replication_role = replica`, `DROP TABLE events`, `CREATE TABLE mine ()`,
			`CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`,
		} {
			if _, err := pool.Exec(t.Context(), sql); err == nil {
				t.Errorf("%s may: %s", role, sql)
			}
		}
	}
	if after := m.contents(db) + " " + m.digest(db); after != before {
		t.Errorf("afterwards the log has\n%s\nbefore it had\n%s", after, before)
	}
}

// digest is one text over every row of the log.
func (m *mirror) digest(db *testkit.DB) string {
	m.t.Helper()
	const q = `SELECT (SELECT md5(string_agg(e::text, ',' ORDER BY position)) FROM events e) || (SELECT md5(string_agg(c::text, ',' ORDER BY c)) FROM claims c)
    || (SELECT md5(string_agg(r::text, ',' ORDER BY id)) FROM refusals r) || (SELECT head::text FROM head)`
	conn, err := pgx.Connect(m.t.Context(), db.SuperURL)
	if err != nil {
		m.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var s string
	if err := conn.QueryRow(m.t.Context(), q).Scan(&s); err != nil {
		m.t.Fatal(err)
	}
	return s
}

// Who may do what with which table, for a person to look at when it changes.
func TestPrivileges(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	const q = `
SELECT format('%-14s %-16s %s', c.relname, replace(r.rolname, 'ledger_', ''), string_agg(p.name, ' ' ORDER BY p.nr))
FROM pg_class c
CROSS JOIN pg_roles r
CROSS JOIN (VALUES (1, 'SELECT'), (2, 'INSERT'), (3, 'UPDATE'), (4, 'DELETE'), (5, 'TRUNCATE'), (6, 'REFERENCES'), (7, 'TRIGGER')) AS p (nr, name)
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'goose_db_version'
    AND r.rolname IN ('ledger_app', 'ledger_projector', 'ledger_reader') AND has_table_privilege(r.oid, c.oid, p.name)
GROUP BY c.relname, r.rolname
ORDER BY c.relname COLLATE "C", r.rolname COLLATE "C"`
	rows, err := db.Pool(t, schema.Owner).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", "privileges.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has\n%s\nthe database has\n%s(-update writes it anew; then read the difference)", path, want, got)
	}
}

// A table with a tenant's column and without a forced policy would show everybody's rows to everybody.
func TestEveryTenantTableForcesItsPolicy(t *testing.T) {
	t.Parallel()
	pool := testkit.Database(t).Pool(t, schema.Owner)
	const q = `
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace`
	rows, err := pool.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var table string
	var forced bool
	_, err = pgx.ForEachRow(rows, []any{&table, &forced}, func() error {
		if n++; !forced {
			t.Errorf("%s has an organisation and no forced row-level security", table)
		}
		return nil
	})
	if err != nil || n < 5 {
		t.Errorf("%d tables, %v", n, err)
	}
}

// A reader sees the organisation that its transaction names, nothing when it names none, and nothing of
// what the transaction before it on that connection named.
func TestReaderSeesItsOrganisation(t *testing.T) {
	t.Parallel()
	db := grown(t)
	pool, err := schema.Pool(t.Context(), db.URL, schema.Reader, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, table := range []string{"events", "refusals", "erasable"} {
		for _, c := range []struct {
			org  string
			want map[string]int
		}{
			{"org-a", map[string]int{"events": 3, "refusals": 1, "erasable": 3}},
			{"", map[string]int{}},
			{"org-b", map[string]int{"events": 1, "refusals": 1, "erasable": 1}},
			{"org-c", map[string]int{}},
			{"*", map[string]int{"events": 4, "refusals": 2, "erasable": 4}},
			{"", map[string]int{}},
			{"org-%", map[string]int{}},
			{"' OR true --", map[string]int{}},
		} {
			if got := countAs(t, pool, c.org, table); got != c.want[table] {
				t.Errorf("as %q there are %d rows in %s, want %d", c.org, got, table, c.want[table])
			}
		}
		var n int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("without a transaction there are %d rows in %s, %v", n, table, err)
		}
	}
	for _, table := range []string{"claims", "saved_states", "api_keys"} {
		if _, err := pool.Exec(t.Context(), `SELECT 1 FROM `+table); err == nil {
			t.Errorf("a reader may read %s", table)
		}
	}
}

func countAs(t *testing.T, pool *pgxpool.Pool, org, table string) (n int) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if org != "" {
			if _, err := tx.Exec(t.Context(), `SELECT set_config('ledger.org', $1, true)`, org); err != nil {
				return err
			}
		}
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
