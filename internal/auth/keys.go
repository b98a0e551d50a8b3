package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// fresh is how long a key is believed without asking the database again: a revoked key fails within
	// this time on every replica.
	fresh = 4 * time.Second
	// heldMax bounds the keys held in memory, known and unknown ones.
	heldMax = 10_000
	// ListMax bounds a page of keys.
	ListMax = 500
)

// Keys are the API keys in the database. It is safe for concurrent use.
type Keys struct {
	pool *pgxpool.Pool

	mu   sync.RWMutex
	held map[string]held // by id
}

// held is what the database said of a key, and when it was asked. Unknown keys are held too, so that
// hammering with one costs no query each.
type held struct {
	identity Identity
	digest   []byte // nil: unknown or revoked
	at       time.Time
}

// NewKeys opens the keys. The pool runs as ledger_app; the caller closes it.
func NewKeys(pool *pgxpool.Pool) *Keys { return &Keys{pool: pool, held: map[string]held{}} }

// Find says whose key a text is: ErrUnauthenticated when it is nobody's. Any other error means that the
// database could not be asked.
func (k *Keys) Find(ctx context.Context, text string) (Identity, error) {
	id, secret, ok := split(text)
	if !ok {
		return Identity{}, ErrUnauthenticated
	}
	k.mu.RLock()
	h, there := k.held[id]
	k.mu.RUnlock()
	if !there || time.Since(h.at) > fresh {
		var err error
		if h, err = k.load(ctx, id); err != nil {
			return Identity{}, err
		}
		k.hold(id, h)
	}
	if !matches(secret, h.digest) {
		return Identity{}, ErrUnauthenticated
	}
	return h.identity, nil
}

func (k *Keys) load(ctx context.Context, id string) (held, error) {
	const q = `SELECT coalesce(org_id, ''), role, secret_sha256 FROM api_keys WHERE key_id = $1 AND revoked_at IS NULL`
	h := held{at: time.Now(), identity: Identity{KeyID: id}} // the time before asking: what is read may be that old
	err := k.pool.QueryRow(ctx, q, id).Scan(&h.identity.OrgID, &h.identity.Role, &h.digest)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return h, fmt.Errorf("look an API key up: %w", err)
	}
	return h, nil
}

func (k *Keys) hold(id string, h held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.held) >= heldMax {
		clear(k.held)
	}
	k.held[id] = h
}

// Create makes a key; orgID is "" for a platform key, and only for one. The text, with the secret, is
// told this once. by is who made it.
func (k *Keys) Create(ctx context.Context, orgID string, role Role, name, by string) (key Key, text string, err error) {
	if !slices.Contains(Roles, role) || (orgID == "") != (role == Platform) {
		return Key{}, "", fmt.Errorf("a key is either of an organisation or has the role %s", Platform)
	}
	id, text, digest := newSecret()
	const q = `
INSERT INTO api_keys (key_id, org_id, role, name, secret_sha256, created_by)
VALUES ($1, nullif($2, ''), $3, $4, $5, $6)
RETURNING ` + keyColumns
	rows, err := k.pool.Query(ctx, q, id, orgID, role, name, digest[:], by)
	if err == nil {
		key, err = pgx.CollectExactlyOneRow(rows, scanKey)
	}
	if err != nil {
		return Key{}, "", fmt.Errorf("create an API key: %w", err)
	}
	return key, text, nil
}

const keyColumns = `key_id, org_id, role, name, created_at, created_by, revoked_at`

func scanKey(row pgx.CollectableRow) (Key, error) {
	key, err := pgx.RowToStructByPos[Key](row)
	key.CreatedAt = key.CreatedAt.UTC()
	if key.RevokedAt != nil {
		at := key.RevokedAt.UTC()
		key.RevokedAt = &at
	}
	return key, err
}

// List reads keys by id, after one, at most limit and ListMax: those of an organisation, or, with "", of all.
func (k *Keys) List(ctx context.Context, orgID, after string, limit int) ([]Key, error) {
	const q = `
SELECT ` + keyColumns + `
FROM api_keys
WHERE ($1 = '' OR org_id = $1) AND key_id > $2
ORDER BY key_id
LIMIT $3`
	rows, err := k.pool.Query(ctx, q, orgID, after, min(limit, ListMax))
	if err == nil {
		var keys []Key
		if keys, err = pgx.CollectRows(rows, scanKey); err == nil {
			return keys, nil
		}
	}
	return nil, fmt.Errorf("list API keys: %w", err)
}

// Revoke ends a key; one that is revoked already stays so. With an organisation, only that one's keys
// are there. Replicas believe a key for at most four seconds more.
func (k *Keys) Revoke(ctx context.Context, orgID, id string) error {
	const q = `
UPDATE api_keys
SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE key_id = $1 AND ($2 = '' OR org_id = $2)`
	done, err := k.pool.Exec(ctx, q, id, orgID)
	if err != nil {
		return fmt.Errorf("revoke an API key: %w", err)
	}
	if done.RowsAffected() == 0 {
		return ErrNotFound
	}
	k.mu.Lock()
	delete(k.held, id)
	k.mu.Unlock()
	return nil
}
