package domain

// placer is who may place orders of a type.
type placer int

const (
	byClient   placer = iota // anybody who may place orders
	byOperator               // the platform's people, with a reason
	bySystem                 // arises from commands and timers
)

// sign says what an order of a type may amount to.
type sign int

const (
	anyAmount sign = iota
	zeroOrMore
	zeroOnly
	zeroOrLess
)

// typeRule is what holds for all orders of one type. One table decides, so that documentation, checks and tests
// can't drift apart.
type typeRule struct {
	placer placer
	sign   sign
	// follows: the order names the order that it follows (parent_order_id).
	follows bool
	// groups are the charge groups that its lines may have; nil allows all.
	groups []ChargeGroup
	// provisioned: once paid, it stays paid until a service reports fulfilment; others complete at once.
	provisioned bool
	// onResource: completing it changes its resource's terms.
	onResource bool
	// debited: it is taken from the account at once; short of funds it becomes arrears.
	debited bool
}

var typeRules = map[OrderType]typeRule{
	Purchase:        {sign: zeroOrMore, provisioned: true, onResource: true},
	Renewal:         {sign: zeroOrMore, follows: true, groups: []ChargeGroup{Prepay}, onResource: true},
	Upgrade:         {sign: zeroOrMore, follows: true, groups: []ChargeGroup{Prepay}, provisioned: true, onResource: true},
	Downgrade:       {sign: zeroOrLess, follows: true, groups: []ChargeGroup{Prepay}, onResource: true},
	Resize:          {sign: zeroOnly, follows: true, groups: []ChargeGroup{Postpay}, onResource: true},
	Convert:         {follows: true, onResource: true},
	TermSettlement:  {follows: true, groups: []ChargeGroup{Prepay}, onResource: true},
	Supplement:      {placer: byOperator, follows: true},
	Recovery:        {placer: byOperator, sign: zeroOrMore, follows: true, provisioned: true, onResource: true},
	Compensation:    {placer: byOperator, sign: zeroOnly, follows: true, groups: []ChargeGroup{Prepay, Free}, onResource: true},
	TransferIn:      {placer: byOperator, sign: zeroOnly, onResource: true},
	Refund:          {placer: bySystem, sign: zeroOrLess, follows: true},
	OverdueDaily:    {placer: bySystem, sign: zeroOrMore, follows: true, debited: true},
	UsageSettlement: {placer: bySystem, sign: zeroOrMore, follows: true, debited: true},
}

// ByOperator says that only operators of the platform place orders of the type.
func (t OrderType) ByOperator() bool { return typeRules[t].placer == byOperator }
