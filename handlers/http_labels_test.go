package handlers_test

import "testing"

func TestLabelsOfBothLanguages(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, language := range []string{"zh-CN", "en", ""} {
		r := a.want(t, 200, "", "", "GET", "/v1/labels", "", "Accept-Language: "+language)
		if r.text("order_type.0.code") != "purchase" || r.text("order_type.0.zh") != "新购" || r.text("order_type.0.en") != "New purchase" {
			t.Errorf("labels for %q are %s", language, r.Body)
		}
		if fields, _ := r.member("bill_field").([]any); len(fields) != 25 {
			t.Errorf("a bill has %d fields", len(fields))
		}
	}
}
