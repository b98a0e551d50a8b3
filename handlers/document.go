package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"orderledger/domain"
	"orderledger/handlers/files"
	"orderledger/projections"
)

// Document is an order as a PDF.
type Document struct {
	PDF []byte
	// Name is the file's.
	Name string
	// AsOf is the position that it is as of.
	AsOf int64
}

// typesetters bounds how many documents are made at once: each takes a processor for some 30 ms, and the font 10 MB.
var typesetters = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))

// OrderDocument makes the PDF of an order that an organisation may see, in a language ("en", "zh"), with the times of a
// zone; nil is that of the order's organisation.
func (s *Server) OrderDocument(ctx context.Context, org, orderID, lang string, zone *time.Location) (Document, error) {
	raw, position, err := s.Reader.Order(ctx, org, orderID)
	if err != nil {
		return Document{}, err
	}
	var o domain.Order
	if err := json.Unmarshal(raw, &o); err != nil {
		return Document{}, err
	}
	if zone == nil {
		if zone, err = s.zoneOf(ctx, o.OrgID); err != nil {
			return Document{}, err
		}
	}
	select {
	case typesetters <- struct{}{}:
	case <-ctx.Done():
		return Document{}, ctx.Err()
	}
	defer func() { <-typesetters }()
	var b bytes.Buffer
	if err := files.WriteOrder(&b, &o, lang, zone); err != nil {
		return Document{}, err
	}
	return Document{b.Bytes(), "order-" + o.OrderID + ".pdf", position}, nil
}

// Send answers with the document, to be shown or kept.
func (d Document) Send(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `inline; filename="`+d.Name+`"`) // order ids need no quoting
	h.Set("Content-Length", strconv.Itoa(len(d.PDF)))
	h.Set("Ledger-Position", strconv.FormatInt(d.AsOf, 10))
	_, _ = w.Write(d.PDF) // who left does not see it
}

// zoneOf is the time zone of an organisation; the default's for one whose settings are not there yet.
func (s *Server) zoneOf(ctx context.Context, org string) (*time.Location, error) {
	settings, err := s.Reader.Org(ctx, org)
	if err != nil && !errors.Is(err, projections.ErrNotFound) {
		return nil, err
	}
	if zone, ok := domain.Zone(settings.TimeZone); ok && err == nil {
		return zone, nil
	}
	zone, _ := domain.Zone(domain.DefaultTimeZone) // it is built in
	return zone, nil
}

func (s *Server) getOrderDocument(c *call) error {
	q := c.queryOf()
	lang := "en"
	if asked := q.oneOf("lang", "en", "zh"); len(asked) > 0 {
		lang = asked[0]
	}
	org, err := s.begin(q, projections.Orders, projections.Orgs)
	if err != nil {
		return err
	}
	d, err := s.OrderDocument(c.r.Context(), org, c.r.PathValue("order_id"), lang, nil)
	if err != nil {
		return err
	}
	d.Send(c.w)
	return nil
}
