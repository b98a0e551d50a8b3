package console

import (
	"strconv"
	"strings"
)

// Lengths of time in forms: a number, and a unit to choose.

// units are those that lengths of time are typed in, the longest first.
var units = []struct {
	name    string
	seconds int64
}{{"day", 24 * 3600}, {"hour", 3600}, {"minute", 60}, {"second", 1}}

// length is a time as a form has it: a number of one unit.
type length struct {
	N    int64
	Unit string
}

// InUnits is a number of seconds in the longest unit of which it is a whole number.
func (v *view) InUnits(seconds int64) length {
	for _, u := range units {
		if seconds%u.seconds == 0 && seconds > 0 {
			return length{seconds / u.seconds, u.name}
		}
	}
	return length{0, "second"}
}

// Lasting is a number of seconds in words.
func (v *view) Lasting(seconds int64) string {
	l := v.InUnits(seconds)
	return v.N("time."+l.Unit, l.N)
}

// OrNever is Lasting for what 0 turns off.
func (v *view) OrNever(seconds int64) string {
	if seconds == 0 {
		return v.T("length.never")
	}
	return v.Lasting(seconds)
}

// Units are the units of times.
func (v *view) Units() []string { return []string{"day", "hour", "minute", "second"} }

// numberTyped is a whole number that was typed; what is none is -1, which the command refuses.
func (f form) numberTyped(name string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(f.Typed(name, "")), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// lengthMost is a number of any unit that no setting takes, and that does not overflow in seconds.
const lengthMost = 1e12

// lengthTyped is a length of time that was typed, in seconds; what is none is -1, which the command refuses.
func (f form) lengthTyped(name string) int64 {
	n := f.numberTyped(name)
	if n > lengthMost {
		return -1
	}
	for _, u := range units {
		if n > 0 && u.name == f.Typed(name+"_unit", "second") {
			return n * u.seconds
		}
	}
	return n
}
