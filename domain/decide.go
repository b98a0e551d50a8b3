package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"
)

// Decide carries a checked command out against the states it needs: the events it makes, or why it is
// refused. The same arguments always give the same answer.
func Decide(s States, c Command, clock Clock) (Decision, *Rejection) {
	if clock.At.After(clock.Now) {
		return Decision{}, invalid("at", "history can't be in the future: it is %s", clock.Now.Format(time.RFC3339Nano))
	}
	switch c := c.(type) {
	case PlaceOrder:
		return decidePlace(s, c, clock)
	case PayOrder:
		return decidePay(s, c, clock)
	case CancelOrder:
		return decideCancel(s, c, clock)
	case ExpireOrder:
		return decideExpire(s, c, clock)
	case TopUp:
		return decideTopUp(s, c)
	case ChangeSettings:
		return decideSettings(s, c)
	}
	return Decision{}, invalid("command", "this command is not known")
}

func decidePlace(s States, c PlaceOrder, clock Clock) (Decision, *Rejection) {
	if !c.Fresh && s.Order(c.OrderID) != nil {
		return Decision{}, reject(DuplicateOrder, "an order with the id %s exists; leave order_id out, or give a new one", c.OrderID)
	}
	e, refused := price(c)
	if refused != nil {
		return Decision{}, refused
	}
	settings := SettingsOf(s.Org(c.OrgID))
	d := Decision{Secrets: secrets(c)}
	if e.PayableAmount.Sign() > 0 {
		deadline := clock.At.Add(time.Duration(settings.PayBeforeSeconds) * time.Second)
		e.PayBefore = &deadline
		d.Events = []StreamEvent{{OrderRef(c.OrderID), e}}
		return d, nil
	}
	paid := payment(e.Header, e.Lines, NoFunds(c.Currency), settings, clock.At)
	d.Events = []StreamEvent{{OrderRef(c.OrderID), e}, {OrderRef(c.OrderID), paid}}
	return d, nil
}

// price works out the exact amounts of the lines and of the order.
func price(c PlaceOrder) (OrderPlaced, *Rejection) {
	e := OrderPlaced{
		Header: Header{
			OrderID: c.OrderID, OrgID: c.OrgID, OrderType: c.OrderType, ProjectID: c.ProjectID, ConsumerID: c.ConsumerID,
			Currency: c.Currency, TradeNo: c.TradeNo, BusinessGroup: c.BusinessGroup, Tags: notNil(c.Tags),
			ParentOrderID: c.ParentOrderID, Personal: digests(c),
		},
		Lines:          make([]Line, len(c.Lines)),
		ListAmount:     c.Currency.Zero(),
		DiscountAmount: c.Currency.Zero(),
		PayableAmount:  c.Currency.Zero(),
	}
	for i, spec := range c.Lines {
		line, refused := priceLine(i, spec, c.Currency)
		if refused != nil {
			return OrderPlaced{}, refused
		}
		e.Lines[i] = line
		e.ListAmount = e.ListAmount.Add(line.ListAmount)
		e.DiscountAmount = e.DiscountAmount.Add(line.DiscountAmount)
		e.PayableAmount = e.PayableAmount.Add(line.PayableAmount)
	}
	if !e.ListAmount.inRange() {
		return OrderPlaced{}, invalid("lines", "the sum of the lines: %s", errAmountTooBig)
	}
	return e, nil
}

// priceLine rounds once: list = count × quantity × unit price; payable = list − discount.
func priceLine(i int, spec LineSpec, currency Currency) (Line, *Rejection) {
	list, err := currency.round(spec.Count.Mul(spec.Quantity.Decimal).Mul(spec.UnitPrice.Decimal))
	if err != nil {
		return Line{}, invalid(lineField(i, "unit_price"), "%s", err)
	}
	discount, err := spec.DiscountAmount.In(currency)
	if err != nil {
		return Line{}, invalid(lineField(i, "discount_amount"), "%s", err)
	}
	if discount.Sign() < 0 || list.Less(discount) {
		return Line{}, invalid(lineField(i, "discount_amount"), "a discount lies between 0 and the line's list amount, %s", list)
	}
	spec.DiscountAmount = discount
	spec.ResourceExt = notNil(spec.ResourceExt)
	if spec.OldConfig == nil {
		spec.OldConfig = []Component{}
	}
	if spec.NewConfig == nil {
		spec.NewConfig = []Component{}
	}
	spec.EffectiveAt, spec.ExpiresAt = utc(spec.EffectiveAt), utc(spec.ExpiresAt)
	return Line{LineNo: i + 1, LineSpec: spec, ListAmount: list, PayableAmount: list.Sub(discount)}, nil
}

