package console_test

import (
	"testing"

	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// open opens a browser of the person's.
func (p *person) open(t *testing.T) *browser.Page {
	t.Helper()
	b := browser.Open(t, p.URL)
	b.Cookie("__Host-ledger", p.token())
	return b
}

// at waits until a page is there.
func at(b *browser.Page, path string) {
	b.Helper()
	b.Is(`document.readyState === "complete" && location.pathname === "` + path + `"`)
}

func TestKeyboardLeadsEverywhere(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	older, newer := s.place(t), s.place(t)
	p := s.signIn(t, "org-acme", auth.Viewer)
	p.get(t, "/orders")
	b := p.open(t)
	b.Go("/")
	b.Press("go")
	at(b, "/orders")
	b.Press("j")
	b.Is(`document.activeElement.closest("tr")?.innerText.includes("` + newer[len(newer)-12:] + `")`)
	b.Press("j")
	b.Press("k")
	b.Press("j")
	b.Press("\r")
	at(b, "/orders/"+older)
	b.Press("/")
	b.Is(`document.activeElement.id === "find"`)
	b.Press("gb")                                       // is typed
	b.Is(`document.activeElement.value.endsWith("gb")`) // the driver types the / too
	b.Press("\x1b")
	b.Is(`document.activeElement.id !== "find"`)
	b.Press("?")
	b.Has("Keyboard shortcuts", "Next row, row before")
	b.Audit()
	b.Press("gb") // nothing happens behind it
	b.Press("\x1b")
	b.Is(`!document.getElementById("keys").open`)
	b.Press("gb")
	at(b, "/bills")

	b.Prefer("keys", "off")
	b.Go("/orders")
	b.Press("gb")
	b.Press("?")
	b.Is(`!document.getElementById("keys").open && location.pathname === "/orders"`)
}

func TestPreferencesBySwitch(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	p := s.signIn(t, "", auth.Platform)
	p.get(t, "/orders")
	b := p.open(t)
	b.Go("/orders?status=unpaid&range=30d")
	b.ClickOn(".menu summary")
	b.Audit()
	b.Follow("中文")
	b.Is(`document.documentElement.lang === "zh" && location.search.includes("status=unpaid")`)
	b.ClickOn(".menu summary")
	b.Follow("深色")
	b.Is(`getComputedStyle(document.body).backgroundColor === "rgb(16, 19, 23)"`)
	b.ClickOn(".menu summary")
	b.Follow("UTC")
	b.Has("时区 UTC")
	b.Scripts(false)
	b.Go("/orders?status=unpaid&range=30d")
	b.Fill("组织", "org-acme")
	b.Follow("查看")
	if got := b.Query("status") + b.Query("range") + b.Query("org_id"); got != "unpaid30dorg-acme" {
		t.Errorf("the choice of an organisation leads to %s", b.Path())
	}
	b.Fill("查找任意编号", "org-acme")
	b.Enter()
	at(b, "/")
}
