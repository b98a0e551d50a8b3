package handlers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"orderledger/domain"
	"orderledger/handlers/webhooks"
)

// requiredFields are the members that a body can't do without, by type. They are checked where a body is
// read, as a missing number would otherwise be a zero: a price of nothing.
var requiredFields = map[reflect.Type][]string{
	reflect.TypeFor[domain.PlaceOrder]():       {"order_type", "project_id", "consumer_id", "currency", "lines"},
	reflect.TypeFor[domain.LineSpec]():         {"product_code", "product_name", "resource_type", "count", "charge_mode", "unit"},
	reflect.TypeFor[domain.Component]():        {"component", "value"},
	reflect.TypeFor[domain.Meter]():            {"meter", "unit"},
	reflect.TypeFor[domain.Tier]():             {"unit_price"},
	reflect.TypeFor[domain.VoucherPart]():      {"voucher_id", "amount"},
	reflect.TypeFor[domain.TopUp]():            {"amount", "currency", "reference"},
	reflect.TypeFor[domain.Withdraw]():         {"amount", "currency", "reference"},
	reflect.TypeFor[domain.GrantGift]():        {"amount", "currency"},
	reflect.TypeFor[domain.IssueVoucher]():     {"amount", "currency"},
	reflect.TypeFor[domain.FreezeFunds]():      {"amount", "currency", "reason"},
	reflect.TypeFor[domain.ReleaseFunds]():     {"amount", "currency", "reason"},
	reflect.TypeFor[domain.ReportUsage]():      {"records"},
	reflect.TypeFor[domain.UsageReport]():      {"record_id", "meter", "quantity", "unit", "from", "to"},
	reflect.TypeFor[domain.SetAutoRenew]():     {"enabled"},
	reflect.TypeFor[domain.VoidOrder]():        {"reason"},
	reflect.TypeFor[domain.ReportFulfilment](): {"state"},
	reflect.TypeFor[newKey]():                  {"role"},
	reflect.TypeFor[webhooks.New]():            {"url"},
	reflect.TypeFor[webhookReplay]():           {"after"},
	reflect.TypeFor[commandLine]():             {"key", "command", "body"},
}

// decodeNode reads a node of the tree into the value that into points to. Names are matched exactly, and
// none is passed over; null is the same as leaving a member out. Its errors are unknown_field and
// invalid_value, with the place as a path.
func decodeNode(t *tree, at int, into any) error {
	v := reflect.ValueOf(into).Elem()
	if p := readerOf(v.Type())(t, at, v); p != nil {
		return p
	}
	return nil
}

// reader reads a node into a value. Readers are made once per type, so that a body costs no more
// reflection than the setting of its fields.
type reader func(t *tree, at int, into reflect.Value) *Problem

var readers sync.Map // of reader by reflect.Type; bounded by the types there are

func readerOf(t reflect.Type) reader {
	if r, ok := readers.Load(t); ok {
		return r.(reader)
	}
	r := makeReader(t)
	readers.Store(t, r)
	return r
}

// raw is a part of a body that is read later, by its index in the tree.
type raw int

var (
	rawType       = reflect.TypeFor[raw]()
	timeType      = reflect.TypeFor[time.Time]()
	ownReaderType = reflect.TypeFor[json.Unmarshaler]()
)

func makeReader(t reflect.Type) reader {
	switch {
	case t == rawType:
		return func(_ *tree, at int, into reflect.Value) *Problem { into.SetInt(int64(at)); return nil }
	case t == timeType:
		return readTime
	case reflect.PointerTo(t).Implements(ownReaderType):
		return readText
	}
	switch t.Kind() {
	case reflect.Pointer:
		read := readerOf(t.Elem())
		return func(t *tree, at int, into reflect.Value) *Problem {
			v := reflect.New(into.Type().Elem())
			into.Set(v)
			return read(t, at, v.Elem())
		}
	case reflect.String:
		return readString
	case reflect.Int64, reflect.Int:
		return readInt
	case reflect.Bool:
		return readBool
	case reflect.Map:
		return mapReader(t)
	case reflect.Slice:
		return sliceReader(t)
	case reflect.Struct:
		return structReader(t)
	}
	panic(fmt.Sprintf("handlers: a body can't hold a %s", t))
}

func readString(t *tree, at int, into reflect.Value) *Problem {
	n := &t.nodes[at]
	if n.kind != jsonString {
		return invalidField("", "it is a string")
	}
	into.SetString(strings.Clone(n.text)) // else one name would keep the whole body in memory
	return nil
}

