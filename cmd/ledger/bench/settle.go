package bench

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"orderledger/domain"
)

const (
	// settleShare of the events that the scenarios with a large log have is how many resources are settled.
	settleShare = 10
	settlers    = 256
)

// settle measures the end of a day for very many resources: each has use that is over, and is settled by an order of its
// own, which its account pays.
func (b *bed) settle(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	perOrg := max(1, b.Events/settleShare/orgs)
	b.say("opening %d resources, and using them", perOrg*orgs)
	_, err = openMetered(ctx, e.log, perOrg, func(g *grower, org string, resources []string) error { return useAll(ctx, g, org, resources) })
	e.close()
	if err != nil {
		return err
	}
	if e, err = b.newExecutor(ctx, url); err != nil { // it has seen nothing yet, as one that begins in the morning
		return err
	}
	defer e.close()
	debug.FreeOSMemory()
	before, err := resetPeak()
	if err != nil {
		return err
	}
	from := time.Now()
	if err := settleAll(ctx, e, perOrg); err != nil {
		return err
	}
	took := time.Since(from).Seconds()
	peak, err := memory("VmHWM")
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d resources: ", perOrg*orgs)
	b.report(name+"one settlement each", took, "s", 0)
	b.report(name+"settlements", float64(perOrg*orgs)/took, "commands/s", 0)
	b.report(name+"peak memory of the process", peak, "MiB", 0)
	b.report(name+"memory before", before, "MiB", 0)
	return nil
}

// useAll reports an hour of each resource's use, two days ago.
func useAll(ctx context.Context, g *grower, org string, resources []string) error {
	from := time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -2)
	for len(resources) > 0 {
		n := min(len(resources), recordsPerReport)
		records := make([]domain.UsageReport, n)
		for i, id := range resources[:n] {
			records[i] = domain.UsageReport{
				RecordID: "use-" + id, ResourceID: id, Meter: "gpu-hour", Quantity: quantity("1"), Unit: "hour", From: from, To: from.Add(time.Hour),
			}
		}
		if err := g.do(ctx, domain.ReportUsage{OrgID: org, Records: records}); err != nil {
			return err
		}
		resources = resources[n:]
	}
	return nil
}

// settleAll settles each resource once, with as many commands under way as a timer has.
func settleAll(ctx context.Context, e *executor, perOrg int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range settlers {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= perOrg*orgs {
					return
				}
				id := meteredName(n%orgs, n/orgs)
				if _, err := e.Do(ctx, request("settle-"+id, domain.SettleUsage{OrgID: org(n % orgs), ResourceID: id})); err != nil {
					cancel(fmt.Errorf("settle %s: %w", id, err))
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
