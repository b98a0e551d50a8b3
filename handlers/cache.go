package handlers

import (
	"container/list"

	"orderledger/domain"
	"orderledger/eventstore"
)

// cacheBytes bounds the states that the executor holds. A state that is not held is loaded again.
const cacheBytes = 64 << 20

// cache holds stream states at the executor's known head, least recently used out first. A stream
// that has no events is held as nil. Not safe for concurrent use: the executor's goroutine owns it.
type cache struct {
	bytes   int
	max     int
	entries map[domain.Ref]*list.Element
	recent  list.List // of *cached, most recently used first
}

type cached struct {
	ref   domain.Ref
	state domain.State
	size  int
}

func newCache() *cache {
	return &cache{max: cacheBytes, entries: map[domain.Ref]*list.Element{}}
}

// entryOverhead is what an entry costs beside its state, in bytes.
const entryOverhead = 256

func (c *cache) get(ref domain.Ref) (domain.State, bool) {
	at, ok := c.entries[ref]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(at)
	return at.Value.(*cached).state, true
}

func (c *cache) put(ref domain.Ref, s domain.State) {
	size := entryOverhead
	if s != nil {
		size += s.Size()
	}
	if at, ok := c.entries[ref]; ok {
		e := at.Value.(*cached)
		c.bytes += size - e.size
		e.state, e.size = s, size
		c.recent.MoveToFront(at)
	} else {
		c.entries[ref] = c.recent.PushFront(&cached{ref, s, size})
		c.bytes += size
	}
	for c.bytes > c.max && c.recent.Len() > 1 {
		last := c.recent.Back()
		e := c.recent.Remove(last).(*cached)
		delete(c.entries, e.ref)
		c.bytes -= e.size
	}
}

func (c *cache) drop(ref domain.Ref) {
	if at, ok := c.entries[ref]; ok {
		c.bytes -= c.recent.Remove(at).(*cached).size
		delete(c.entries, ref)
	}
}

func (c *cache) clear() {
	c.bytes = 0
	clear(c.entries)
	c.recent.Init()
}

// keysMax bounds each of the two generations of remembered keys.
const keysMax = 1 << 15

// recentKeys remembers the last commands by key, so that a quick retry costs no query. What it has
// forgotten, the log's unique index still knows.
type recentKeys struct {
	young, old map[eventstore.KeyRef]eventstore.Command
	max        int
}

func newRecentKeys() *recentKeys {
	return &recentKeys{young: map[eventstore.KeyRef]eventstore.Command{}, max: keysMax}
}

func (k *recentKeys) get(ref eventstore.KeyRef) (eventstore.Command, bool) {
	if c, ok := k.young[ref]; ok {
		return c, true
	}
	c, ok := k.old[ref]
	return c, ok
}

func (k *recentKeys) put(ref eventstore.KeyRef, c eventstore.Command) {
	if len(k.young) >= k.max {
		k.old, k.young = k.young, make(map[eventstore.KeyRef]eventstore.Command, k.max)
	}
	k.young[ref] = c
}

func (k *recentKeys) clear() { clear(k.young); clear(k.old) }