// readText reads what has a form of its own within a string: amounts and decimals.
func readText(t *tree, at int, into reflect.Value) *Problem {
	n := &t.nodes[at]
	if n.kind != jsonString {
		return invalidField("", `it is a number in a string, such as "28.86"`)
	}
	var room [64]byte
	quoted := append(append(append(room[:0], '"'), n.text...), '"')
	if err := into.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(quoted); err != nil {
		return invalidField("", err.Error())
	}
	return nil
}

func readTime(t *tree, at int, into reflect.Value) *Problem {
	n := &t.nodes[at]
	var when time.Time // its own reader is strict, time.Parse is not
	if n.kind != jsonString || when.UnmarshalText([]byte(n.text)) != nil {
		return invalidField("", "it is a time with offset, such as 2025-11-04T23:00:00+08:00")
	}
	into.Set(reflect.ValueOf(when))
	return nil
}

func readInt(t *tree, at int, into reflect.Value) *Problem {
	n := &t.nodes[at]
	i, err := strconv.ParseInt(n.text, 10, 64)
	if n.kind != jsonNumber || err != nil || n.text == "-0" || into.OverflowInt(i) {
		return invalidField("", "it is a whole number")
	}
	into.SetInt(i)
	return nil
}

func readBool(t *tree, at int, into reflect.Value) *Problem {
	switch t.nodes[at].kind {
	case jsonTrue:
		into.SetBool(true)
	case jsonFalse:
		into.SetBool(false)
	default:
		return invalidField("", "it is true or false")
	}
	return nil
}

// mapReader reads an object whose members have names of the caller's.
func mapReader(object reflect.Type) reader {
	read := readerOf(object.Elem())
	return func(t *tree, at int, into reflect.Value) *Problem {
		n := &t.nodes[at]
		if n.kind != jsonObject {
			return invalidField("", "it is an object")
		}
		all := reflect.MakeMapWithSize(object, len(n.members))
		value := reflect.New(object.Elem()).Elem()
		for _, m := range n.members {
			value.SetZero()
			if p := read(t, m, value); p != nil {
				return within(p, shorten(t.nodes[m].name))
			}
			all.SetMapIndex(reflect.ValueOf(strings.Clone(t.nodes[m].name)).Convert(object.Key()), value)
		}
		into.Set(all)
		return nil
	}
}

func sliceReader(list reflect.Type) reader {
	read := readerOf(list.Elem())
	return func(t *tree, at int, into reflect.Value) *Problem {
		if t.nodes[at].kind != jsonArray {
			return invalidField("", "it is an array")
		}
		n := 0
		for i := at + 1; i < t.nodes[at].end; i = t.nodes[i].end {
			n++
		}
		into.Set(reflect.MakeSlice(list, n, n))
		var wrong *Problem
		i := at + 1
		for e := range n {
			if p := read(t, i, into.Index(e)); p != nil {
				wrong = worse(wrong, within(p, "["+strconv.Itoa(e)+"]"))
			}
			i = t.nodes[i].end
		}
		return wrong
	}
}

func structReader(t reflect.Type) reader {
	type field struct {
		index    int
		read     reader
		required int // its bit
	}
	fields := map[string]field{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		f := field{index: i, read: readerOf(t.Field(i).Type)}
		if at := slices.Index(requiredFields[t], name); at >= 0 {
			f.required = 1 << at
		}
		fields[name] = f
	}
	return func(t *tree, at int, into reflect.Value) *Problem {
		n := &t.nodes[at]
		if n.kind != jsonObject {
			return invalidField("", "it is an object")
		}
		var wrong *Problem
		seen := 0
		for _, m := range n.members {
			name := t.nodes[m].name
			f, ok := fields[name]
			if !ok {
				wrong = worse(wrong, within(problem(codeUnknownField, "there is no such field here"), shorten(name)))
				continue
			}
			if t.nodes[m].kind == jsonNull {
				continue
			}
			seen |= f.required
			if p := f.read(t, m, into.Field(f.index)); p != nil {
				wrong = worse(wrong, within(p, name))
			}
		}
		for i, name := range requiredFields[into.Type()] {
			if wrong == nil && seen&(1<<i) == 0 {
				return invalidField(name, "it is required")
			}
		}
		return wrong
	}
}

// worse is the one of two problems that is answered: an unknown field wins over a wrong value, and else
// the first.
func worse(first, next *Problem) *Problem {
	if first == nil || first.Code == codeInvalidValue && next.Code == codeUnknownField {
		return next
	}
	return first
}

// within puts a step before a problem's path.
func within(p *Problem, step string) *Problem {
	if p.Field != "" && p.Field[0] != '[' {
		step += "."
	}
	p.Field = step + p.Field
	return p
}
