package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"orderledger/handlers"
	"orderledger/handlers/intake"
)

// poisonData is the page of a command that could not be read: what is wrong with it, and a form to mend it and send it
// again.
type poisonData struct {
	form
	Command intake.Poison
}

// poisonPage shows a command that could not be read, or sends it again as it was mended.
func (v *view) poisonPage() error {
	number, err := strconv.ParseUint(v.r.PathValue("number"), 10, 64)
	if err != nil || number == 0 || !v.hasServices() || v.c.Queue == nil {
		return handlers.NotFound()
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), queueTime)
	defer cancel()
	d := poisonData{form: v.form()}
	d.Command, err = intake.GetPoison(ctx, v.c.Queue, number)
	switch {
	case errors.Is(err, intake.ErrNoPoison):
		return handlers.NotFound()
	case err != nil:
		return problem(http.StatusServiceUnavailable, "busy", err.Error())
	}
	if d.sent() {
		err := d.sendAgain(ctx)
		if err == nil {
			http.Redirect(v.w, v.r, v.To("/services", "done", "poison_sent"), http.StatusSeeOther)
			return nil
		}
		d.refused(err)
	}
	return v.show("service_poison", &d)
}

// sendAgain publishes the command as it was typed. Its service gets the result.
func (d *poisonData) sendAgain(ctx context.Context) error {
	again := d.Command
	again.Key = strings.TrimSpace(d.Typed("command_key", ""))
	if typed := lines(d.Typed("body", "")); d.Readable() && typed != lines(again.Body) {
		again.Body = typed
	}
	if err := handlers.CheckKey(again.Key); err != nil {
		return err
	}
	if err := intake.RetryPoison(ctx, d.c.Queue, again); err != nil {
		return problem(http.StatusServiceUnavailable, "busy", err.Error())
	}
	return nil
}

// lines is a text with the ends of lines that browsers do not send.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// Readable says whether the body is text, which a form can hold. Another one is sent as it is.
func (d *poisonData) Readable() bool {
	return utf8.ValidString(d.Command.Body) && !strings.Contains(d.Command.Body, "\x00")
}
