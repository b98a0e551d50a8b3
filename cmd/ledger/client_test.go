package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// person is somebody at a terminal with a platform key.
type person struct {
	*testing.T
	dir string
}

// does runs a command line, which is written with spaces, and wants what it prints to have each text.
func (p person) does(args string, want ...string) string {
	p.Helper()
	out := must(p.T, append(strings.Fields(args), "--data", p.dir)...)
	for _, text := range want {
		if !strings.Contains(out, text) {
			p.Errorf("ledger %s: no %q in\n%s", args, text, out)
		}
	}
	return out
}

// sees is does for a read, which must have seen all that happened.
func (p person) sees(args string, want ...string) {
	p.Helper()
	p.does(args+" --min-position "+strconv.FormatInt(readState(p.T, p.dir).Head.Position, 10), want...)
}

// is refused with an exit code.
func (p person) refused(args string, code int, why string) {
	p.Helper()
	o := ledger(p.T, append(strings.Fields(args), "--data", p.dir)...)
	if o.code != code || !strings.Contains(o.stderr, why) {
		p.Errorf("ledger %s: exit %d, want %d with %s\n%s", args, o.code, code, why, o.stderr)
	}
}

func (p person) file(name, text string) string {
	p.Helper()
	path := filepath.Join(p.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
	return path
}

func (p person) places(order string) string {
	p.Helper()
	var placed struct {
		OrderID string `json:"order_id"`
	}
	if err := json.Unmarshal([]byte(p.does("order place "+p.file("order.json", order)+" --json")), &placed); err != nil {
		p.Fatal(err)
	}
	return placed.OrderID
}

const leaseOrder = `{"org_id":"org-acme","order_type":"purchase","project_id":"Default","consumer_id":"user-7","currency":"CNY","tags":{"team":"vision"},
	"lines":[{"product_code":"gpu","product_name":"GPU","resource_type":"云主机","resource_id":"rack/7","resource_ext":{"内网IP":"192.168.18.164"},"count":"1",
	"charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86","effective_at":"2099-11-04T23:00:00+08:00","expires_at":"2099-12-04T23:00:00+08:00"}]}`

const meteredOrder = `{"org_id":"org-acme","order_type":"purchase","project_id":"Default","consumer_id":"user-7","currency":"CNY",
	"lines":[{"product_code":"model","product_name":"Model","resource_type":"model","resource_id":"llm-1","count":"1","charge_mode":"metered",
	"quantity":"0","unit":"1k","unit_price":"0","cycle":"hour","meters":[{"meter":"tokens","unit":"1k","unit_price":"0.50"}]}]}`

func TestTheWholeDomainByHand(t *testing.T) {
	t.Parallel()
	p := person{t, newData(t)}
	startDev(t, p.dir, "--no-demo", "--http", "127.0.0.1:0")
	p.does("account top-up org-acme --amount 50 --reference bank-1", "50.00")
	p.does("account voucher org-acme --amount 5 --voucher-id V-1 --order-type purchase,renewal", "V-1")
	p.does("account grant org-acme --amount 3 --reason welcome", "3.00")
	p.does("account freeze org-acme --amount 2 --reason dispute", "-2.00")
	p.does("account release org-acme --amount 1 --reason settled", "49.00")
	p.does("account withdraw org-acme --amount 9 --reference bank-2", "40.00")
	p.refused("account withdraw org-acme --amount 99 --reference bank-3", exitConflict, "insufficient_funds")
	p.sees("account get org-acme", "40.00", "3.00", "5.00", "1.00")
	p.sees("account vouchers org-acme --lang zh --state active", "V-1", "生效中")
	p.sees("account gifts org-acme --currency CNY", "welcome")
	p.sees("account entries org-acme --lang zh", "充值", "提现", "发放代金券")

	p.does("order quote "+p.file("quote.json", leaseOrder)+" --lang zh", "新购", "待支付", "28.86")
	order := p.places(leaseOrder)
	p.does("order pay "+order+" --cash 20.86 --gift 3 --voucher V-1=5 --lang en", "20.86 Cash + 3.00 Gift + 5.00 Voucher")
	p.does("order fulfil "+order+" --state started", "fulfilling")
	p.does("order fulfil "+order+" --state completed", "completed")
	p.refused("order fulfil "+order+" --state completed", exitConflict, "order_not_fulfillable")
	p.sees("resource get rack/7 --lang zh", "使用中", "按月")
	p.does("resource auto-renew rack/7 on --quantity 2 --org org-acme", "on, 2 each time")
	p.sees("resource list --expiring-from 2099-12-01T00:00:00Z --expiring-before 2100-01-01T00:00:00Z --auto-renew true", "rack/7")
	p.does("order refund "+order+" --amount 2 --reason slow --preview", "-2.00", "partially_refunded")
	p.does("order refund "+order+" --amount 2 --reason slow", "-2.00", "partially_refunded")
	p.does("resource close rack/7 --org org-acme --reason enough", "closed", "refund")
	p.sees("resource orders rack/7 --lang zh", "新购", "删除")
	p.sees("bill lines --columns bill25 --lang zh", "订单号", "交易到期时间（北京时间）", "2099/11/4 23:00:00", "内网IP:192.168.18.164;", "team:vision;")

	p.sees("order list --parent "+order+" --type refund --refund-state none --hide-zero --charge-group prepay", "-2.00")

	p.places(meteredOrder)
	p.refused("usage "+p.file("usage.jsonl", `{"record_id":"r-1","resource_id":"llm-1"}`)+" --org org-acme", exitUsage, "meter")
	p.sees("resource list --status active", "llm-1")
	p.does("settings set org-acme --approval-over CNY=20 --credit-limit CNY=5 --four-eyes", `{"CNY":"20.00"}`)
	p.refused("settings set org-acme", exitUsage, "name a setting")
	dear := p.places(strings.Replace(leaseOrder, "rack/7", "rack/8", 1))
	p.refused("order approve "+dear, exitConflict, "approval_by_placer")
	p.does("order void "+dear+" --reason mistake --lang zh", "已作废")
	p.refused("order void "+dear+" --reason again", exitConflict, "order_not_unpaid")
	p.does("bill close 2025-10 --org org-acme", "closing")
	p.refused("bill close 2025-10 --org org-acme", exitConflict, "period_closed")
	verifyClean(t, p.dir)
}
