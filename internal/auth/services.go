package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// NamedService is a program that sends commands over NATS. It has no key: the broker's permissions let it publish under its
// own name alone.
type NamedService struct {
	Name      string     `json:"name"`
	OrgID     *string    `json:"org_id" doc:"null for all organisations"`
	Role      Role       `json:"role"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	RevokedAt *time.Time `json:"revoked_at"`
}

// servicePrefix marks a service among the senders of commands.
const servicePrefix = "service:"

// ErrServiceExists: there is a service of that name.
var ErrServiceExists = errors.New("there is a service of that name")

var serviceName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// IsServiceName says whether a service may have the name.
func IsServiceName(name string) bool { return serviceName.MatchString(name) }

// Services are the services in the database. It is safe for concurrent use.
type Services struct {
	pool *pgxpool.Pool

	mu   sync.Mutex
	held map[string]heldService
}

type heldService struct {
	identity Identity
	known    bool
	at       time.Time
}

// NewServices opens the services. The pool runs as ledger_app; the caller closes it.
func NewServices(pool *pgxpool.Pool) *Services {
	return &Services{pool: pool, held: map[string]heldService{}}
}

// Find is the identity of a service: ErrUnauthenticated when there is none of that name, or it was revoked, which is
// noticed within four seconds. Any other error means that the database could not be asked.
func (s *Services) Find(ctx context.Context, name string) (Identity, error) {
	s.mu.Lock()
	h, there := s.held[name]
	s.mu.Unlock()
	if !there || time.Since(h.at) > fresh {
		const q = `SELECT coalesce(org_id, ''), role FROM services WHERE name = $1 AND revoked_at IS NULL`
		h = heldService{at: time.Now(), known: true, identity: Identity{KeyID: servicePrefix + name}}
		switch err := s.pool.QueryRow(ctx, q, name).Scan(&h.identity.OrgID, &h.identity.Role); {
		case errors.Is(err, pgx.ErrNoRows):
			h.known = false
		case err != nil:
			return Identity{}, fmt.Errorf("look a service up: %w", err)
		}
		s.mu.Lock()
		if len(s.held) >= heldMax {
			clear(s.held)
		}
		s.held[name] = h
		s.mu.Unlock()
	}
	if !h.known {
		return Identity{}, ErrUnauthenticated
	}
	return h.identity, nil
}

// Create makes a service, of one organisation or, with "", of all. A revoked one may be made again.
func (s *Services) Create(ctx context.Context, name, orgID string, role Role, by string) (NamedService, error) {
	if !IsServiceName(name) || !slices.Contains(Roles, role) || role == Platform && orgID != "" {
		return NamedService{}, fmt.Errorf("a service has a name of %s and a role, %s for all organisations alone", serviceName, Platform)
	}
	const q = `
INSERT INTO services (name, org_id, role, created_by)
VALUES ($1, nullif($2, ''), $3, $4)
ON CONFLICT (name) DO UPDATE
SET org_id = EXCLUDED.org_id, role = EXCLUDED.role, created_by = EXCLUDED.created_by, created_at = clock_timestamp(), revoked_at = NULL
WHERE services.revoked_at IS NOT NULL
RETURNING ` + serviceColumns
	rows, err := s.pool.Query(ctx, q, name, orgID, role, by)
	var made NamedService
	if err == nil {
		made, err = pgx.CollectExactlyOneRow(rows, scanService)
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return made, ErrServiceExists
	case err != nil:
		return made, fmt.Errorf("create a service: %w", err)
	}
	return made, nil
}

const serviceColumns = `name, org_id, role, created_at, created_by, revoked_at`

func scanService(row pgx.CollectableRow) (NamedService, error) {
	s, err := pgx.RowToStructByPos[NamedService](row)
	s.CreatedAt = s.CreatedAt.UTC()
	if s.RevokedAt != nil {
		at := s.RevokedAt.UTC()
		s.RevokedAt = &at
	}
	return s, err
}

// List reads services by name, after one, at most ListMax.
func (s *Services) List(ctx context.Context, after string) ([]NamedService, error) {
	const q = `SELECT ` + serviceColumns + ` FROM services WHERE name > $1 ORDER BY name LIMIT $2`
	rows, err := s.pool.Query(ctx, q, after, ListMax)
	if err == nil {
		var all []NamedService
		if all, err = pgx.CollectRows(rows, scanService); err == nil {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list services: %w", err)
}

// Get is one service; ErrNotFound when there is none of that name.
func (s *Services) Get(ctx context.Context, name string) (NamedService, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+serviceColumns+` FROM services WHERE name = $1`, name)
	if err == nil {
		var found NamedService
		if found, err = pgx.CollectExactlyOneRow(rows, scanService); err == nil {
			return found, nil
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return NamedService{}, ErrNotFound
	}
	return NamedService{}, fmt.Errorf("look a service up: %w", err)
}

// Revoke ends a service's right to send commands; those that it sends are refused within four seconds.
func (s *Services) Revoke(ctx context.Context, name string) error {
	done, err := s.pool.Exec(ctx, `UPDATE services SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE name = $1`, name)
	if err != nil {
		return fmt.Errorf("revoke a service: %w", err)
	}
	if done.RowsAffected() == 0 {
		return ErrNotFound
	}
	s.mu.Lock()
	delete(s.held, name)
	s.mu.Unlock()
	return nil
}

func isService(keyID string) bool { return strings.HasPrefix(keyID, servicePrefix) }
