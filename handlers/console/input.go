package console

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"orderledger/handlers"
)

// formBytes bounds a form.
const formBytes = 1 << 20

// readForm reads a form, within its bound.
func readForm(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, formBytes)
	err := r.ParseForm()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, "too_large", "a form holds at most 1 MiB")
	case err != nil:
		return problem(http.StatusBadRequest, "malformed", "the form can't be read")
	}
	return nil
}

// readable finds addresses that the database can't compare with anything: it would answer them with an error.
func readable(r *http.Request) error {
	texts := []string{r.URL.Path}
	for name, values := range r.URL.Query() {
		texts = append(append(texts, name), values...)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return problem(http.StatusBadRequest, "malformed", "the address is not UTF-8 text, or has a NUL character")
		}
	}
	return nil
}

// problem makes a problem of the console's own, with a code that the API has too. The catalogues have its words.
func problem(status int, code, detail string) *handlers.Problem {
	return &handlers.Problem{Type: "/docs#" + code, Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}
