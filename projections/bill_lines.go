package projections

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var billLinesTable = newTable("bill_lines", "order_id, line_no", `
	order_id text, line_no integer, org_id text, position bigint, billing_period text, created_period text,
	order_created_at timestamptz, order_type text, order_status text, currency text, project_id text, consumer_id text,
	business_group text, product_code text, product_name text, resource_id text, resource_name text, region text, charge_mode text,
	list_amount numeric, discount_amount numeric, cash numeric, gift numeric, voucher numeric, amount numeric, tags jsonb,
	parent_order_id text?, corrects_order text?, corrects_line integer?, doc json`)

var billZonesTable = newTable("bill_zones", "org_id", `org_id text, time_zone text`)

// BillLine is what one line of a paid order cost, from which funds, for which month, as the API answers it. It never
// changes once it is posted: what fulfilment fills in later stands on the order alone. Its JSON is frozen, too, as the
// seals of closed months hold digests of it; a new field must be left out where it says nothing.
type BillLine struct {
	BillLineID     string             `json:"bill_line_id"`
	OrgID          string             `json:"org_id"`
	ConsumerID     string             `json:"consumer_id"`
	OrderID        string             `json:"order_id"`
	LineNo         int                `json:"line_no"`
	OrderType      domain.OrderType   `json:"order_type"`
	OrderStatus    domain.Status      `json:"order_status"` // at the posting
	OrderCreatedAt time.Time          `json:"order_created_at"`
	ResourceID     string             `json:"resource_id"`
	ResourceName   string             `json:"resource_name"`
	ResourceType   string             `json:"resource_type"`
	ResourceExt    map[string]string  `json:"resource_ext"`
	ProductCode    string             `json:"product_code"`
	ProductName    string             `json:"product_name"`
	BillingItem    string             `json:"billing_item"`
	Region         string             `json:"region"`
	Zone           string             `json:"zone"`
	ProjectID      string             `json:"project_id"`
	BusinessGroup  string             `json:"business_group"`
	OldConfig      []domain.Component `json:"old_config"`
	NewConfig      []domain.Component `json:"new_config"`
	Count          domain.Decimal     `json:"count"`
	ChargeMode     domain.ChargeMode  `json:"charge_mode"`
	Quantity       domain.Decimal     `json:"quantity"`
	Unit           string             `json:"unit"`
	UnitPrice      domain.Decimal     `json:"unit_price"`
	EffectiveAt    *time.Time         `json:"effective_at"`
	ExpiresAt      *time.Time         `json:"expires_at"`
	// DurationMinutes is the time from EffectiveAt to ExpiresAt in whole minutes; nil where either is open.
	DurationMinutes *int64        `json:"duration_minutes"`
	ListAmount      domain.Amount `json:"list_amount"`
	DiscountAmount  domain.Amount `json:"discount_amount"`
	domain.Funds
	Amount        domain.Amount     `json:"amount"`
	Currency      domain.Currency   `json:"currency"`
	BillingPeriod domain.Period     `json:"billing_period"`
	CreatedPeriod domain.Period     `json:"created_period"`
	Corrects      *string           `json:"corrects"`
	Tags          map[string]string `json:"tags"`
	// Position is that of the event that paid the order.
	Position int64 `json:"position"`
}

func pageOfBillLines(ctx context.Context, tx pgx.Tx, log *eventstore.Log, events []eventstore.Event, out sink) error {
	first, err := firstEvents(ctx, log, events)
	if err != nil {
		return err
	}
	zones, err := loadZones(ctx, tx, events)
	if err != nil {
		return err
	}
	changed, err := zones.follow(events)
	if err != nil {
		return err
	}
	for _, org := range sortedKeys(changed) {
		out.add(billZonesTable, org, changed[org])
	}
	return foldBillLines(events, first, zones, nil, out)
}

