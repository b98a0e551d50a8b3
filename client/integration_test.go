package client_test

import (
	"os"
	"strings"
	"testing"
)

// The program in docs/integration.md is the one that is built.
func TestTheGuideQuotesTheProgram(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/integration.md")
	must(t, err)
	program, err := os.ReadFile("../examples/service/main.go")
	must(t, err)
	if !strings.Contains(string(guide), "```go\n"+string(program)+"```\n") {
		t.Error("docs/integration.md does not quote examples/service/main.go as it is")
	}
}
