package domain

import (
	"slices"
	"time"
)

// voucher finds a voucher of the account.
func (a *Account) voucher(id string) (Voucher, bool) {
	if a != nil {
		for _, v := range a.Vouchers {
			if v.VoucherID == id {
				return v, true
			}
		}
	}
	return Voucher{}, false
}

// MayPay says whether the voucher may pay anything of an order at a time.
func (v *Voucher) MayPay(o *Order, at time.Time) bool { return v.unfit(o, at) == "" }

// unfit is why the voucher may pay nothing of an order at a time, "" when it may.
func (v *Voucher) unfit(o *Order, at time.Time) string {
	switch {
	case v.Currency != o.Currency:
		return "is in " + string(v.Currency)
	case v.ValidFrom != nil && at.Before(*v.ValidFrom):
		return "is valid from " + v.ValidFrom.Format(time.RFC3339) + " on"
	case over(v.ValidTo, at):
		return "was valid until " + v.ValidTo.Format(time.RFC3339)
	case v.MinSpend != nil && o.PayableAmount.Less(*v.MinSpend):
		return "pays orders of at least " + v.MinSpend.String()
	case len(v.OrderTypes) > 0 && !slices.Contains(v.OrderTypes, o.OrderType):
		return "does not pay orders of the type " + string(o.OrderType)
	}
	for i := range o.Lines {
		if v.pays(&o.Lines[i]) {
			return ""
		}
	}
	return "pays no product and charge mode of this order"
}

// pays says whether the voucher may pay a line.
func (v *Voucher) pays(l *Line) bool {
	return (len(v.Products) == 0 || slices.Contains(v.Products, l.ProductCode)) &&
		(len(v.ChargeModes) == 0 || slices.Contains(v.ChargeModes, l.ChargeMode))
}
