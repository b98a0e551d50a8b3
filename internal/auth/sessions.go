package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// How long somebody stays signed in to the console.
const (
	SessionIdle = time.Hour      // without a request
	SessionMost = 12 * time.Hour // in any case
	LinkMost    = 24 * time.Hour // until a link that nobody used is good for nothing
)

// Sessions are those of people who signed in to the console with an API key. They are in the database, so that any
// replica knows them, and end with their key. It is safe for concurrent use.
type Sessions struct{ pool *pgxpool.Pool }

// NewSessions opens the sessions. The pool runs as ledger_app; the caller closes it.
func NewSessions(pool *pgxpool.Pool) *Sessions { return &Sessions{pool} }

// Start begins a session of a key. The token is for its holder's cookie alone.
func (s *Sessions) Start(ctx context.Context, keyID string) (token string, err error) {
	const tidy = `DELETE FROM console_sessions WHERE created_at < clock_timestamp() - $1::interval`
	const insert = `INSERT INTO console_sessions (token_sha256, key_id) VALUES ($1, $2)`
	token, digest := newToken()
	var b pgx.Batch
	b.Queue(tidy, SessionMost)
	b.Queue(insert, digest, keyID)
	if err := s.pool.SendBatch(ctx, &b).Close(); err != nil {
		return "", fmt.Errorf("start a session: %w", err)
	}
	return token, nil
}

// Find says whose session a token is, and that it was used now: ErrUnauthenticated when it is nobody's, or over.
func (s *Sessions) Find(ctx context.Context, token string) (Identity, error) {
	const q = `
WITH found AS (
    SELECT s.token_sha256, s.seen_at, k.key_id, k.org_id, k.role
    FROM console_sessions s JOIN api_keys k ON k.key_id = s.key_id
    WHERE s.token_sha256 = $1 AND k.revoked_at IS NULL
      AND s.seen_at > clock_timestamp() - $2::interval AND s.created_at > clock_timestamp() - $3::interval
), seen AS (
    UPDATE console_sessions s SET seen_at = clock_timestamp()
    FROM found
    WHERE s.token_sha256 = found.token_sha256 AND found.seen_at < clock_timestamp() - interval '1 minute'
)
SELECT key_id, coalesce(org_id, ''), role FROM found`
	digest := sha256.Sum256([]byte(token))
	var i Identity
	err := s.pool.QueryRow(ctx, q, digest[:], SessionIdle, SessionMost).Scan(&i.KeyID, &i.OrgID, &i.Role)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Identity{}, ErrUnauthenticated
	case err != nil:
		return Identity{}, fmt.Errorf("look a session up: %w", err)
	}
	return i, nil
}

// End ends a session; one that is over stays so.
func (s *Sessions) End(ctx context.Context, token string) error {
	const q = `DELETE FROM console_sessions WHERE token_sha256 = $1`
	digest := sha256.Sum256([]byte(token))
	if _, err := s.pool.Exec(ctx, q, digest[:]); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Link makes a token that starts one session of a key, for once.
func (s *Sessions) Link(ctx context.Context, keyID string) (token string, err error) {
	const q = `INSERT INTO console_links (token_sha256, key_id) VALUES ($1, $2)`
	token, digest := newToken()
	if _, err := s.pool.Exec(ctx, q, digest, keyID); err != nil {
		return "", fmt.Errorf("make a sign-in link: %w", err)
	}
	return token, nil
}

// UseLink starts the session of a link, and uses the link up: ErrUnauthenticated when it was used, or is too old.
func (s *Sessions) UseLink(ctx context.Context, link string) (token string, err error) {
	const q = `DELETE FROM console_links WHERE token_sha256 = $1 OR created_at < clock_timestamp() - $2::interval
RETURNING token_sha256 = $1 AND created_at > clock_timestamp() - $2::interval, key_id`
	digest := sha256.Sum256([]byte(link))
	rows, err := s.pool.Query(ctx, q, digest[:], LinkMost)
	if err != nil {
		return "", fmt.Errorf("use a sign-in link: %w", err)
	}
	var keyID, id string
	var this bool
	if _, err := pgx.ForEachRow(rows, []any{&this, &id}, func() error {
		if this {
			keyID = id
		}
		return nil
	}); err != nil {
		return "", fmt.Errorf("use a sign-in link: %w", err)
	}
	if keyID == "" {
		return "", ErrUnauthenticated
	}
	return s.Start(ctx, keyID)
}

func newToken() (token string, digest []byte) {
	var random [32]byte
	rand.Read(random[:]) // it never fails: the program ends without randomness
	token = base64.RawURLEncoding.EncodeToString(random[:])
	sum := sha256.Sum256([]byte(token))
	return token, sum[:]
}
