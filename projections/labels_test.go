package projections_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

// Every word that read models answer with has a name in both languages.
func TestWordsOfReadModelsHaveLabels(t *testing.T) {
	t.Parallel()
	if codes := domain.Codes("voucher_state"); !slices.Equal(sorted(codes), sorted(projections.LotStates)) {
		t.Errorf("vouchers are %v, the labels' codes %v", projections.LotStates, codes)
	}
	files, err := filepath.Glob("../domain/testdata/events/account.*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d events of accounts, %v", len(files), err)
	}
	types := map[string]bool{}
	for _, name := range files {
		payload, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e, err := domain.DecodeEvent(strings.TrimSuffix(filepath.Base(name), ".json"), payload)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, entry := range projections.EntriesOf(e, 7, time.Unix(0, 0)) {
			types[entry.Type] = true
			if !slices.Contains(domain.Codes("fund"), entry.Fund) {
				t.Errorf("the fund %s has no label", entry.Fund)
			}
		}
	}
	for _, code := range domain.Codes("entry_type") {
		if !types[code] {
			t.Errorf("no entry is a %s", code)
		}
		delete(types, code)
	}
	for code := range types {
		t.Errorf("the entry type %s has no label", code)
	}
}

func sorted(words []string) []string { return slices.Sorted(slices.Values(words)) }
