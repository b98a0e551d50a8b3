package console

import (
	"testing"
	"time"

	"orderledger/domain"
)

func TestOrderColumnsHaveNamesAndValues(t *testing.T) {
	t.Parallel()
	early, late := time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	o := &orderRow{Order: &domain.Order{Header: domain.Header{Tags: map[string]string{"b": "2", "a": "1"}}, Lines: []domain.Line{
		{LineSpec: domain.LineSpec{ChargeMode: domain.ModeMonth, Region: "north", EffectiveAt: &late, ExpiresAt: &late}},
		{LineSpec: domain.LineSpec{
			ChargeMode: domain.ModeGift, Region: "north", EffectiveAt: &early,
			NewConfig: []domain.Component{{Component: "GPU", Value: "4", Unit: "card"}, {Component: "OS", Value: "Linux"}},
		}},
	}}}
	want := map[string]string{
		"charge_mode": "month; gift", "region": "north", "effective_at": "2025-11-01T00:00:00Z",
		"expires_at": "2025-12-01T00:00:00Z", "lines": "2", "tags": "a=1; b=2", "new_config": "GPU 4 card, OS Linux", "paid_at": "", "parent_order_id": "",
	}
	for _, c := range orderColumns {
		for _, lang := range []string{"en", "zh"} {
			if domain.LabelOf("field", c.Code, lang) == c.Code {
				t.Errorf("the column %s has no name in %s", c.Code, lang)
			}
		}
		if v, there := want[c.Code]; there && c.Raw(o) != v {
			t.Errorf("%s is %q, not %q", c.Code, c.Raw(o), v)
		}
		if c.Kind == kindWord && domain.Labels[c.Words] == nil {
			t.Errorf("the words of %s have no labels", c.Code)
		}
		if c.Code == "charge_mode" && c.Labels(c.Raw(o), "zh") != "按月; 赠送" {
			t.Errorf("labels %q", c.Labels(c.Raw(o), "zh"))
		}
	}
	if n := len(chosen(orderColumns, nil, orderColumnsShown)); n != len(orderColumnsShown) {
		t.Errorf("%d of %d columns are there to be shown", n, len(orderColumnsShown))
	}
	some := chosen(orderColumns, columnCodes([]string{"status,order_id", "nothing", "status"}), orderColumnsShown)
	if len(some) != 2 || some[0].Code != "order_id" || some[1].Code != "status" {
		t.Errorf("chose %v", some)
	}
}
