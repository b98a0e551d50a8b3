package console

import (
	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/projections"
)

// closeData is the page that asks before a month is closed.
type closeData struct {
	form
	Period domain.Period
	Bill   projections.Bill
	// Months are all that would be closed.
	Months []domain.Period
}

// closePage asks whether a month is to be closed, and closes it once that is confirmed. What would be closed, or why it
// can't be, is what the command itself says.
func (v *view) closePage() error {
	period, err := v.periodAsked()
	if err != nil {
		return err
	}
	data := closeData{form: v.form(), Period: period}
	body := fields{"org_id": v.Org(), "period": string(period)}
	if data.sent() && !v.AllOrgs() {
		result, err := data.send("close_period", body)
		if err == nil {
			return v.did(result, v.To("/bills/"+string(period), "done", "month_closed"))
		}
		data.refused(err)
	}
	if v.AllOrgs() {
		return v.show("bill_close", data)
	}
	if err := v.reach(projections.BillLines, projections.Orgs); err != nil {
		return err
	}
	if data.Bill, err = v.c.Server.Reader.Bill(v.r.Context(), v.org, period, ""); err != nil {
		return err
	}
	v.asOf = data.Bill.AsOf
	data.try(body)
	return v.show("bill_close", data)
}

// try finds out which months would be closed. None are where the command would be refused; what was sent before says why
// better.
func (d *closeData) try(body fields) {
	text, err := body.json()
	var outcome *handlers.Outcome
	if err == nil {
		outcome, err = d.c.Server.Try(d.r.Context(), d.who, "close_period", text)
	}
	if err != nil {
		if d.Problem == nil {
			d.refused(err)
		}
		return
	}
	for _, e := range outcome.Events {
		if closed, ok := e.Event.(domain.PeriodClosed); ok {
			d.Months = append(d.Months, closed.Period)
		}
	}
}
