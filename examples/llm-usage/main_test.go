package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func requests(t *testing.T, rows string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "requests.csv")
	if err := os.WriteFile(name, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEveryRequestIsTwoRecords(t *testing.T) {
	t.Parallel()
	name := requests(t, "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 19:14:08.0000001,396,109")
	var out bytes.Buffer
	if err := run([]string{"-requests", name}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var told []string
	for line := range bytes.Lines(out.Bytes()) {
		var c struct {
			Command, At string
			Body        struct {
				Records []struct{ Meter, Quantity, From, To string }
			}
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		text := c.Command + " " + c.At
		for _, r := range c.Body.Records {
			text += ", " + strings.Join([]string{r.Meter, r.Quantity, r.From, r.To}, " ")
		}
		told = append(told, text)
	}
	want := []string{
		"top_up 2023-11-16T18:00:00Z",
		"place_order 2023-11-16T18:00:00Z",
		"report_usage 2023-11-16T18:15:46.680591Z" +
			", input 374 2023-11-16T18:15:46.68059Z 2023-11-16T18:15:46.680591Z, output 44 2023-11-16T18:15:46.68059Z 2023-11-16T18:15:46.680591Z",
		"settle_usage 2023-11-16T19:01:00Z",
		"report_usage 2023-11-16T19:14:08.000001Z" +
			", input 396 2023-11-16T19:14:08Z 2023-11-16T19:14:08.000001Z, output 109 2023-11-16T19:14:08Z 2023-11-16T19:14:08.000001Z",
		"settle_usage 2023-11-16T20:01:00Z",
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("it writes\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	const header = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
	for rows, want := range map[string]string{
		"":                                     "the columns are not",
		header:                                 "there is no row",
		"a,b,c\n2023-11-16 18:15:46,1,2\n":     "the columns are not",
		header + "yesterday,1,2\n":             "row 2: parsing time",
		header + "2023-11-16 18:15:46,one,2\n": "row 2: can't convert one to decimal",
	} {
		if err := run([]string{"-requests", requests(t, rows)}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", rows, err, want)
		}
	}
}