// firstEvents finds the placing of each order that the events pay: there, or in the log.
func firstEvents(ctx context.Context, log *eventstore.Log, events []eventstore.Event) (map[string]*eventstore.Event, error) {
	first := placings(events)
	var missing []string
	for i := range events {
		if e := &events[i]; e.Type == domain.TypeOrderPaid && first[e.Stream] == nil {
			missing = append(missing, e.Stream)
		}
	}
	if len(missing) == 0 {
		return first, nil
	}
	found, err := log.ReadFirst(ctx, missing)
	if err != nil {
		return nil, err
	}
	for i := range found {
		first[found[i].Stream] = &found[i]
	}
	return first, nil
}

func placings(events []eventstore.Event) map[string]*eventstore.Event {
	first := map[string]*eventstore.Event{}
	for i := range events {
		if events[i].Type == domain.TypeOrderPlaced {
			first[events[i].Stream] = &events[i]
		}
	}
	return first
}

// foldBillLines writes the bill lines of the orders that the events pay, with zones as of each payment, and
// counts them into sums, if any.
func foldBillLines(events []eventstore.Event, first map[string]*eventstore.Event, zones zoneHistory, sums *billSums, out sink) error {
	for i := range events {
		e := &events[i]
		if _, ok := idOf(e, domain.KindOrder); !ok {
			continue
		}
		switch e.Type {
		case domain.TypeOrderPaid:
		case domain.TypeOrderPlaced, domain.TypeOrderApproved, domain.TypeOrderRejected, domain.TypeOrderCancelled, domain.TypeOrderExpired,
			domain.TypeOrderVoided, domain.TypeFulfilmentStarted, domain.TypeOrderCompleted, domain.TypeFulfilmentFailed,
			domain.TypeFulfilmentOverdue, domain.TypeOrderRefunded: // the refund order's payment has the money
			continue
		default: // it might be money
			return unknown(e)
		}
		placing := first[e.Stream]
		if placing == nil {
			return cannot(e, errors.New("its order was never placed"))
		}
		if err := postOrder(placing, e, zones, sums, out); err != nil {
			return err
		}
	}
	return nil
}

// postOrder writes the bill lines of one paid order.
func postOrder(placing, payment *eventstore.Event, zones zoneHistory, sums *billSums, out sink) error {
	event, err := decode(placing)
	if err != nil {
		return err
	}
	placed, ok := event.(domain.OrderPlaced)
	if !ok {
		return unknown(placing)
	}
	if event, err = decode(payment); err != nil {
		return err
	}
	paid, ok := event.(domain.OrderPaid)
	if !ok || len(paid.Lines) != len(placed.Lines) {
		return cannot(payment, fmt.Errorf("it does not pay the %d lines that were placed", len(placed.Lines)))
	}
	zone, err := zones.at(placed.OrgID, payment.Position)
	if err != nil {
		return cannot(payment, err)
	}
	tags, err := json.Marshal(placed.Tags)
	if err != nil {
		return cannot(placing, err)
	}
	for i := range placed.Lines {
		line := billLine(&placed, i, &paid, placing.OccurredAt, zone, payment.Position)
		if err := line.write(&placed, string(tags), out); err != nil {
			return cannot(payment, err)
		}
		sums.add(&line)
	}
	return nil
}

