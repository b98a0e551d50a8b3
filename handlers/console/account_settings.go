package console

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// settingsView is the page of an organisation's settings, which those who may can change.
type settingsView struct {
	form
	Now projections.Org
	// Unchanged: the form was sent without a change.
	Unchanged bool
}

// settingsPage shows the settings, or changes those that were typed anew.
func (v *view) settingsPage() error {
	if err := v.reach(projections.Orgs); err != nil {
		return err
	}
	page := settingsView{form: v.form()}
	var err error
	page.Now, err = v.c.Server.Reader.Org(v.r.Context(), v.org)
	if errors.Is(err, projections.ErrNotFound) {
		page.Now, err = projections.OrgOf(&domain.Org{OrgID: v.org, Settings: domain.DefaultSettings()}, 0), nil
	}
	if err != nil {
		return err
	}
	v.asOf = page.Now.AsOf
	if v.r.Method == http.MethodPost {
		body := page.changes()
		switch page.Unchanged = len(body) == 1; {
		case page.Unchanged: // a form that was sent twice ends here, too
		case page.stale():
			page.refused(problem(http.StatusPreconditionFailed, "version_mismatch", "somebody changed the settings since this form was opened"))
		default:
			result, err := page.send("change_settings", body)
			if err == nil {
				return v.did(result, v.To("/account/settings", "done", "change_settings"))
			}
			page.refused(err)
		}
	}
	return v.show("account_settings", page)
}

// stale says whether the settings changed since the form was opened: what it shows of those that were not typed anew
// would put the old ones back.
func (p settingsView) stale() bool {
	opened := p.r.PostFormValue("version")
	return opened != "" && opened != strconv.FormatInt(p.Now.Version, 10)
}

// MayChange says whether the person may change the settings.
func (p settingsView) MayChange() bool { return p.May(auth.ChangeSettings) }

// MaySetTerms is about credit, proration and the like, which are not the organisation's own to decide.
func (p settingsView) MaySetTerms() bool { return p.May(auth.SetTerms) }

// Overdue is for how many days after its lease a resource is charged.
func (p settingsView) Overdue() int64 { return orElse(p.Now.OverdueDays, domain.DefaultOverdueDays) }

// RefundFailed is after how long a failed order is refunded by itself, in seconds.
func (p settingsView) RefundFailed() int64 {
	return orElse(p.Now.RefundFailedAfterSeconds, domain.DefaultRefundFailedAfterSeconds)
}

// FulfilWithin is after how long a paid order is overdue, in seconds; 0 is never.
func (p settingsView) FulfilWithin() int64 {
	return orElse(p.Now.FulfilWithinSeconds, domain.DefaultFulfilWithinSeconds)
}

// RefundUnfulfilled is after how long an order that no service began is refunded by itself, in seconds; 0 is never.
func (p settingsView) RefundUnfulfilled() int64 {
	return orElse(p.Now.RefundUnfulfilledAfterSeconds, 0)
}

// ReleaseAfter is how long arrears wait before their resource is to be released, in seconds; 0 is for ever.
func (p settingsView) ReleaseAfter() int64 {
	return orElse(p.Now.ReleaseAfterSeconds, domain.DefaultReleaseAfterSeconds)
}

func orElse(n *int64, otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	return *n
}

// limitRow is a row of a table of limits: what stands there, or was typed.
type limitRow struct{ Key, Value string }

// spareRows are the empty rows that a table of a form ends with.
const spareRows = 2

// Limits are the rows of approval_over or credit_limit.
func (p settingsView) Limits(name string) []limitRow {
	now := p.Now.ApprovalOver
	if name == "credit_limit" {
		now = p.Now.CreditLimit
	}
	var rows []limitRow
	for _, c := range slices.Sorted(maps.Keys(now)) {
		rows = append(rows, limitRow{string(c), now[c].String()})
	}
	return p.rows(name, rows)
}

// Bases are the rows of proration.
func (p settingsView) Bases() []limitRow {
	var rows []limitRow
	for _, product := range slices.Sorted(maps.Keys(p.Now.Proration)) {
		rows = append(rows, limitRow{product, p.Now.Proration[product]})
	}
	return p.rows("proration", rows)
}

// rows are those that stand there, or what was typed.
func (p settingsView) rows(name string, rows []limitRow) []limitRow {
	if p.sent() {
		rows = p.typedRows(name)
	}
	return rows
}

// Spare are empty rows.
func (p settingsView) Spare() []limitRow { return make([]limitRow, spareRows) }

// typedRows are the rows of a table as they were typed, without the empty ones.
func (p settingsView) typedRows(name string) []limitRow {
	keys, values := p.r.PostForm[name+"_key"], p.r.PostForm[name+"_value"]
	var rows []limitRow
	for i := range min(len(keys), len(values)) {
		if key := strings.TrimSpace(keys[i]); key != "" {
			rows = append(rows, limitRow{key, strings.TrimSpace(values[i])})
		}
	}
	return rows
}

// changes are the settings that were typed anew, and the organisation.
func (p settingsView) changes() fields {
	b := fields{"org_id": p.org}
	if zone := strings.TrimSpace(p.Typed("time_zone", "")); zone != p.Now.TimeZone {
		b["time_zone"] = zone
	}
	p.changedLength(b, "pay_before_seconds", p.Now.PayBeforeSeconds)
	p.changedLength(b, "refund_failed_after_seconds", p.RefundFailed())
	p.changedLength(b, "fulfil_within_seconds", p.FulfilWithin())
	p.changedLength(b, "refund_unfulfilled_after_seconds", p.RefundUnfulfilled())
	p.changedTable(b, "approval_over", p.Now.ApprovalOver)
	if eyes := p.Typed("four_eyes", "") == "true"; eyes != p.Now.FourEyes {
		b["four_eyes"] = eyes
	}
	if !p.MaySetTerms() {
		return b
	}
	p.changedTable(b, "credit_limit", p.Now.CreditLimit)
	p.changedLength(b, "settlement_delay_seconds", p.Now.SettlementDelaySeconds)
	p.changedLength(b, "release_after_seconds", p.ReleaseAfter())
	if days := p.numberTyped("overdue_days"); days != p.Overdue() {
		b["overdue_days"] = days
	}
	bases := map[string]string{}
	for _, row := range p.typedRows("proration") {
		bases[row.Key] = row.Value
	}
	if !maps.Equal(bases, p.Now.Proration) {
		b["proration"] = bases
	}
	return b
}

// changedLength adds a length of time if it is another now.
func (p settingsView) changedLength(b fields, name string, now int64) {
	if n := p.lengthTyped(name); n != now && p.r.PostForm.Has(name) {
		b[name] = n
	}
}

// changedTable adds limits by currency if they are others now.
func (p settingsView) changedTable(b fields, name string, now map[domain.Currency]domain.Amount) {
	typed := map[string]string{}
	same := true
	for _, row := range p.typedRows(name) {
		c, limit := strings.ToUpper(row.Key), amountTyped(row.Value)
		typed[c] = limit
		a, err := domain.ParseAmount(limit)
		if err == nil {
			a, err = a.In(domain.Currency(c))
		}
		old, held := now[domain.Currency(c)]
		same = same && err == nil && held && a == old
	}
	if !same || len(typed) != len(now) {
		b[name] = typed
	}
}
