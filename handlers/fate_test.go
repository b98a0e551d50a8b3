package handlers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orderledger/domain"
	"orderledger/eventstore"
)

func TestEventsTellTheirCommand(t *testing.T) {
	t.Parallel()
	placed := func(kind domain.OrderType) domain.OrderPlaced {
		return domain.OrderPlaced{Header: domain.Header{OrderType: kind}}
	}
	amount, err := domain.ParseAmount("-1.00")
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct {
		first             domain.Event
		name, last, actor string
	}{
		"place_order":     {placed(domain.Supplement), domain.TypeOrderPlaced, domain.TypeOrderPlaced, "key:k"},
		"refund_order":    {placed(domain.Refund), domain.TypeOrderPlaced, domain.TypeAccountRefunded, "key:k"},
		"close_resource":  {placed(domain.UsageSettlement), domain.TypeOrderPlaced, domain.TypeResourceClosed, "key:k"},
		"settle_usage":    {placed(domain.UsageSettlement), domain.TypeOrderPlaced, domain.TypeResourceSettled, "timer"},
		"charge_overdue":  {placed(domain.OverdueDaily), domain.TypeOrderPlaced, domain.TypeOverdueCharged, "timer"},
		"renew_resource":  {placed(domain.Renewal), domain.TypeOrderPlaced, domain.TypeRenewalTried, "timer"},
		"pay_order":       {domain.OrderPaid{}, domain.TypeOrderPaid, domain.TypeAccountCharged, "key:k"},
		"collect_arrears": {domain.OrderPaid{}, domain.TypeOrderPaid, domain.TypeAccountCharged, "timer"},
		"release_funds":   {domain.FundsFrozen{Amount: amount}, domain.TypeFundsFrozen, domain.TypeFundsFrozen, "key:k"},
	} {
		stored := eventstore.Event{Type: c.name, Actor: c.actor}
		if got := commandOf(&stored, c.first, c.last); got != want {
			t.Errorf("%s … %s by %s is of %s, want %s", c.name, c.last, c.actor, got, want)
		}
	}
}

// Every event that a command can begin with tells one that there is.
func TestEveryFirstEventTellsACommand(t *testing.T) {
	t.Parallel()
	never := []string{ // these follow others
		domain.TypeAccountCharged, domain.TypeAccountRefunded, domain.TypeArrearsOpened, domain.TypeArrearsDropped, domain.TypeOrderRefunded,
		domain.TypeUsageSettled, domain.TypeResourceChanged, domain.TypeUsageRecorded,
	}
	files, err := filepath.Glob("../domain/testdata/events/*.json")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d events, %v", len(files), err)
	}
	for _, name := range files {
		payload, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.TrimSuffix(filepath.Base(name), ".json")
		e, err := domain.DecodeEvent(kind, payload)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		command := commandOf(&eventstore.Event{Type: kind}, e, kind)
		known := slices.Contains(domain.CommandNames, command) || command == "seal_period"
		if known == slices.Contains(never, kind) {
			t.Errorf("%s tells of the command %q", kind, command)
		}
	}
}
