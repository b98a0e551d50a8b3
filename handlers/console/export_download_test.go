package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"orderledger/handlers/files"
)

// SetDownloadMost changes how many rows a file has at most, for tests that run alone.
func SetDownloadMost(n int) (before int) {
	before, downloadMost = downloadMost, n
	return before
}

// BrokenDownload answers with a file whose rows can't be read after some pages of them; it returns the error of a file
// that was not begun.
func BrokenDownload(w http.ResponseWriter, r *http.Request, pages int) error {
	v := &view{w: w, r: r, org: "org-acme", zone: time.UTC, preferences: preferences{Lang: "en"}}
	more := "more"
	return v.download("broken", []files.Column{{Code: "a", Heading: "A", Kind: files.Text}}, func(string) (handful, error) {
		if pages--; pages < 0 {
			return handful{}, errors.New("the database is gone")
		}
		return handful{rows: [][]string{{strings.Repeat("x", 10_000)}}, next: &more}, nil
	})
}

// DownloadSlots takes all places of downloads until the function is called.
func DownloadSlots() func() {
	for range cap(downloads) {
		downloads <- struct{}{}
	}
	return func() {
		for range cap(downloads) {
			<-downloads
		}
	}
}