func billLine(o *domain.OrderPlaced, i int, paid *domain.OrderPaid, createdAt time.Time, zone *time.Location, position int64) BillLine {
	l, funds, status := &o.Lines[i], paid.Lines[i].Funds, domain.Paid
	if paid.Completed {
		status = domain.Completed
	}
	var corrects *string
	if l.Corrects != "" {
		corrects = &l.Corrects
	}
	return BillLine{
		BillLineID: fmt.Sprintf("%s-%d", o.OrderID, l.LineNo), OrgID: o.OrgID, ConsumerID: o.ConsumerID, OrderID: o.OrderID,
		LineNo: l.LineNo, OrderType: o.OrderType, OrderStatus: status, OrderCreatedAt: createdAt,
		ResourceID: l.ResourceID, ResourceName: l.ResourceName, ResourceType: l.ResourceType, ResourceExt: l.ResourceExt,
		ProductCode: l.ProductCode, ProductName: l.ProductName, BillingItem: l.BillingItem, Region: l.Region, Zone: l.Zone,
		ProjectID: o.ProjectID, BusinessGroup: o.BusinessGroup, OldConfig: l.OldConfig, NewConfig: l.NewConfig,
		Count: l.Count, ChargeMode: l.ChargeMode, Quantity: l.Quantity, Unit: l.Unit, UnitPrice: l.UnitPrice,
		EffectiveAt: l.EffectiveAt, ExpiresAt: l.ExpiresAt, DurationMinutes: minutesOf(l), ListAmount: l.ListAmount, DiscountAmount: l.DiscountAmount,
		Funds: funds, Amount: funds.Total(), Currency: o.Currency, BillingPeriod: paid.BillingPeriod,
		CreatedPeriod: domain.PeriodOf(createdAt, zone), Corrects: corrects, Tags: o.Tags, Position: position,
	}
}

func minutesOf(l *domain.Line) *int64 {
	if l.EffectiveAt == nil || l.ExpiresAt == nil {
		return nil
	}
	minutes := int64(l.ExpiresAt.Sub(*l.EffectiveAt) / time.Minute)
	return &minutes
}

func (l *BillLine) write(o *domain.OrderPlaced, tags string, out sink) error {
	var doc bytes.Buffer
	enc := json.NewEncoder(&doc)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return fmt.Errorf("encode bill line %s: %w", l.BillLineID, err)
	}
	doc.Truncate(doc.Len() - 1) // the encoder's line feed
	correctsOrder, correctsLine := cutBillLineID(l.Corrects)
	out.add(billLinesTable, l.OrderID, number(int64(l.LineNo)), l.OrgID, number(l.Position), string(l.BillingPeriod), string(l.CreatedPeriod),
		timeText(l.OrderCreatedAt), string(l.OrderType), string(l.OrderStatus), string(l.Currency), l.ProjectID, l.ConsumerID,
		l.BusinessGroup, l.ProductCode, l.ProductName, l.ResourceID, l.ResourceName, l.Region, string(l.ChargeMode),
		l.ListAmount.String(), l.DiscountAmount.String(), l.Cash.String(), l.Gift.String(), l.Voucher.String(), l.Amount.String(),
		tags, textOrNull(o.ParentOrderID), correctsOrder, correctsLine, doc.String())
	return nil
}

// cutBillLineID takes a bill line's id apart: "<order id>-<line no>". Nothing comes of another text.
func cutBillLineID(id *string) (orderID, lineNo string) {
	if id == nil {
		return "", ""
	}
	i := strings.LastIndexByte(*id, '-')
	if n, err := strconv.ParseInt((*id)[i+1:], 10, 32); i <= 0 || err != nil || n <= 0 {
		return "", ""
	}
	return (*id)[:i], (*id)[i+1:]
}

func refoldBillLines(ctx context.Context, tx pgx.Tx, upTo int64) (*refold, error) {
	settings, err := readSettings(ctx, tx, upTo)
	if err != nil {
		return nil, err
	}
	zones := zoneHistory{}
	last, err := zones.follow(settings)
	if err != nil {
		return nil, err
	}
	return &refold{
		kind: domain.KindOrder,
		chunk: func(events []eventstore.Event, out sink) error {
			sums := newBillSums(upTo)
			if err := foldBillLines(events, placings(events), zones, sums, out); err != nil {
				return err
			}
			sums.write(out)
			return nil
		},
		end: func(out sink) error {
			for _, org := range sortedKeys(last) {
				out.add(billZonesTable, org, last[org])
			}
			return nil
		},
	}, nil
}
