package console

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// symbols of currencies; others show their code.
var symbols = map[string]string{"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}

// Amount is a number as people read it: thousands grouped, a real minus. It takes amounts, decimals and their texts.
func (p preferences) Amount(a any) string {
	text := fmt.Sprint(a)
	if s, ok := a.(*string); ok && s != nil {
		text = *s
	}
	return groupDigits(text)
}

// Money is an amount with its currency: ¥1,234.50.
func (p preferences) Money(a any, currency any) string {
	text := p.Amount(a)
	code := fmt.Sprint(currency)
	symbol, ok := symbols[code]
	if !ok {
		symbol = code + "\u00a0"
	}
	if rest, negative := strings.CutPrefix(text, "−"); negative {
		return "−" + symbol + rest
	}
	return symbol + text
}

// Number is a whole number as people read it.
func (p preferences) Number(n any) string { return groupDigits(fmt.Sprint(n)) }

// groupDigits writes a decimal's text with commas between thousands and a real minus; other texts stay.
func groupDigits(text string) string {
	whole, rest, _ := strings.Cut(text, ".")
	digits, negative := strings.CutPrefix(whole, "-")
	if _, err := strconv.ParseUint(digits, 10, 64); err != nil {
		return text
	}
	var b strings.Builder
	if negative {
		b.WriteString("−")
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if rest != "" {
		b.WriteString("." + rest)
	}
	return b.String()
}

// moment makes a time of what templates have: a time, a pointer to one, or nil for none.
func moment(t any) (time.Time, bool) {
	switch t := t.(type) {
	case time.Time:
		return t, !t.IsZero()
	case *time.Time:
		if t != nil {
			return *t, !t.IsZero()
		}
	}
	return time.Time{}, false
}

// Time is a moment to the minute, in the zone that the person chose, or how long ago it is; the element has the exact
// time, and a title with it. No time is a dash.
func (v *view) Time(at any) template.HTML {
	t, ok := moment(at)
	if !ok {
		return "–"
	}
	text := v.Minute(t)
	if v.Clock == clockRelative {
		text = v.ago(t)
	}
	exact := t.In(v.zone).Format("2006-01-02 15:04:05 -07:00")
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, t.UTC().Format(time.RFC3339), exact, //nolint:gosec // times and our own words, without markup
		template.HTMLEscapeString(text)))
}

// Minute is a moment as a text, to the minute.
func (v *view) Minute(t time.Time) string {
	if v.Lang == "zh" {
		return t.In(v.zone).Format("2006-01-02 15:04")
	}
	return t.In(v.zone).Format("2 Jan 2006 15:04")
}

// Month is a billing period as a text.
func (v *view) Month(period any) string {
	t, err := time.Parse("2006-01", fmt.Sprint(period))
	switch {
	case err != nil:
		return fmt.Sprint(period)
	case v.Lang == "zh":
		return t.Format("2006年1月")
	}
	return t.Format("January 2006")
}

// Zone names the zone that times are shown in.
func (v *view) Zone() string { return v.zone.String() }

// ago says how far a moment is away.
func (v *view) ago(t time.Time) string {
	d := v.now.Sub(t)
	key := "time.ago"
	if d < 0 {
		d, key = -d, "time.in"
	}
	return v.T(key, v.Span(d))
}

// Span is a length of time in its largest unit, or the two largest below a day.
func (v *view) Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return v.N("time.second", int64(d/time.Second))
	case d < time.Hour:
		return v.N("time.minute", int64(d/time.Minute))
	case d < 24*time.Hour:
		return v.N("time.hour", int64(d/time.Hour)) + " " + v.N("time.minute", int64(d%time.Hour/time.Minute))
	}
	return v.N("time.day", int64(d/(24*time.Hour))) + " " + v.N("time.hour", int64(d%(24*time.Hour)/time.Hour))
}

// ShortID is the end of an id, which tells ids apart that begin with the same time.
func (v *view) ShortID(id string) string {
	if _, err := uuidOf(id); err != nil {
		return id
	}
	return "…" + id[len(id)-12:]
}
