package domain

import "encoding/json"

// Arrear is a settlement that waits for money.
type Arrear struct {
	OrderID  string   `json:"order_id"`
	Currency Currency `json:"currency"`
	Amount   Amount   `json:"amount"`
}

// arrearsChunk bounds what an append copies: an account may fall behind with very many settlements.
const arrearsChunk = 256

// Arrears is a queue of settlements, oldest first. A value never changes; adding to it copies one chunk.
type Arrears struct{ chunks [][]Arrear }

// Len is how many settlements wait.
func (q Arrears) Len() int {
	n := 0
	for _, c := range q.chunks {
		n += len(c)
	}
	return n
}

// IsZero says that nothing waits.
func (q Arrears) IsZero() bool { return len(q.chunks) == 0 }

// First are the oldest, at most n.
func (q Arrears) First(n int) []Arrear {
	var first []Arrear
	for _, c := range q.chunks {
		if n <= 0 {
			break
		}
		take := min(n, len(c))
		first = append(first, c[:take]...)
		n -= take
	}
	return first
}

func (q Arrears) add(a Arrear) Arrears {
	n := len(q.chunks)
	chunks := append(make([][]Arrear, 0, n+1), q.chunks...)
	if n > 0 && len(chunks[n-1]) < arrearsChunk {
		last := chunks[n-1]
		chunks[n-1] = append(append(make([]Arrear, 0, len(last)+1), last...), a)
		return Arrears{chunks}
	}
	return Arrears{append(chunks, []Arrear{a})}
}

// without is the queue after an order was paid or voided; an order that does not wait changes nothing.
func (q Arrears) without(orderID string) Arrears {
	for i, c := range q.chunks {
		for j := range c {
			if c[j].OrderID != orderID {
				continue
			}
			chunks := append(make([][]Arrear, 0, len(q.chunks)), q.chunks[:i]...)
			switch {
			case len(c) == 1:
			case j == 0:
				chunks = append(chunks, c[1:])
			default:
				chunks = append(chunks, append(append(make([]Arrear, 0, len(c)-1), c[:j]...), c[j+1:]...))
			}
			return Arrears{append(chunks, q.chunks[i+1:]...)}
		}
	}
	return q
}

// MarshalJSON writes the settlements as one list.
func (q Arrears) MarshalJSON() ([]byte, error) { return json.Marshal(q.First(q.Len())) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (q *Arrears) UnmarshalJSON(b []byte) error {
	var all []Arrear
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	q.chunks = nil
	for len(all) > 0 {
		n := min(len(all), arrearsChunk)
		q.chunks, all = append(q.chunks, all[:n:n]), all[n:]
	}
	return nil
}
