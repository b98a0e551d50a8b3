package intake_test

import (
	"testing"

	"orderledger/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
