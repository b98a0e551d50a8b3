package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
)

// The load of the usage scenario: each reporter sends, again and again, records of all its organisation's resources.
const (
	reporters         = 16
	meteredPerOrg     = 200
	recordsPerReport  = 2000
	usageSampleEvents = 20_000
)

// usage measures reports of metered use through the executor, beside the bare bulk insert of the same rows: the events,
// and a claim for each record.
func (b *bed) usage(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer e.close()
	var opened eventstore.Head
	if opened, err = openMetered(ctx, e.log, meteredPerOrg, func(*grower, string, []string) error { return nil }); err != nil {
		return err
	}
	if _, _, err := inTurns(ctx, reporters, b.span()/2, report("warm", e.Executor)); err != nil {
		return err
	}
	owner, err := pool(ctx, url, schema.Owner, 4)
	if err != nil {
		return err
	}
	defer owner.Close()
	limit, err := newPlainUsage(ctx, owner, e.log, opened.Position)
	if err != nil {
		return err
	}
	var limits, records, p50s []float64
	for round := range rounds {
		perSecond, err := limit.bulk(ctx, b.span()/2)
		if err != nil {
			return err
		}
		reports, took, err := inTurns(ctx, reporters, b.span(), report(strconv.Itoa(round), e.Executor))
		if err != nil {
			return err
		}
		limits, records, p50s = append(limits, perSecond), append(records, reports*recordsPerReport), append(p50s, took.at(0.5))
	}
	name := fmt.Sprintf("%d reporters, %d records a report: ", reporters, recordsPerReport)
	b.report(name+"against the bare insert", median(records), "records/s", median(limits))
	b.report(name+"p50 of a report", median(p50s), "ms", 0)
	return nil
}

// openMetered opens resources that are metered by the day, and lets each organisation's be used before it forgets them.
func openMetered(ctx context.Context, log *eventstore.Log, perOrg int, use func(g *grower, org string, resources []string) error) (eventstore.Head, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return head, err
	}
	g := newGrower(log, head)
	for i := range orgs {
		if err := g.do(ctx, domain.TopUp{OrgID: org(i), Amount: money("1000000000.00"), Currency: "CNY", Reference: "metered"}); err != nil {
			return head, err
		}
		names := make([]string, perOrg)
		for r := range names {
			names[r] = meteredName(i, r)
			o := opening(org(i), names[r])
			if err := g.do(ctx, o); err != nil {
				return head, err
			}
			delete(g.states, domain.OrderRef(o.OrderID))
		}
		if err := use(g, org(i), names); err != nil {
			return head, err
		}
		for _, name := range names {
			delete(g.states, domain.ResourceRef(org(i), name))
		}
	}
	err = g.flush(ctx)
	return g.head, err
}

func meteredName(org, resource int) string { return fmt.Sprintf("pod-%d-%d", org, resource) }

// opening is the order that opens a pay-as-you-go resource.
func opening(org, resource string) domain.PlaceOrder {
	price, since := quantity("1.234567"), time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -30)
	return domain.PlaceOrder{
		OrderID: uuid.Must(uuid.NewV7()).String(), Fresh: true, OrgID: org, OrderType: domain.Purchase, ProjectID: "default",
		ConsumerID: "user-7", Currency: "CNY",
		Lines: []domain.LineSpec{{
			ProductCode: "gpu-pod", ProductName: "GPU pod", ResourceType: "pod", ResourceID: resource, ResourceName: resource, Region: "cn-north-1",
			NewConfig: []domain.Component{{Component: "GPU", Value: "1", Unit: "card"}},
			Count:     quantity("1"), ChargeMode: domain.ModeHour, Quantity: quantity("0"), Unit: "hour", UnitPrice: quantity("0"), EffectiveAt: &since,
			Cycle: "day", Meters: []domain.Meter{{Meter: "gpu-hour", Unit: "hour", UnitPrice: &price}},
		}},
	}
}

// report sends a report each turn: records of five minutes, of the last days, spread over the organisation's resources.
func report(run string, e *handlers.Executor) func(context.Context, int, int) error {
	return func(ctx context.Context, caller, turn int) error {
		key := "use-" + run + "-" + strconv.Itoa(caller) + "-" + strconv.Itoa(turn)
		r := request(key, domain.ReportUsage{OrgID: org(caller), Records: uses(caller, turn, key)})
		r.Bytes = 200 * recordsPerReport
		_, err := e.Do(ctx, r)
		return err
	}
}

func uses(caller, turn int, prefix string) []domain.UsageReport {
	records := make([]domain.UsageReport, recordsPerReport)
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -20+turn%20)
	for i := range records {
		from := day.Add(time.Duration(i/meteredPerOrg) * 5 * time.Minute)
		records[i] = domain.UsageReport{
			RecordID: prefix + "-" + strconv.Itoa(i), ResourceID: meteredName(caller%orgs, i%meteredPerOrg), Meter: "gpu-hour",
			Quantity: quantity("0.083333"), Unit: "hour", From: from, To: from.Add(5 * time.Minute),
		}
	}
	return records
}
