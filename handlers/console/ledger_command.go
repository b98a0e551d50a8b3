package console

import (
	"net/http"

	"orderledger/eventstore"
	"orderledger/handlers"
)

// commandShown bounds the events of a command that its page shows; a bulk of usage may have thousands.
const commandShown = 500

type commandData struct {
	*view
	First eventRow
	Name  string
	Rows  []eventRow
	// Count is how many events it has, Last the position of the last one.
	Count, Last int64
}

// commandPage shows what one command did: all of its events, which follow each other in the log.
func (v *view) commandPage() error {
	first, err := v.eventAt(v.r.PathValue("position"))
	if err != nil {
		return err
	}
	if first.Key == "" {
		if first.first() == first.Position {
			return handlers.NotFound()
		}
		http.Redirect(v.w, v.r, v.CommandLink(first.first()), http.StatusSeeOther)
		return nil
	}
	ref := eventstore.KeyRef{OrgID: first.OrgID, Key: first.Key}
	known, err := v.c.Server.Log.Lookup(v.r.Context(), []eventstore.KeyRef{ref})
	if err != nil {
		return err
	}
	d := commandData{view: v, First: *first, Last: max(known[ref].Last, first.Position)}
	d.Count = d.Last - first.Position + 1
	if d.Name, err = v.c.Server.CommandName(v.r.Context(), ref); err != nil {
		return err
	}
	found, err := v.browse(look{from: first.Position, span: d.Count, limit: commandShown})
	if err != nil {
		return err
	}
	d.Rows = found.Rows
	return v.show("ledger_command", d)
}

// More is how many of the command's events the page leaves out.
func (d commandData) More() int64 { return d.Count - int64(len(d.Rows)) }
