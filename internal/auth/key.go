package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// Identity is who calls.
type Identity struct {
	// KeyID is the key's, or "service:" and the name of a service.
	KeyID string
	// OrgID is the key's organisation, "" for a platform key.
	OrgID string
	Role  Role
}

// Actor is how events name the caller.
func (i Identity) Actor() string {
	if isService(i.KeyID) {
		return i.KeyID
	}
	return "key:" + i.KeyID
}

// Key is an API key as it is listed: without its secret, which nobody knows but its holder.
type Key struct {
	KeyID     string     `json:"key_id"`
	OrgID     *string    `json:"org_id" doc:"null for a platform key"`
	Role      Role       `json:"role"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	RevokedAt *time.Time `json:"revoked_at"`
}

// Errors of this package.
var (
	ErrUnauthenticated = errors.New("the API key is missing, unknown or revoked")
	ErrNotFound        = errors.New("there is no such key")
)

const (
	prefix      = "ldg"
	idChars     = 16
	secretChars = 64
)

// newSecret makes a key's id and its text as the holder gets it.
func newSecret() (id, text string, digest [32]byte) {
	var random [8 + 32]byte
	rand.Read(random[:]) // it never fails: the program ends without randomness
	id = hex.EncodeToString(random[:8])
	secret := hex.EncodeToString(random[8:])
	return id, prefix + "_" + id + "_" + secret, sha256.Sum256([]byte(secret))
}

// split takes a key's text apart.
func split(text string) (id, secret string, ok bool) {
	parts := strings.Split(text, "_")
	if len(parts) != 3 || parts[0] != prefix || len(parts[1]) != idChars || len(parts[2]) != secretChars {
		return "", "", false
	}
	return parts[1], parts[2], true
}

func matches(secret string, digest []byte) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], digest) == 1
}
