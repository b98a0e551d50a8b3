package handlers_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestOrderAsADocument(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	order := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: first").text("order_id")
	path := "/v1/orders/" + order + "/document"
	en, zh := a.get(t, a.acme, path), a.get(t, a.acme, path, "lang=zh")
	for _, r := range []response{en, zh} {
		h := r.Header
		if h.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(r.Body, []byte("%PDF-")) || h.Get("Ledger-Position") == "" ||
			!strings.Contains(h.Get("Content-Disposition"), `filename="order-`+order+`.pdf"`) || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("the document is %d bytes with %v", len(r.Body), h)
		}
	}
	if bytes.Equal(en.Body, zh.Body) {
		t.Error("the language changes nothing")
	}
	if again := a.get(t, a.platform, path); !bytes.Equal(again.Body, en.Body) {
		t.Error("the platform's document of the same order differs")
	}
	a.want(t, 400, "invalid_value", a.acme, "GET", path+"?lang=fr", "")
	a.want(t, 404, "not_found", a.key(t, "org-other", "viewer"), "GET", path, "")
	a.want(t, 404, "not_found", a.acme, "GET", "/v1/orders/0198c2f0-0000-7000-8000-00000000dead/document", "")
	a.want(t, 401, "unauthenticated", "", "GET", path, "")
	document := a.want(t, 200, "", "", "GET", "/openapi.json", "")
	answer := `"responses":{"200":{"content":{"application/pdf":`
	if !bytes.Contains(document.Body, []byte(answer)) {
		t.Errorf("the API document does not say what a document is: %s", around(document.Body, "get-order-document"))
	}
}

// around is what stands near a text.
func around(b []byte, text string) string {
	i := bytes.Index(b, []byte(text))
	return fmt.Sprintf("%d: %s", i, b[max(0, i):min(len(b), i+900)])
}
