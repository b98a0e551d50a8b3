package console

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"orderledger/handlers"
	"orderledger/projections"
)

// verifyLedger starts a verification; the page of the ledger tells how it goes.
func (v *view) verifyLedger() error {
	if v.c.Verifications == nil {
		return handlers.NotFound()
	}
	done := "verifying"
	_, err := v.c.Verifications.start(v.r.Context(), v.who.Actor())
	if errors.Is(err, errVerifying) {
		done, err = "verifying_already", nil
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, v.To("/ledger", "done", done)+"#verification", http.StatusSeeOther)
	return nil
}

type verificationData struct {
	*view
	One *verification
}

// verificationPage shows what a verification found, check by check.
func (v *view) verificationPage() error {
	id, err := uuid.Parse(v.r.PathValue("id"))
	if err != nil || v.c.Verifications == nil {
		return handlers.NotFound()
	}
	one, err := v.c.Verifications.find(v.r.Context(), id.String())
	if err != nil {
		return err
	}
	if one.Report != nil {
		v.asOf = one.Report.Position
	}
	d := verificationData{v, one}
	if v.isPart() {
		return v.part("ledger_report", "report", partData{v, one})
	}
	return v.show("ledger_report", d)
}

// CheckName is the name of a check of a verification in the page's language.
func (v *view) CheckName(name string) string {
	if key := "ledger.check." + name; v.Has(key) {
		return v.T(key)
	}
	for _, model := range projections.Names {
		if name == "read_model_"+model {
			return v.T("ledger.check_model", v.T("ledger.model."+model))
		}
	}
	return name
}

// VerificationLink is the address of a verification's page.
func (v *view) VerificationLink(id string) string {
	return v.To("/ledger/verifications/" + url.PathEscape(id))
}

// CheckCount is how many checks a verification made.
func (v *view) CheckCount(r *projections.Report) int64 { return int64(len(r.Checks)) }
