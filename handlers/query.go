package handlers

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"orderledger/domain"
	"orderledger/projections"
)

const limitDefault = 50

var (
	orgParameter      = parameter{"org_id", "The organisation; a platform key narrows a read with it"}
	positionParameter = parameter{"min_position", "Wait, for up to 5 seconds, until this position can be seen"}
)

// pageParameters are those of every list.
func pageParameters() []parameter {
	return []parameter{{"limit", "1 to 500 items; 50 without it"}, {"cursor", "next_cursor of the page before"}}
}

// query reads a call's parameters. What is wrong with them is kept in the call, and answered by allow.
type query struct {
	*call
	values url.Values
}

// queryOf reads the query. Parameters that the route does not have are refused: a filter with a wrong
// name would otherwise show everything.
func (c *call) queryOf() query {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil && c.wrong == nil {
		c.wrong = problem(codeMalformed, "the query of the address can't be read")
	}
	for _, name := range sortedNames(values) {
		known := slices.ContainsFunc(c.route.query, func(p parameter) bool { return p.name == name })
		if !known && c.wrong == nil {
			c.wrong = within(problem(codeUnknownField, "there is no such parameter here"), shorten(name))
		}
		if !storable(strings.Join(values[name], ",")) {
			c.fail(name, "it is not UTF-8 text, or has a NUL character")
		}
	}
	return query{c, values}
}

// storable says whether the database can compare a text with what it holds: it answers others with an error.
func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

func sortedNames(values url.Values) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// org is the organisation that a read may see: the key's own, or the one that a platform key narrows
// it to, or all of them. With an organisation's key, another's is not found.
func (q query) org() (string, error) {
	named := q.values.Get("org_id")
	switch {
	case q.who.OrgID == "" && named == "":
		return projections.AllOrgs, nil
	case named == "":
		return q.who.OrgID, nil
	}
	return named, q.ownOrg(named)
}

// checkOrg finds a wrong org_id.
func (q query) checkOrg() {
	if id := q.values.Get("org_id"); id != "" && !domain.ValidID(id) {
		q.fail("org_id", "1 to 64 letters, digits, _ or -")
	}
}

func (q query) limit() int {
	n, given := q.number("limit")
	switch {
	case !given:
		return limitDefault
	case n < 1 || n > projections.LimitMax:
		q.fail("limit", "1 to 500")
	}
	return int(n)
}

// position reads min_position.
func (q query) position() int64 { n, _ := q.number("min_position"); return n }

// number reads a whole number that is not negative.
func (q query) number(name string) (n int64, given bool) {
	text := q.values.Get(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		q.fail(name, "a whole number from 0")
	}
	return n, true
}

func (q query) flag(name string) bool {
	switch q.values.Get(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	q.fail(name, "true or false")
	return false
}

// list reads values, which may be separated by commas or given one by one.
func (q query) list(name string) []string {
	var all []string
	for _, given := range q.values[name] {
		for v := range strings.SplitSeq(given, ",") {
			if v = strings.TrimSpace(v); v != "" {
				all = append(all, v)
			}
		}
	}
	if len(all) > projections.LimitMax {
		q.fail(name, "at most 500 values")
	}
	return all
}

// oneOf reads values that are words of a list.
func (q query) oneOf(name string, words ...string) []string {
	all := q.list(name)
	for _, v := range all {
		if !slices.Contains(words, v) {
			q.fail(name, "one of "+strings.Join(words, ", "))
		}
	}
	return all
}

// word is oneOf the words of a kind that have labels.
func (q query) word(name, kind string) []string { return q.oneOf(name, domain.Codes(kind)...) }

// choice is a flag that may be left out: nil then.
func (q query) choice(name string) *bool {
	if q.values.Get(name) == "" {
		return nil
	}
	yes := q.flag(name)
	return &yes
}

func (q query) time(name string) time.Time {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}
	}
	var t time.Time
	// A + that was not escaped comes as a space.
	if t.UnmarshalText([]byte(strings.ReplaceAll(text, " ", "+"))) != nil {
		q.fail(name, "a time with offset, such as 2025-11-04T23:00:00+08:00")
	}
	return t
}

func (q query) amount(name string) *domain.Amount {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	a, err := domain.ParseAmount(text)
	if err != nil {
		q.fail(name, err.Error())
	}
	return &a
}

// tags reads k=v, several values of one tag as alternatives.
func (q query) tags(name string) map[string][]string {
	var all map[string][]string
	for _, tag := range q.list(name) {
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" {
			q.fail(name, "key=value")
			continue
		}
		if all == nil {
			all = map[string][]string{}
		}
		all[key] = append(all[key], value)
	}
	return all
}

// after reads the cursor of a list that goes by one text.
func (q query) after() string {
	text, err := base64.RawURLEncoding.DecodeString(q.values.Get("cursor"))
	if err != nil || !storable(string(text)) {
		q.fail("cursor", "it is not one that this list gave out")
	}
	return string(text)
}

// cursorOf makes the opaque cursor that after reads.
func cursorOf(last string) *string {
	c := base64.RawURLEncoding.EncodeToString([]byte(last))
	return &c
}
