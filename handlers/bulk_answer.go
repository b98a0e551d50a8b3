package handlers

import (
	"net/http"
	"strconv"

	"orderledger/domain"
	"orderledger/internal/jcs"
)

// lineAnswer is the answer to a line, for the document.
type lineAnswer struct {
	Line     int    `json:"line" doc:"The line's number, from 1"`
	Key      string `json:"key"`
	Outcome  string `json:"outcome" enum:"accepted,replayed,refused,invalid"`
	Position int64  `json:"position,omitempty" doc:"Of the command's last event"`
	ID       string `json:"id,omitempty" doc:"The order's"`
	Code     string `json:"code,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Sequence uint64 `json:"sequence,omitempty" doc:"Of a command that came over NATS: its sequence in LEDGER_COMMANDS, as line"`
}

// appendAnswerLine writes a lineAnswer: {"line","key","outcome","position"?,"id"?,"code"?,"detail"?}.
func appendAnswerLine(b []byte, p pending, r Result) []byte {
	b = strconv.AppendInt(append(b, `{"line":`...), int64(p.line), 10)
	b = jcs.AppendString(append(b, `,"key":`...), p.key)
	if p.err != nil {
		wrong := problemOf(p.err)
		outcome := `,"outcome":"refused","code":`
		if wrong.Status == http.StatusBadRequest || wrong.Status == http.StatusRequestEntityTooLarge {
			outcome = `,"outcome":"invalid","code":`
		}
		b = jcs.AppendString(append(b, outcome...), wrong.Code)
		detail := wrong.Detail
		if wrong.Field != "" {
			detail = wrong.Field + ": " + detail
		}
		b = jcs.AppendString(append(b, `,"detail":`...), detail)
		return append(b, '}', '\n')
	}
	if r.Replayed {
		b = append(b, `,"outcome":"replayed"`...)
	} else {
		b = append(b, `,"outcome":"accepted"`...)
	}
	if r.Last > 0 { // in a dry run there is none
		b = strconv.AppendInt(append(b, `,"position":`...), r.Last, 10)
	}
	if o, ok := r.State.(*domain.Order); ok {
		p.id = o.OrderID
	}
	if p.id != "" {
		b = jcs.AppendString(append(b, `,"id":`...), p.id)
	}
	return append(b, '}', '\n')
}