func decidePay(s States, c PayOrder, clock Clock) (Decision, *Rejection) {
	o, refused := unpaidOrder(s, c.OrderID, c.OrgID, clock, "can't be paid")
	if refused != nil {
		return Decision{}, refused
	}
	// The deadline holds by itself, whether or not the expiry timer has run yet.
	if o.PayBefore != nil && !clock.At.Before(*o.PayBefore) {
		return Decision{}, reject(PaymentDeadlinePassed, "the order had to be paid before %s; place it again", o.PayBefore.Format(time.RFC3339))
	}
	balance := s.Account(o.OrgID).Balance(o.Currency)
	funds, refused := allocate(o, balance, c.Funds)
	if refused != nil {
		return Decision{}, refused
	}
	settings := SettingsOf(s.Org(o.OrgID))
	charged := AccountCharged{
		OrgID: o.OrgID, OrderID: o.OrderID, Currency: o.Currency, Funds: funds,
		Postings: fundPostings(o.Currency, funds, PlaceSales),
		Balance: Balance{Currency: o.Currency, Frozen: balance.Frozen, Funds: Funds{
			Cash: balance.Cash.Sub(funds.Cash), Gift: balance.Gift.Sub(funds.Gift), Voucher: balance.Voucher.Sub(funds.Voucher),
		}},
	}
	return Decision{Events: []StreamEvent{
		{OrderRef(o.OrderID), payment(o.Header, o.Lines, funds, settings, clock.At)},
		{AccountRef(o.OrgID), charged},
	}}, nil
}

// allocate finds the funds that pay the order: those named, or gift before cash.
func allocate(o *Order, b Balance, named *Allocation) (Funds, *Rejection) {
	funds := NoFunds(o.Currency)
	if named == nil {
		funds.Gift = lesser(b.Gift, o.PayableAmount)
		funds.Cash = o.PayableAmount.Sub(funds.Gift)
	} else {
		if len(named.Vouchers) > 0 {
			return Funds{}, reject(VoucherNotUsable, "the account has no voucher %s", named.Vouchers[0].VoucherID)
		}
		var err1, err2 error
		funds.Cash, err1 = named.Cash.In(o.Currency)
		funds.Gift, err2 = named.Gift.In(o.Currency)
		if err1 != nil || err2 != nil {
			return Funds{}, invalid("funds", "%s has %d decimal digits at most", o.Currency, o.Currency.digits())
		}
		if funds.Total() != o.PayableAmount {
			return Funds{}, reject(FundsMismatch, "the funds add up to %s, the order costs %s; an order is paid whole", funds.Total(), o.PayableAmount)
		}
	}
	missing := shortfall(funds.Cash, b.Cash).Add(shortfall(funds.Gift, b.Gift))
	if missing.Sign() > 0 {
		return Funds{}, &Rejection{
			Code: InsufficientFunds, Missing: missing, Currency: o.Currency,
			Detail: "the account lacks " + missing.String() + " " + string(o.Currency) + "; top it up, then pay again",
		}
	}
	return funds, nil
}

func payment(h Header, lines []Line, funds Funds, settings Settings, at time.Time) OrderPaid {
	due := make([]Amount, len(lines))
	for i, l := range lines {
		due[i] = l.PayableAmount
	}
	paid := OrderPaid{OrderID: h.OrderID, OrgID: h.OrgID, Currency: h.Currency, Paid: funds, Lines: make([]LinePayment, len(lines))}
	for i, share := range shareFunds(funds, due) {
		paid.Lines[i] = LinePayment{lines[i].LineNo, share}
	}
	zone, ok := Zone(settings.TimeZone)
	if !ok { // settings are checked when they are changed
		zone, _ = Zone(DefaultTimeZone)
	}
	paid.BillingPeriod = PeriodOf(at, zone)
	return paid
}

