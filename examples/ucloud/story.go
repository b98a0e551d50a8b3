// Package ucloud has UCloud's story as lines for `ledger import`; README.md beside it tells what it plays.
package ucloud

import _ "embed"

// Commands is commands.jsonl. Its organisation is Org, its bill that of Month.
//
//go:embed commands.jsonl
var Commands []byte

// The story's organisation, and the month of its bill.
const (
	Org   = "org-ucloud"
	Month = "2025-11"
)
