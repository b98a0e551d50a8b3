package console

import (
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// localPath is an address of the console's own, or "/": a form or a link must not send people anywhere else.
func localPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return to
}

func queryEscape(s string) string { return url.QueryEscape(s) }

func uuidOf(s string) (uuid.UUID, error) { return uuid.Parse(s) }
