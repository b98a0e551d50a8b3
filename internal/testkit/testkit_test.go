package testkit

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/internal/natsserver"
	"orderledger/internal/schema"
)

func TestMain(m *testing.M) { Main(m) }

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	a, b := Database(t), Database(t)
	if _, err := a.Pool(t, schema.Owner).Exec(t.Context(), `CREATE TABLE mine (n int)`); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := b.Pool(t, schema.Owner).QueryRow(t.Context(), `SELECT to_regclass('mine') IS NOT NULL`).Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there {
		t.Fatal("one test's table is in another's database")
	}
}

func TestClusterOfItsOwnStartsAgain(t *testing.T) {
	t.Parallel()
	s := Postgres(t)
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	StartPostgres(t, s.Dir())
}

func TestServersOfNATSLeaveNothingRunning(t *testing.T) {
	t.Parallel()
	s := NATS(t, func(o *natsserver.Options) { o.User, o.Password = "u", "p" })
	inside, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	outside, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	js, err := jetstream.New(outside)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "s", []byte("x")); err != nil {
		t.Fatal(err)
	}
	c, err := js.CreateConsumer(t.Context(), "S", jetstream.ConsumerConfig{Durable: "d"})
	if err != nil {
		t.Fatal(err)
	}
	if msg, err := c.Next(); err != nil || msg.Ack() != nil {
		t.Fatal(err)
	}
}
