package domain

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The encoders by hand give the bytes of encoding/json, for any value: every field that a struct has is
// filled by reflection, so a field that an encoder forgets is found.
func TestEncodersAreThoseOfJSON(t *testing.T) {
	for _, e := range []Event{OrderPlaced{}, OrderPaid{}, AccountCharged{}, UsageRecorded{}} {
		t.Run(TypeOf(e), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				v := reflect.New(reflect.TypeOf(e)).Elem()
				fill(t, v)
				filled := v.Interface().(Event)
				_, got, err := EncodeEvent(filled)
				if err != nil {
					t.Fatal(err)
				}
				want, err := encode(filled)
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != string(want) {
					t.Fatalf("by hand  %s\nby json  %s", got, want)
				}
			})
		})
	}
}

func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case Amount:
		v.Set(reflect.ValueOf(Amount{units: rapid.Int64Range(-MaxUnits, MaxUnits).Draw(t, "units"), digits: uint8(rapid.IntRange(0, 3).Draw(t, "digits"))}))
		return
	case Decimal:
		d, err := ParseDecimal(fmt.Sprintf("%d.%03d", rapid.IntRange(0, 1e6).Draw(t, "whole"), rapid.IntRange(0, 999).Draw(t, "fraction")))
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(d))
		return
	case Period: // the rules make no other texts of it
		v.SetString(rapid.SampledFrom([]string{"", "2026-11"}).Draw(t, "period"))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,12}`), rapid.SampledFrom([]string{"", "订单", "<&>", "\u2028", "a\"b\\c", "\xff"}))
		v.SetString(texts.Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "flag"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64Range(-10, 1000).Draw(t, "int"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(t, "length"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i))
			}
		}
	case reflect.Map:
		if n := rapid.IntRange(-1, 3).Draw(t, "pairs"); n >= 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n {
				key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				fill(t, key)
				fill(t, value)
				v.SetMapIndex(key, value)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("%s is not filled", v.Type())
	}
}
