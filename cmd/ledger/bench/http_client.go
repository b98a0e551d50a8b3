package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// load is what a client process is to do; it travels as JSON in an environment variable.
type load struct {
	Run, Path, Addr, Key string
	Connections          int
	// Seconds is for how long, Commands at least how many; one of them is 0.
	Seconds  float64
	Commands int
}

// loaded is what it did.
type loaded struct {
	PerSecond, P99 float64
	// CPU is how many cores the client used.
	CPU float64 `json:"-"`
}

// clientEnv makes this program a load client instead.
const clientEnv = "LEDGER_BENCH_CLIENT"

// load runs a client process.
func (a *api) load(ctx context.Context, l load) (loaded, error) {
	l.Addr, l.Key = a.addr, a.key
	text, err := json.Marshal(l)
	if err != nil {
		return loaded{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return loaded{}, err
	}
	client := exec.CommandContext(ctx, self, "bench")
	client.Env = append(os.Environ(), clientEnv+"="+string(text))
	client.Stderr = os.Stderr
	start := time.Now()
	out, err := client.Output()
	if err != nil {
		return loaded{}, fmt.Errorf("load client: %w", err)
	}
	var done loaded
	if err := json.Unmarshal(out, &done); err != nil {
		return loaded{}, fmt.Errorf("load client's answer %q: %w", out, err)
	}
	used := client.ProcessState.UserTime() + client.ProcessState.SystemTime()
	done.CPU = used.Seconds() / time.Since(start).Seconds()
	return done, nil
}

// Client does what the environment asks of a load client; asked is false when it asks for nothing.
func Client(ctx context.Context) (asked bool, err error) {
	text := os.Getenv(clientEnv)
	if text == "" {
		return false, nil
	}
	var l load
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return true, err
	}
	var done loaded
	switch l.Path {
	case "/v1/orders":
		done, err = l.orders(ctx)
	case "/v1/commands":
		done, err = l.bulk(ctx)
	default:
		err = errors.New("the load client knows no such path")
	}
	if err != nil {
		return true, err
	}
	return true, json.NewEncoder(os.Stdout).Encode(done)
}

func (l *load) client() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.Connections, MaxConnsPerHost: l.Connections}}
}

// orders places one order a request.
func (l *load) orders(ctx context.Context) (loaded, error) {
	c := l.client()
	bodies := make([][]byte, l.Connections)
	for i := range bodies {
		bodies[i] = orderBody(org(i), "")
	}
	perSecond, all, err := inTurns(ctx, l.Connections, time.Duration(l.Seconds*float64(time.Second)), func(ctx context.Context, caller, turn int) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr+l.Path, bytes.NewReader(bodies[caller]))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+l.Key)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", fmt.Sprint(l.Run, "/", caller, "/", turn))
		answer, err := c.Do(r)
		if err != nil {
			return err
		}
		return expect(answer, http.StatusCreated)
	})
	return loaded{PerSecond: perSecond, P99: all.at(0.99)}, err
}

// bulkLines is how many commands one request has: half of them place an order, half pay it.
const bulkLines = 4000

// bulk sends files of commands, one after another on each connection.
func (l *load) bulk(ctx context.Context) (loaded, error) {
	c := l.client()
	span := time.Duration(l.Seconds * float64(time.Second))
	if l.Commands > 0 {
		span = time.Hour
	}
	perSecond, _, err := inTurns(ctx, l.Connections, span, func(ctx context.Context, caller, turn int) error {
		if l.Commands > 0 && turn*bulkLines*l.Connections >= l.Commands {
			return errEnough
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr+l.Path, bytes.NewReader(l.file(caller, turn)))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+l.Key)
		r.Header.Set("Content-Type", "application/x-ndjson")
		answer, err := c.Do(r)
		if err != nil {
			return err
		}
		return allAccepted(answer)
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return loaded{PerSecond: perSecond * bulkLines}, err
}

// errEnough ends a load of a number of commands.
var errEnough = errors.New("enough")

func (l *load) file(caller, turn int) []byte {
	var file bytes.Buffer
	for i := range bulkLines / 2 {
		o := purchase(org(i))
		key := fmt.Sprint(l.Run, "/", caller, "/", turn, "/", i)
		file.WriteString(`{"key":"` + key + `","command":"place_order","body":`)
		file.Write(orderBody(o.OrgID, o.OrderID))
		file.WriteString("}\n" + `{"key":"` + key + `p","command":"pay_order","body":{"org_id":"` + o.OrgID + `","order_id":"` + o.OrderID + `"}}` + "\n")
	}
	return file.Bytes()
}

// orderBody is the body of POST /v1/orders for the same order as purchase.
func orderBody(org, id string) []byte {
	o := purchase(org)
	body := map[string]any{
		"order_type": o.OrderType, "org_id": org, "project_id": o.ProjectID, "consumer_id": o.ConsumerID, "currency": o.Currency,
		"tags": o.Tags, "lines": o.Lines,
	}
	if id != "" {
		body["order_id"] = id
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // plain values
	}
	return text
}

func expect(answer *http.Response, status int) error {
	defer answer.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != status {
		return fmt.Errorf("status %d: %s", answer.StatusCode, body.Bytes())
	}
	return nil
}

// allAccepted reads the answer to a file and finds a line that was not accepted.
func allAccepted(answer *http.Response) error {
	defer answer.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		return err
	}
	if n := bytes.Count(body.Bytes(), []byte(`"outcome":"accepted"`)); n != bulkLines {
		return errors.New(strconv.Itoa(n) + " lines were accepted: " + string(body.Bytes()[:min(500, body.Len())]))
	}
	return nil
}
