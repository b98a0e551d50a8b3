package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// The search box takes any id and leads to what has it.

var findPages = []page{{"GET /find", auth.Read, (*view).findPage}}

const (
	// idMost is the length of the longest id: an idempotency key.
	idMost = 255
	// keyOrgs bounds the organisations in which a platform key looks for an idempotency key, which is each one's own.
	keyOrgs = 500
)

// hit is something that has the id. Without an address there is no page of it.
type hit struct {
	Kind, ID, OrgID, Href string
	// Refused is the code for which a command was refused.
	Refused string
}

type hitGroup struct {
	Kind string
	Hits []hit
}

type findData struct {
	*view
	Text string
	// Groups are the hits by kind.
	Groups []hitGroup
	// KeysIn is the number of organisations in which keys were looked for, where those were not all.
	KeysIn int
}

// findPage leads to the one thing that has the id, or shows all of them.
func (v *view) findPage() error {
	d := &findData{view: v, Text: strings.TrimSpace(v.Query("q"))}
	if d.Text == "" || utf8.RuneCountInString(d.Text) > idMost {
		return v.show("find", d)
	}
	if err := v.reach(projections.Orders, projections.Resources, projections.Vouchers, projections.BillLines); err != nil {
		return err
	}
	hits, err := d.find(v.r.Context())
	if err != nil {
		return err
	}
	if len(hits) == 1 && hits[0].Href != "" {
		http.Redirect(v.w, v.r, hits[0].Href, http.StatusSeeOther)
		return nil
	}
	for _, h := range hits {
		if n := len(d.Groups); n == 0 || d.Groups[n-1].Kind != h.Kind {
			d.Groups = append(d.Groups, hitGroup{Kind: h.Kind})
		}
		group := &d.Groups[len(d.Groups)-1]
		group.Hits = append(group.Hits, h)
	}
	return v.show("find", d)
}

func (d *findData) find(ctx context.Context) ([]hit, error) {
	found, asOf, err := d.c.Server.Reader.FindID(ctx, d.org, d.Text)
	if err != nil {
		return nil, err
	}
	d.asOf = asOf
	var hits []hit
	for _, f := range found {
		hits = append(hits, hit{Kind: f.Kind, ID: f.ID, OrgID: f.OrgID, Href: d.foundAt(f)})
	}
	for _, look := range []func(context.Context) ([]hit, error){d.commands, d.events, d.organisations} {
		more, err := look(ctx)
		if err != nil {
			return nil, err
		}
		for _, h := range more { // a command leads to its order, which may have the same id
			if !slices.ContainsFunc(hits, func(o hit) bool { return h.Href != "" && o.Href == h.Href }) {
				hits = append(hits, h)
			}
		}
	}
	return hits, nil
}

// foundAt is the address of what the read models found.
func (d *findData) foundAt(f projections.Found) string {
	switch f.Kind {
	case projections.FoundResource:
		return d.ResourceLink(f.OrgID, f.ID)
	case projections.FoundVoucher:
		return d.in(f.OrgID, "/account/vouchers", "voucher_id", f.ID)
	case projections.FoundBillLine:
		return d.in(f.OrgID, "/orders/"+url.PathEscape(f.OrderID)) + "#bill-lines"
	}
	if f.OrderID == "" { // a trade of several orders
		return d.in(f.OrgID, "/orders", "trade_no", f.ID, "range", "all")
	}
	return d.in(f.OrgID, "/orders/"+url.PathEscape(f.OrderID))
}

// in is an address within an organisation, which a platform key has to name.
func (v *view) in(org, path string, pairs ...string) string {
	if v.who.OrgID == "" {
		pairs = append(pairs, "org_id", org)
	}
	return v.To(path, pairs...)
}

// commands finds commands by their idempotency key, carried out or refused.
func (d *findData) commands(ctx context.Context) ([]hit, error) {
	orgs := []string{d.org}
	if d.AllOrgs() {
		var err error
		if orgs, err = d.c.Server.Reader.OrgIDs(ctx, "", keyOrgs+1); err != nil {
			return nil, err
		}
		if len(orgs) > keyOrgs {
			d.KeysIn, orgs = keyOrgs, orgs[:keyOrgs]
		}
	}
	keys := make([]eventstore.KeyRef, len(orgs))
	for i, org := range orgs {
		keys[i] = eventstore.KeyRef{OrgID: org, Key: d.Text}
	}
	known, err := d.c.Server.Log.Lookup(ctx, keys)
	if err != nil {
		return nil, err
	}
	var hits []hit
	for _, key := range keys {
		if c, ok := known[key]; ok {
			hits = append(hits, hit{Kind: "command", ID: d.Text, OrgID: key.OrgID, Href: d.commandAt(key.OrgID, c)})
		}
	}
	if len(hits) == 0 && !d.AllOrgs() {
		return d.refused(ctx, keys[0])
	}
	return hits, nil
}

// commandAt is the address of the order that a command was about, or of the command's events.
func (d *findData) commandAt(org string, c eventstore.Command) string {
	if ref, _ := domain.ParseRef(c.Stream); ref.Kind == domain.KindOrder {
		return d.in(org, "/orders/"+url.PathEscape(ref.ID))
	}
	return d.in(org, "/ledger/commands/"+strconv.FormatInt(c.First, 10))
}

func (d *findData) refused(ctx context.Context, key eventstore.KeyRef) ([]hit, error) {
	r, found, err := d.c.Server.Log.LastRefusal(ctx, key)
	if err != nil || !found {
		return nil, err
	}
	return []hit{{Kind: "command", ID: d.Text, OrgID: key.OrgID, Refused: r.Code}}, nil
}

// events finds the event at a position, as pages write positions.
func (d *findData) events(ctx context.Context) ([]hit, error) {
	position, err := strconv.ParseInt(strings.ReplaceAll(d.Text, ",", ""), 10, 64)
	if err != nil || position < 1 {
		return nil, nil
	}
	page, err := d.c.Server.Reads.ReadFor(ctx, d.org, position-1, 1, 1)
	if err != nil || len(page.Events) == 0 {
		return nil, err
	}
	org := page.Events[0].OrgID
	return []hit{{Kind: "event", ID: d.Number(position), OrgID: org, Href: d.To("/ledger/events/" + strconv.FormatInt(position, 10))}}, nil
}

// organisations finds the organisation of that id, for a platform key.
func (d *findData) organisations(ctx context.Context) ([]hit, error) {
	if d.who.OrgID != "" || !domain.ValidID(d.Text) {
		return nil, nil
	}
	_, err := d.c.Server.Reader.Org(ctx, d.Text)
	if errors.Is(err, projections.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []hit{{Kind: "org", ID: d.Text, OrgID: d.Text, Href: d.in(d.Text, "/")}}, nil
}

// Kinds lists what can be looked for.
func (d *findData) Kinds() []string {
	kinds := []string{projections.FoundOrder, projections.FoundResource, projections.FoundTrade, projections.FoundVoucher, projections.FoundBillLine, "command", "event"}
	if d.who.OrgID == "" {
		kinds = append(kinds, "org")
	}
	return kinds
}