func decideCancel(s States, c CancelOrder, clock Clock) (Decision, *Rejection) {
	o, refused := unpaidOrder(s, c.OrderID, c.OrgID, clock, "can't be cancelled")
	if refused != nil {
		return Decision{}, refused
	}
	return one(OrderRef(o.OrderID), OrderCancelled{OrderID: o.OrderID, OrgID: o.OrgID, Reason: c.Reason}), nil
}

func decideExpire(s States, c ExpireOrder, clock Clock) (Decision, *Rejection) {
	o, refused := unpaidOrder(s, c.OrderID, c.OrgID, clock, "can't expire")
	if refused != nil {
		return Decision{}, refused
	}
	if clock.At.Before(*o.PayBefore) {
		return Decision{}, reject(NotYetDue, "the order may be paid until %s", o.PayBefore.Format(time.RFC3339))
	}
	return one(OrderRef(o.OrderID), OrderExpired{OrderID: o.OrderID, OrgID: o.OrgID, PayBefore: *o.PayBefore}), nil
}

func decideTopUp(s States, c TopUp) (Decision, *Rejection) {
	a := s.Account(c.OrgID)
	amount, err := c.Amount.In(c.Currency)
	if err != nil {
		return Decision{}, invalid("amount", "%s", err)
	}
	balance := a.Balance(c.Currency)
	balance.Cash = balance.Cash.Add(amount)
	if !balance.Cash.inRange() {
		return Decision{}, reject(BalanceTooLarge, "the balance would pass 10^15 minor units")
	}
	d := one(AccountRef(c.OrgID), AccountToppedUp{
		OrgID: c.OrgID, Currency: c.Currency, Amount: amount, Reference: c.Reference, Balance: balance,
		Postings: []Posting{{PlaceBank, amount.Neg(), c.Currency}, {PlaceCash, amount, c.Currency}},
	})
	d.Claims = []Claim{{"top_up", c.Reference, reject(DuplicateReference, "the reference %q was topped up before; a reference counts once", c.Reference)}}
	return d, nil
}

func decideSettings(s States, c ChangeSettings) (Decision, *Rejection) {
	settings := SettingsOf(s.Org(c.OrgID))
	if c.TimeZone != nil {
		settings.TimeZone = *c.TimeZone
	}
	if c.PayBeforeSeconds != nil {
		settings.PayBeforeSeconds = *c.PayBeforeSeconds
	}
	return one(OrgRef(c.OrgID), OrgSettingsChanged{OrgID: c.OrgID, Settings: settings}), nil
}

// unpaidOrder finds the order for a command that needs it unpaid. An order of another organisation
// is not found, as if it did not exist.
func unpaidOrder(s States, orderID, orgID string, clock Clock, verb string) (*Order, *Rejection) {
	o := s.Order(orderID)
	if o == nil || o.OrgID != orgID {
		return nil, reject(NotFound, "there is no order %s", orderID)
	}
	if o.Status != Unpaid {
		return nil, reject(OrderNotUnpaid, "the order is %s and %s", o.Status, verb)
	}
	if clock.At.Before(o.OccurredAt) {
		return nil, invalid("at", "history can't go back: the order's last event happened at %s", o.OccurredAt.Format(time.RFC3339Nano))
	}
	return o, nil
}

func one(stream Ref, e Event) Decision { return Decision{Events: []StreamEvent{{stream, e}}} }

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

func notNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func lesser(a, b Amount) Amount {
	if a.Less(b) {
		return a
	}
	return b
}

// shortfall is what has lacks of want, or nothing.
func shortfall(want, has Amount) Amount {
	if want.Less(has) {
		return Amount{digits: want.digits}
	}
	return want.Sub(has)
}

// utc drops the zone and what is finer than a microsecond, which is what the log keeps.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
