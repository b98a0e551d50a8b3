package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestKeyFromCreationToRevocation(t *testing.T) {
	t.Parallel()
	pool := testkit.Database(t).Pool(t, schema.App)
	here, there := auth.NewKeys(pool), auth.NewKeys(pool) // two replicas
	key, text, err := here.Create(t.Context(), "org-acme", auth.Finance, "books", "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*auth.Keys{here, there} {
		who, err := k.Find(t.Context(), text)
		if err != nil || who != (auth.Identity{KeyID: key.KeyID, OrgID: "org-acme", Role: auth.Finance}) {
			t.Errorf("found %+v, %v", who, err)
		}
	}
	for name, wrong := range map[string]string{
		"nothing": "", "another secret": text[:len(text)-1] + "g", "another id": strings.Replace(text, key.KeyID, "0123456789abcdef", 1), "words": "ldg_a_b",
	} {
		if _, err := here.Find(t.Context(), wrong); !errors.Is(err, auth.ErrUnauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := here.Revoke(t.Context(), "org-other", key.KeyID); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("another organisation revokes it: %v", err)
	}
	if err := here.Revoke(t.Context(), "org-acme", key.KeyID); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Find(t.Context(), text); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("a revoked key is found: %v", err)
	}
	revoked := time.Now()
	for err = error(nil); err == nil && time.Since(revoked) < 6*time.Second; time.Sleep(50 * time.Millisecond) {
		_, err = there.Find(t.Context(), text)
	}
	if took := time.Since(revoked); !errors.Is(err, auth.ErrUnauthenticated) || took > 5*time.Second {
		t.Errorf("on another replica: %v after %s", err, took)
	}
}

func TestTableHoldsNoSecret(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	pool := db.Pool(t, schema.App)
	_, text, err := auth.NewKeys(pool).Create(t.Context(), "", auth.Platform, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	var row string
	if err := pool.QueryRow(t.Context(), `SELECT k::text FROM api_keys k`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	if secret := strings.Split(text, "_")[2]; strings.Contains(row, secret) || strings.Contains(row, fmt.Sprintf("%x", secret)) {
		t.Errorf("the table holds the secret: %s", row)
	}
	if _, err := db.Pool(t, schema.Reader).Exec(t.Context(), `SELECT FROM api_keys`); err == nil {
		t.Error("a reader may read the keys")
	}
}

func TestPlatformHasNoOrganisation(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(testkit.Database(t).Pool(t, schema.App))
	for org, role := range map[string]auth.Role{"org-acme": auth.Platform, "": auth.Viewer, "org-x": "king"} {
		if _, _, err := keys.Create(t.Context(), org, role, "", "test"); err == nil {
			t.Errorf("made a key with the role %s for %q", role, org)
		}
	}
}
