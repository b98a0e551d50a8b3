package handlers

import (
	"context"
	"time"

	"orderledger/eventstore"
	"orderledger/projections"
)

// Status is how a ledger fares: where its log ends, and how far what follows it has got. Lags are in events.
type Status struct {
	Head struct {
		Position int64  `json:"position"`
		Hash     string `json:"hash"`
		Epoch    int64  `json:"epoch"`
		Fenced   string `json:"fenced,omitempty" doc:"Why commands are refused until an operator has looked"`
	} `json:"head"`
	Relay       *RelayStatus       `json:"relay" doc:"null where there is no broker"`
	Projections []ProjectionStatus `json:"projections"`
	Checkpoint  *CheckpointStatus  `json:"checkpoint" doc:"The last signed one; null before it"`
	AsOf        int64              `json:"as_of_position"`
}

// RelayStatus is how far the log is on the broker.
type RelayStatus struct {
	Position int64  `json:"position"`
	Lag      int64  `json:"lag"`
	State    string `json:"state"`
}

// ProjectionStatus is how far a read model is.
type ProjectionStatus struct {
	Name     string `json:"name"`
	Version  int    `json:"version"`
	Position int64  `json:"position"`
	Lag      int64  `json:"lag"`
	State    string `json:"state"`
	Error    string `json:"error,omitempty"`
}

// CheckpointStatus is the last signed checkpoint.
type CheckpointStatus struct {
	Position int64     `json:"position"`
	At       time.Time `json:"at"`
}

// ReadStatus asks the database, and with relay the broker; relay is nil where there is no broker. It reads the
// head last: nothing is ahead of it, and no lag is negative.
func ReadStatus(ctx context.Context, reader *projections.Reader, log *eventstore.Log, relay func(context.Context) eventstore.RelayStatus) (Status, error) {
	var status Status
	models, err := reader.Checkpoints(ctx)
	if err != nil {
		return status, err
	}
	if relay != nil {
		r := relay(ctx)
		status.Relay = &RelayStatus{Position: r.Position, State: r.State}
	}
	head, err := log.Head(ctx)
	if err != nil {
		return status, err
	}
	status.Head.Position, status.Head.Hash, status.Head.Epoch, status.Head.Fenced = head.Position, head.Hash.String(), head.Epoch, head.Fenced
	status.AsOf = head.Position
	if status.Relay != nil {
		status.Relay.Lag = max(0, head.Position-status.Relay.Position)
	}
	status.Projections = make([]ProjectionStatus, len(models))
	for i, m := range models {
		status.Projections[i] = ProjectionStatus{m.Name, m.Version, m.Position, max(0, head.Position-m.Position), m.State, m.Error}
	}
	return status, nil
}
