package domain

import (
	"time"
)

// PlaceOrder asks for an order. OrderID may be named by the caller, so that later commands can refer
// to it; otherwise whoever receives the command gives it one. Salts (one per personal value, random)
// come with the command, as the rules have no randomness.
type PlaceOrder struct {
	OrderID       string            `json:"order_id"`
	OrgID         string            `json:"org_id"`
	OrderType     OrderType         `json:"order_type"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	Currency      Currency          `json:"currency"`
	TradeNo       string            `json:"trade_no"`
	BusinessGroup string            `json:"business_group"`
	Tags          map[string]string `json:"tags"`
	ParentOrderID *string           `json:"parent_order_id"`
	// Reason is why: operators must say.
	Reason   string            `json:"reason"`
	Personal map[string]string `json:"personal"`
	Lines    []LineSpec        `json:"lines"`

	Salts map[string]string `json:"-"`
	// Fresh says that the order id was made by us, just now: no such order can exist.
	Fresh bool `json:"-"`
}

func (c PlaceOrder) Name() string             { return "place_order" }
func (c PlaceOrder) Org() string              { return c.OrgID }
func (c PlaceOrder) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the order whatever the ledger holds.
func (c PlaceOrder) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.newOrderID("order_id", c.OrderID)
	k.id("project_id", c.ProjectID)
	k.id("consumer_id", c.ConsumerID)
	k.currency("currency", c.Currency)
	k.text("trade_no", c.TradeNo, textMax)
	k.text("business_group", c.BusinessGroup, textMax)
	k.text("reason", c.Reason, reasonMax)
	k.pairs("tags", c.Tags)
	k.pairs("personal", c.Personal)
	k.orderType(&c)
	if len(c.Lines) == 0 || len(c.Lines) > linesMax {
		k.fail("lines", "an order has 1 to %d lines", linesMax)
	}
	for i := range c.Lines {
		k.lineNo = i + 1
		k.line(c.OrderType, &c.Lines[i])
		k.opensOnce(c.OrderType, c.Lines[:i], &c.Lines[i])
	}
	return k.first
}

// Needs of a new order leaves out the order's own stream when nobody else can have named it. A plain prepaid purchase
// needs nothing else but the settings.
func (c PlaceOrder) Needs(s States) []Ref {
	refs := []Ref{OrgRef(c.OrgID)}
	if !c.Fresh {
		refs = append(refs, OrderRef(c.OrderID))
	}
	if c.ParentOrderID != nil {
		refs = append(refs, AccountRef(c.OrgID), OrderRef(*c.ParentOrderID))
		if parent := s.Order(*c.ParentOrderID); parent != nil && parent.OrgID == c.OrgID {
			refs = append(refs, resourceRefs(&c, parent)...)
		}
	}
	for i := range c.Lines {
		if l := &c.Lines[i]; l.ResourceID != "" && (c.OrderType == TransferIn || l.ChargeMode.Group() != Prepay) {
			refs = append(refs, ResourceRef(c.OrgID, l.ResourceID))
		}
	}
	return refs
}

func (c PlaceOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	if !c.Fresh && s.Order(c.OrderID) != nil {
		return Decision{}, reject(DuplicateOrder, "an order with the id %s exists; leave order_id out, or give a new one", c.OrderID)
	}
	e, refused := c.placed(s, clock)
	if refused != nil {
		return Decision{}, refused
	}
	if e.PayBefore != nil { // nothing else happens before it is paid or approved
		return Decision{Events: []StreamEvent{{OrderRef(c.OrderID), e}}, Secrets: secrets(c)}, nil
	}
	d := newDraft(s, clock)
	d.Secrets = secrets(c)
	if refused := d.begin(e); refused != nil {
		return Decision{}, refused
	}
	return d.Decision, nil
}

// placed is the order as it begins: complete, priced and held against the rules of its type. Unless it waits for a
// payment or an approval it has no PayBefore.
func (c PlaceOrder) placed(s States, clock Clock) (OrderPlaced, *Rejection) {
	settings := SettingsOf(s.Org(c.OrgID))
	var f *following
	if typeRules[c.OrderType].follows {
		var refused *Rejection
		if f, refused = c.follow(s, settings, clock); refused != nil {
			return OrderPlaced{}, refused
		}
		c.Lines = f.Lines
	}
	e, refused := price(c)
	if refused != nil {
		return OrderPlaced{}, refused
	}
	if f != nil {
		e.complete(f)
	}
	if refused := e.fits(settings.Location()); refused != nil {
		return OrderPlaced{}, refused
	}
	e.AwaitingApproval = settings.wantsApproval(&e)
	if e.AwaitingApproval || e.PayableAmount.Sign() > 0 {
		deadline := clock.At.Add(time.Duration(settings.PayBeforeSeconds) * time.Second)
		e.PayBefore = &deadline
	}
	return e, nil
}

// wantsApproval says whether somebody else has to agree before an order may go on.
func (s Settings) wantsApproval(e *OrderPlaced) bool {
	over, ok := s.ApprovalOver[e.Currency]
	return ok && over.Less(e.PayableAmount) || s.FourEyes && e.OrderType == Supplement
}

// begin places an order, and lets follow what follows at once when nothing has to be paid or approved.
func (d *draft) begin(e OrderPlaced) *Rejection {
	stream := OrderRef(e.OrderID)
	d.after[stream] = nil // it is new
	d.emit(stream, e)
	if e.PayBefore != nil {
		return nil
	}
	return d.finish(d.Order(e.OrderID), nil)
}
