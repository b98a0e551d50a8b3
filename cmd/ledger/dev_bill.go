package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"orderledger/domain"
	"orderledger/examples/ucloud"
	"orderledger/projections"
)

// showBill prints the bill of the example's UCloud story, as that cloud writes it, where the ledger has it.
func (d *dev) showBill(ctx context.Context, w io.Writer) error {
	list, err := d.app.reader.ListBillLines(ctx, ucloud.Org, projections.BillLineQuery{
		Filter: projections.Filter{Periods: []string{ucloud.Month}}, OldestFirst: true, Limit: projections.LimitMax,
	})
	if err != nil || len(list.Items) == 0 {
		return err
	}
	lines := make([]object, len(list.Items))
	for i, item := range list.Items {
		if err := json.Unmarshal(item, &lines[i]); err != nil {
			return fmt.Errorf("read a bill line: %w", err)
		}
	}
	bill, err := d.app.reader.Bill(ctx, ucloud.Org, domain.Period(ucloud.Month), "")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe bill of %s for %s, in the 25 columns of its cloud\n", ucloud.Org, ucloud.Month)
	if err := writeBill(w, lines, "zh"); err != nil {
		return err
	}
	for _, sum := range bill.Totals {
		fmt.Fprintf(w, "合计 %s %s = 现金账户 %s + 赠送账户 %s + 代金券金额 %s\n", sum.Amount, sum.Currency, sum.Cash, sum.Gift, sum.Voucher)
	}
	return nil
}
