package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

// object is a JSON object of the API; numbers keep their digits.
type object map[string]any

func (o *object) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var m map[string]any
	err := d.Decode(&m)
	*o = m
	return err
}

func (o object) text(name string) string { return text(o[name]) }

func (o object) set(name, value string) { o[name] = value }

// objects is a member that is a list of objects; nothing when there is none.
func (o object) objects(name string) []object {
	list, _ := o[name].([]any)
	var all []object
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

// keyFlag lets a command be sent again under the key of its first try.
func keyFlag(c *cobra.Command) {
	c.Flags().String("idempotency-key", "", "the command's key: the same one again does nothing twice (default: a new UUID)")
}

// commandFlags are those of every command: its key, and how the answer is printed.
func commandFlags(c *cobra.Command) {
	keyFlag(c)
	langFlag(c)
	jsonFlag(c)
}

// post sends a command. When it fails so that it may have been carried out, the error tells the key to try again with.
func post(ctx context.Context, c *cobra.Command, api *client.Client, path string, body any) (object, error) {
	return send(ctx, c, api, http.MethodPost, path, body)
}

// send is post for any method.
func send(ctx context.Context, c *cobra.Command, api *client.Client, method, path string, body any) (object, error) {
	key, _ := c.Flags().GetString("idempotency-key")
	if key == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("make an idempotency key: %w", err)
		}
		key = id.String()
	}
	var answer object
	err := api.Command(ctx, method, path, key, body, &answer)
	var p *client.Problem
	if err != nil && (!errors.As(err, &p) || p.Status >= 500) {
		err = hinted(err, "Nothing is done twice if you repeat it with --idempotency-key "+key)
	}
	return answer, err
}

// readFlags are those of every read: how it is printed, and what it must have seen.
func readFlags(c *cobra.Command) {
	c.Flags().String("min-position", "", "wait until the answer is as of this position at least, such as a command's")
	jsonFlag(c)
}

// get reads one object; the flags given narrow it under the names that the API has.
func get(ctx context.Context, c *cobra.Command, api *client.Client, path string, names map[string]string) (object, error) {
	query := url.Values{}
	setGiven(c, query.Set, names)
	setGiven(c, query.Set, map[string]string{"min-position": "min_position"})
	var answer object
	err := api.Get(ctx, path, query, &answer)
	return answer, err
}

// listFlags bound a list.
func listFlags(c *cobra.Command) {
	c.Flags().Int("limit", 50, "at most so many")
	c.Flags().Bool("all", false, "all of them")
	readFlags(c)
}

const pageMost = 500 // items of one answer

// list reads a list's items, page by page; the flags given narrow it under the names that the API has.
func list(ctx context.Context, c *cobra.Command, api *client.Client, path string, names map[string]string) ([]object, error) {
	query := url.Values{}
	setGiven(c, query.Set, names)
	setGiven(c, query.Set, map[string]string{"min-position": "min_position"})
	left, _ := c.Flags().GetInt("limit")
	all, _ := c.Flags().GetBool("all")
	if left < 1 {
		return nil, usage(errors.New("--limit is 1 or more"))
	}
	items := []object{} // "[]", not "null"
	for all || left > 0 {
		size := pageMost
		if !all {
			size = min(left, pageMost)
		}
		query.Set("limit", strconv.Itoa(size))
		var page struct {
			Items      []object `json:"items"`
			NextCursor string   `json:"next_cursor"`
		}
		if err := api.Get(ctx, path, query, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		left -= len(page.Items)
		if page.NextCursor == "" || len(page.Items) == 0 {
			break
		}
		query.Set("cursor", page.NextCursor)
	}
	return items, nil
}

// readBody reads one JSON object from a file, or from standard input for "-".
func readBody(c *cobra.Command, name string) (object, error) {
	var raw []byte
	var err error
	if name == "-" {
		raw, err = io.ReadAll(io.LimitReader(c.InOrStdin(), 1<<20))
	} else {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, usage(fmt.Errorf("%s holds no JSON object: %w", name, err))
	}
	return o, nil
}

// setGiven puts the flags that were given into a query or body, under the names that the API has.
func setGiven(c *cobra.Command, set func(name, value string), names map[string]string) {
	for flag, name := range names {
		if c.Flags().Changed(flag) {
			set(name, c.Flags().Lookup(flag).Value.String())
		}
	}
}
