package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed find.js
var findScript string

// spot is where something can be clicked, or why it can't.
type spot struct {
	X, Y float64
	Why  string
}

const place = `((e) => {
  if (!e) return { why: "it is not on the page" };
  if (e.disabled) return { why: "it is disabled" };
  e.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
  const r = e.getClientRects()[0], x = r.left + r.width / 2, y = r.top + r.height / 2, top = document.elementFromPoint(x, y);
  if (!top || !(e.contains(top) || top.contains(e))) return { why: "it is covered by " + (top ? top.outerHTML.slice(0, 120) : "nothing: out of sight") };
  return { x, y };
})(%s)`

// find is an expression for what is found.
func find(how, what string) string {
	text, _ := json.Marshal(what) // a string is always JSON
	return fmt.Sprintf("(%s)(%q, %s)", strings.TrimSpace(comments(findScript)), how, text)
}

// comments leaves the comment lines out, which would hide the rest of an expression.
func comments(script string) string {
	var lines []string
	for line := range strings.SplitSeq(script, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// until asks again and again until an answer is good, and fails with what is missing then. A page that is just changing
// gives no answer.
func until[T any](p *Page, what, expression string, good func(T) (ok bool, why string)) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	why := "no answer"
	for {
		v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
		if err == nil {
			var ok bool
			if ok, why = good(v); ok {
				return v
			}
		} else if ctx.Err() == nil {
			why = err.Error()
		}
		select {
		case <-ctx.Done():
			p.Fatalf("%s: %s\n%s", what, why, p.shown())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// shown is what the page shows, for the message of a test that failed.
func (p *Page) shown() string {
	ctx, cancel := context.WithTimeout(p.ctx, time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText.slice(0, 3000)"))
	if err != nil {
		return err.Error()
	}
	return text
}

func (p *Page) spot(how, what string) chromedp.Action[chromedp.Void] {
	p.Helper()
	s := until(p, "click "+what, fmt.Sprintf(place, find(how, what)), func(s spot) (bool, string) { return s.Why == "", s.Why })
	return chromedp.MouseClickXY(s.X, s.Y)
}

// Click clicks a link or button by its name: its text, or its label.
func (p *Page) Click(name string) { p.Helper(); do(p, "click "+name, p.spot("name", name)) }

// ClickOn clicks what a CSS selector finds first.
func (p *Page) ClickOn(css string) { p.Helper(); do(p, "click "+css, p.spot("css", css)) }

// Follow clicks a link or button by its name and waits for the page that it leads to; it returns that page's status.
func (p *Page) Follow(name string) (status int) { p.Helper(); return p.follow("name", name) }

// FollowOn is Follow for what a CSS selector finds first.
func (p *Page) FollowOn(css string) (status int) { p.Helper(); return p.follow("css", css) }

func (p *Page) follow(how, what string) int {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	r, err := chromedp.RunResponse(ctx, p.spot(how, what))
	if err != nil {
		p.Fatalf("follow %s: %v\n%s", what, err, p.shown())
	}
	return statusOf(r)
}

const fill = `((e, value) => {
  if (!e) return "it is not on the page";
  if (e.disabled || e.readOnly) return "it can't be changed";
  e.scrollIntoView({ block: "center", behavior: "instant" });
  e.focus();
  const tell = () => { e.dispatchEvent(new Event("input", { bubbles: true })); e.dispatchEvent(new Event("change", { bubbles: true })); };
  if (e.type === "checkbox" || e.type === "radio") {
    if (e.checked !== (value === "on")) e.click();
    return "";
  }
  if (e.tagName === "SELECT") {
    const o = [...e.options].find((o) => o.value === value || o.text.trim() === value);
    if (!o) return "it has no choice " + value;
    e.value = o.value; tell();
    return "";
  }
  if (["date", "month", "time", "datetime-local", "number"].includes(e.type)) { e.value = value; tell(); return e.value === value ? "" : "it did not take " + value; }
  e.select(); // what is typed then takes its place
  return "type";
})(%s, %s)`

// Fill fills a field that has a label, or that name: types into it, chooses, sets a date, ticks ("on") or clears ("").
func (p *Page) Fill(label, value string) {
	p.Helper()
	text, _ := json.Marshal(value) // a string is always JSON
	did := until(p, "fill "+label, fmt.Sprintf(fill, find("field", label), text), func(why string) (bool, string) { return why == "" || why == "type", why })
	switch {
	case did == "":
	case value == "":
		p.Press(kb.Delete)
	default:
		call(p, input.InsertText, input.InsertTextParams{Text: value})
	}
}

// Press presses keys, one after the other: text, or names of package kb.
func (p *Page) Press(keys string) { p.Helper(); do(p, "press "+keys, chromedp.KeyEvent(keys)) }

// Enter sends the form whose field has the focus, and waits for the page that follows.
func (p *Page) Enter() (status int) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	r, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter))
	if err != nil {
		p.Fatalf("press Enter: %v\n%s", err, p.shown())
	}
	return statusOf(r)
}
