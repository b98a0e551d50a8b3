package handlers

import (
	"crypto/sha256"

	"orderledger/eventstore"
	"orderledger/internal/jcs"
)

// fingerprint stands for what a command asks: SHA-256(command ‖ "\n" ‖ body), with the body as RFC 8785
// writes it (members sorted, no space, one way of writing a character), so that neither the order of
// members, nor space, nor the channel makes a difference. It is compared for ever: what goes into it may
// never change.
//
// Two things are left out. The values inside personal are null: a digest without a salt would let them be
// guessed after they are erased (the executor compares the values themselves). And org_id, which may be
// given or not: a key is unique within its organisation, so the key tells it already.
func (t *tree) fingerprint(body int, command string) eventstore.Hash {
	b := append(make([]byte, 0, 2048), command...)
	b = append(b, '\n', '{')
	for _, m := range t.nodes[body].members {
		n := &t.nodes[m]
		switch n.name {
		case "org_id":
			continue
		case "personal":
			b = t.appendNames(appendName(b, n.name), m)
		default:
			b = t.appendValue(appendName(b, n.name), m)
		}
		b = append(b, ',')
	}
	return sha256.Sum256(appendEnd(b, '}'))
}

// appendNames writes an object without its values.
func (t *tree) appendNames(b []byte, object int) []byte {
	b = append(b, '{')
	for _, m := range t.nodes[object].members {
		b = append(appendName(b, t.nodes[m].name), "null,"...)
	}
	return appendEnd(b, '}')
}

func (t *tree) appendValue(b []byte, at int) []byte {
	switch n := &t.nodes[at]; n.kind {
	case jsonObject:
		b = append(b, '{')
		for _, m := range n.members {
			b = append(t.appendValue(appendName(b, t.nodes[m].name), m), ',')
		}
		return appendEnd(b, '}')
	case jsonArray:
		b = append(b, '[')
		for i := at + 1; i < n.end; i = t.nodes[i].end {
			b = append(t.appendValue(b, i), ',')
		}
		return appendEnd(b, ']')
	case jsonString:
		return jcs.AppendString(b, n.text)
	case jsonNumber: // bodies hold whole numbers only, which have one way of being written
		return append(b, n.text...)
	case jsonTrue:
		return append(b, "true"...)
	case jsonFalse:
		return append(b, "false"...)
	}
	return append(b, "null"...)
}

func appendName(b []byte, name string) []byte { return append(jcs.AppendString(b, name), ':') }

// appendEnd closes an object or an array, over the comma after its last member.
func appendEnd(b []byte, closing byte) []byte {
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, closing)
}
