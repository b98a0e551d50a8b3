package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
)

func secrets(c PlaceOrder) []Secret {
	var all []Secret
	for _, name := range slices.Sorted(maps.Keys(c.Personal)) {
		all = append(all, Secret{name, c.Personal[name], c.Salts[name]})
	}
	return all
}

func digests(c PlaceOrder) map[string]string {
	if len(c.Personal) == 0 {
		return nil
	}
	all := map[string]string{}
	for name, value := range c.Personal {
		all[name] = Digest(c.Salts[name], value)
	}
	return all
}

// Digest is what an event holds of a personal value: SHA-256(salt ‖ value), in lower-case hex.
func Digest(salt, value string) string {
	sum := sha256.Sum256([]byte(salt + value))
	return hex.EncodeToString(sum[:])
}
