package console

import (
	"regexp"
	"strings"
)

// grouped is a number with a separator between thousands, each with three digits.
var grouped = regexp.MustCompile(`^\d{1,3}([, ，\x{a0}]\d{3})+(\.\d+)?$`)

// amountTyped is an amount as people may type it: with a separator between thousands. A comma elsewhere stays, and the
// command refuses it: to who writes 1,5 for 1.5 it must not become 15.
func amountTyped(text string) string {
	text = strings.TrimSpace(text)
	if !grouped.MatchString(text) {
		return text
	}
	return strings.NewReplacer(",", "", " ", "", "，", "", "\u00a0", "").Replace(text)
}
