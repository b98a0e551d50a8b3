package handlers

import (
	"context"

	"orderledger/eventstore"
)

// doubtBatches is for how many batches keys are looked up beforehand after a batch met keys that the log
// knew: somebody is sending a whole file again, and each batch would be tried and taken apart.
const doubtBatches = 16

// answerKnown answers the tasks whose keys are known, and returns the others. While in doubt it asks the
// log. A key that it doesn't find is still held against the log by the append itself.
func (e *Executor) answerKnown(tasks []*task) ([]*task, error) {
	if e.doubt > 0 {
		if _, err := e.lookUp(tasks); err != nil {
			return tasks, err
		}
	}
	var others []*task
	for _, t := range tasks {
		if c, ok := e.keys.get(t.ref()); ok {
			e.stats.Replayed.Add(1)
			t.replay(c)
			continue
		}
		others = append(others, t)
	}
	return others, nil
}

// lookUp remembers those of the tasks' keys that the log knows, and counts them.
func (e *Executor) lookUp(tasks []*task) (found int, err error) {
	var refs []eventstore.KeyRef
	for _, t := range tasks {
		if _, ok := e.keys.get(t.ref()); ok {
			found++
		} else {
			refs = append(refs, t.ref())
		}
	}
	e.doubt = max(0, e.doubt-1)
	if len(refs) == 0 {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	defer cancel()
	known, err := e.log.Lookup(ctx, refs)
	if err != nil {
		return 0, err
	}
	for ref, c := range known {
		e.keys.put(ref, c)
	}
	if len(known) > 0 {
		e.doubt = doubtBatches
	}
	return found + len(known), nil
}
