package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// signedIn is a session of a new key of org-acme.
func signedIn(t *testing.T) (pool *pgxpool.Pool, sessions *auth.Sessions, key auth.Key, token string) {
	t.Helper()
	pool = testkit.Database(t).Pool(t, schema.App)
	sessions = auth.NewSessions(pool)
	key, _, err := auth.NewKeys(pool).Create(t.Context(), "org-acme", auth.Finance, "", "test")
	if err == nil {
		token, err = sessions.Start(t.Context(), key.KeyID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pool, sessions, key, token
}

// is fails unless a token is a session's, or unless it is none's.
func is(t *testing.T, s *auth.Sessions, token string, want bool, when string) {
	t.Helper()
	_, err := s.Find(t.Context(), token)
	if want && err != nil || !want && !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("%s: %v", when, err)
	}
}

// age makes what is in the tables older.
func age(t *testing.T, pool *pgxpool.Pool, change string) {
	t.Helper()
	done, err := pool.Exec(t.Context(), change)
	if err != nil || done.RowsAffected() != 1 {
		t.Fatalf("%s: %d rows, %v", change, done.RowsAffected(), err)
	}
}

func TestSessionIsItsKeys(t *testing.T) {
	t.Parallel()
	_, sessions, key, token := signedIn(t)
	who, err := sessions.Find(t.Context(), token)
	if err != nil || who != (auth.Identity{KeyID: key.KeyID, OrgID: "org-acme", Role: auth.Finance}) {
		t.Errorf("found %+v, %v", who, err)
	}
	for _, wrong := range []string{"", token + "A", strings.ToLower(token), "%00"} {
		is(t, sessions, wrong, false, "the token "+wrong)
	}
	if err := sessions.End(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	is(t, sessions, token, false, "after its end")
	if err := sessions.End(t.Context(), token); err != nil {
		t.Errorf("ended twice: %v", err)
	}
}

func TestSessionEndsWithoutUse(t *testing.T) {
	t.Parallel()
	pool, sessions, _, token := signedIn(t)
	age(t, pool, `UPDATE console_sessions SET seen_at = clock_timestamp() - interval '59 minutes'`)
	is(t, sessions, token, true, "used within the hour")
	is(t, sessions, token, true, "used again") // the use before counts
	age(t, pool, `UPDATE console_sessions SET seen_at = seen_at - interval '59 minutes'`)
	is(t, sessions, token, true, "used an hour after the last use")
	age(t, pool, `UPDATE console_sessions SET seen_at = clock_timestamp() - interval '61 minutes'`)
	is(t, sessions, token, false, "unused for more than an hour")
}

func TestSessionEndsInAnyCase(t *testing.T) {
	t.Parallel()
	pool, sessions, key, token := signedIn(t)
	age(t, pool, `UPDATE console_sessions SET created_at = clock_timestamp() - interval '11 hours 59 minutes'`)
	is(t, sessions, token, true, "within twelve hours")
	age(t, pool, `UPDATE console_sessions SET created_at = clock_timestamp() - interval '12 hours 1 minute'`)
	is(t, sessions, token, false, "after twelve hours, though it was used")
	if _, err := sessions.Start(t.Context(), key.KeyID); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM console_sessions`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d sessions are kept, the one that is over too (%v)", left, err)
	}
}

func TestSessionEndsWithItsKey(t *testing.T) {
	t.Parallel()
	pool, sessions, key, token := signedIn(t)
	link, err := sessions.Link(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.NewKeys(pool).Revoke(t.Context(), "", key.KeyID); err != nil {
		t.Fatal(err)
	}
	is(t, sessions, token, false, "after its key was revoked")
	if token, err := sessions.UseLink(t.Context(), link); err == nil {
		is(t, sessions, token, false, "of a link of a key that was revoked")
	} else if !errors.Is(err, auth.ErrUnauthenticated) {
		t.Error(err)
	}
}

func TestLinkWorksOnce(t *testing.T) {
	t.Parallel()
	pool, sessions, key, _ := signedIn(t)
	link, err := sessions.Link(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 8)
	for range cap(results) { // at the same time
		go func() {
			token, err := sessions.UseLink(t.Context(), link)
			if err == nil {
				_, err = sessions.Find(t.Context(), token)
			}
			results <- err
		}()
	}
	used := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			used++
		case !errors.Is(err, auth.ErrUnauthenticated):
			t.Error(err)
		}
	}
	if used != 1 {
		t.Errorf("the link was used %d times", used)
	}
	old, err := sessions.Link(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	age(t, pool, `UPDATE console_links SET created_at = clock_timestamp() - interval '25 hours'`)
	if _, err := sessions.UseLink(t.Context(), old); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("a link of yesterday: %v", err)
	}
}

func TestSessionTablesHoldNoToken(t *testing.T) {
	t.Parallel()
	pool, sessions, key, token := signedIn(t)
	link, err := sessions.Link(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	var rows string
	const q = `SELECT s::text || l::text FROM console_sessions s, console_links l`
	if err := pool.QueryRow(t.Context(), q).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(rows, token) || strings.Contains(rows, link) {
		t.Errorf("the tables hold a token: %s", rows)
	}
}
