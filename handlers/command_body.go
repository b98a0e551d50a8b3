package handlers

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"orderledger/domain"
	"orderledger/internal/auth"
)

const keyBytesMax = 255

// commandKind is a command that may come in: how its body is read, and who may send it.
type commandKind struct {
	needs auth.Operation
	read  func(t *tree, body int) (domain.Command, error)
}

var commandKinds = map[string]commandKind{
	"place_order":       {auth.PlaceOrder, readPlaceOrder},
	"pay_order":         {auth.PayOrder, readCommand[domain.PayOrder]},
	"cancel_order":      {auth.CancelOrder, readCommand[domain.CancelOrder]},
	"void_order":        {auth.VoidOrder, readCommand[domain.VoidOrder]},
	"approve_order":     {auth.ApproveOrder, readCommand[domain.ApproveOrder]},
	"reject_order":      {auth.ApproveOrder, readCommand[domain.RejectOrder]},
	"report_fulfilment": {auth.ReportFulfilment, readCommand[domain.ReportFulfilment]},
	"expire_order":      {auth.ActOnTime, readCommand[domain.ExpireOrder]},
	"refund_order":      {auth.RefundOrder, readCommand[domain.RefundOrder]},
	"top_up":            {auth.TopUp, readCommand[domain.TopUp]},
	"withdraw":          {auth.Withdraw, readCommand[domain.Withdraw]},
	"grant_gift":        {auth.GrantFunds, readCommand[domain.GrantGift]},
	"issue_voucher":     {auth.GrantFunds, readCommand[domain.IssueVoucher]},
	"freeze_funds":      {auth.FreezeFunds, readCommand[domain.FreezeFunds]},
	"release_funds":     {auth.FreezeFunds, readCommand[domain.ReleaseFunds]},
	"lapse_funds":       {auth.ActOnTime, readCommand[domain.LapseFunds]},
	"collect_arrears":   {auth.ActOnTime, readCommand[domain.CollectArrears]},
	"change_settings":   {auth.ChangeSettings, readCommand[domain.ChangeSettings]},

	"report_usage":   {auth.ReportUsage, readCommand[domain.ReportUsage]},
	"settle_usage":   {auth.ActOnTime, readCommand[domain.SettleUsage]},
	"charge_overdue": {auth.ActOnTime, readCommand[domain.ChargeOverdue]},
	"set_auto_renew": {auth.ManageResource, readCommand[domain.SetAutoRenew]},
	"renew_resource": {auth.ActOnTime, readCommand[domain.RenewResource]},
	"close_resource": {auth.ManageResource, readCommand[domain.CloseResource]},
	"mark_overdue":   {auth.ActOnTime, readCommand[domain.MarkOverdue]},
	"review_release": {auth.ActOnTime, readCommand[domain.ReviewRelease]},
	"close_period":   {auth.ClosePeriod, readCommand[domain.ClosePeriod]},
}

func readCommand[C domain.Command](t *tree, body int) (domain.Command, error) {
	var c C
	err := decodeNode(t, body, &c)
	return c, err
}

// readPlaceOrder reads an order and adds what the rules have no way of making: an id where the caller
// gives none, and the salts of personal values.
func readPlaceOrder(t *tree, body int) (domain.Command, error) {
	var c domain.PlaceOrder
	if err := decodeNode(t, body, &c); err != nil {
		return c, err
	}
	if err := requireAmounts(t, body, c.OrderType); err != nil {
		return c, err
	}
	if c.OrderID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		c.OrderID, c.Fresh = id.String(), true
	}
	if len(c.Personal) > 0 {
		c.Salts = make(map[string]string, len(c.Personal))
		for name := range c.Personal {
			var salt [16]byte
			rand.Read(salt[:])
			c.Salts[name] = hex.EncodeToString(salt[:])
		}
	}
	return c, nil
}

// requireAmounts wants a quantity and a unit price on the lines of types where the ledger does not work them out: a price
// left out by mistake would be a price of nothing.
func requireAmounts(t *tree, body int, of domain.OrderType) error {
	switch of {
	case domain.Upgrade, domain.Downgrade, domain.TermSettlement, domain.Compensation, domain.Resize:
		return nil
	}
	n := 0
	lines := t.member(body, "lines")
	for line := lines + 1; line < t.nodes[lines].end; line = t.nodes[line].end {
		for _, name := range []string{"quantity", "unit_price"} {
			if m := t.member(line, name); m == 0 || t.nodes[m].kind == jsonNull {
				return invalidField(fmt.Sprintf("lines[%d].%s", n, name), "it is required")
			}
		}
		n++
	}
	return nil
}

// sender is who sends a command, as far as it is known.
type sender struct {
	auth.Identity
	// unknown is why it isn't known; nil when it is.
	unknown error
}

// newRequest makes a request of a command's body, which is a node of the tree, whatever way it came in.
// What is wrong with the body is found whoever sent it; may tells whether the sender may send it.
func newRequest(t *tree, body int, name, key string, from sender) (Request, error) {
	kind, ok := commandKinds[name]
	if !ok {
		return Request{}, invalidField("command", "one of "+strings.Join(domain.CommandNames, ", "))
	}
	c, err := kind.read(t, body)
	if err != nil {
		return Request{}, err
	}
	checked := c
	if c.Org() == "" {
		switch {
		case from.unknown != nil:
			checked = c.ForOrg("unknown") // the rest can be checked all the same
		case from.OrgID != "":
			c = c.ForOrg(from.OrgID)
			checked = c
		}
	}
	if refused := checked.Check(); refused != nil {
		return Request{}, refused
	}
	if err := checkKey(key); err != nil {
		return Request{}, err
	}
	return Request{Command: c, Key: key, Fingerprint: t.fingerprint(body, name), Actor: from.Actor()}, nil
}

func checkKey(key string) error {
	switch {
	case key == "":
		return problem(codeKeyMissing, "a command needs an idempotency key")
	case len(key) > keyBytesMax || !printable(key) || strings.TrimSpace(key) != key:
		return invalidField("Idempotency-Key", "1 to 255 printable ASCII characters")
	case strings.HasPrefix(key, "ledger:"):
		return invalidField("Idempotency-Key", "keys that begin with ledger: are ours")
	}
	return nil
}

// may says whether the sender may send a request: who it is, what it may do, for whom, in this order.
func (from sender) may(r Request) error {
	if from.unknown != nil {
		return unauthenticated(from.unknown)
	}
	if needs := commandKinds[r.Command.Name()].needs; !from.Role.May(needs) {
		return notAllowed(from.Identity, needs)
	}
	if needs := needsMore(r.Command); needs != "" && !from.Role.May(needs) {
		return notAllowed(from.Identity, needs)
	}
	if !r.At.IsZero() && !from.Role.May(auth.Import) {
		return notAllowed(from.Identity, auth.Import)
	}
	if from.OrgID != "" && r.Command.Org() != from.OrgID {
		return notFound()
	}
	return nil
}

// needsMore is what a command needs beyond its kind, for what stands in it; "" is nothing.
func needsMore(c domain.Command) auth.Operation {
	switch c := c.(type) {
	case domain.PlaceOrder:
		if c.OrderType.ByOperator() {
			return auth.PlaceOperatorOrder
		}
	case domain.ChangeSettings:
		if c.ChangesTerms() {
			return auth.SetTerms
		}
	}
	return ""
}

// commandLine is a command as a line of many: of POST /v1/commands, and of files to be imported.
type commandLine struct {
	Key     string     `json:"key" doc:"The idempotency key"`
	Command string     `json:"command" doc:"The command's name, such as place_order"`
	At      *time.Time `json:"at,omitempty" doc:"When it happened, for history that is brought in; platform keys only"`
	Body    raw        `json:"body" doc:"As in HTTP, with what stands there in the address"`
}

// readLine makes a request of a line. The key that it gives is known even when the rest is wrong.
func readLine(text []byte, from sender) (r Request, key string, err error) {
	t, err := parseBody(text)
	if err != nil {
		return Request{}, "", err
	}
	if m := t.member(0, "key"); m > 0 {
		key = shortKey(t.nodes[m].text)
	}
	var line commandLine
	if err := decodeNode(t, 0, &line); err != nil {
		return Request{}, key, err
	}
	r, err = newRequest(t, int(line.Body), line.Command, line.Key, from)
	if err != nil {
		return Request{}, key, err
	}
	r.Bytes = len(text)
	if line.At != nil {
		r.At = *line.At
	}
	return r, key, from.may(r)
}

// shortKey is what of a key is worth repeating.
func shortKey(key string) string {
	if len(key) > keyBytesMax {
		return ""
	}
	return strings.Clone(key)
}
