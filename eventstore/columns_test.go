package eventstore

import (
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// What Postgres reads out of an array is what was put in.
func TestArraysAsPostgresReadsThem(t *testing.T) {
	t.Parallel()
	conn, err := testkit.Database(t).Pool(t, schema.App).Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	texts := newArray(oidText)
	for _, s := range []string{"plain", `quo"te\{,}`, "订单", "", "NULL"} {
		texts.textOrNull(s)
	}
	numbers := newArray(oidInt8)
	for _, v := range []int64{0, -1, math.MaxInt64, math.MinInt64} {
		numbers.int8(v)
	}
	times := newArray(oidTimestamptz)
	times.time(time.Date(1999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
	times.time(time.Date(2026, 11, 21, 4, 5, 6, 7000, time.FixedZone("", 8*3600)))
	bytes := newArray(oidBytea)
	bytes.bytes([]byte{0, 0xff, '\\'})
	bytes.null()
	empty := newArray(oidText)

	const q = `
SELECT $1::text[]::text, $2::bigint[]::text, $4::bytea[]::text, cardinality($5::text[]),
       (SELECT string_agg(to_char(x AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), ' ') FROM unnest($3::timestamptz[]) AS x)`
	var batch pgconn.Batch
	values := [][]byte{texts.value(), numbers.value(), times.value(), bytes.value(), empty.value()}
	batch.ExecParams(q, values, nil, binaryFormat, nil)
	results, err := conn.Conn().PgConn().ExecBatch(t.Context(), &batch).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{plain,"quo\"te\\{,}",订单,NULL,"NULL"}`,
		`{0,-1,9223372036854775807,-9223372036854775808}`,
		`{"\\x00ff5c",NULL}`,
		`0`,
		`1999-12-31T23:59:59.999999 2026-11-20T20:05:06.000007`,
	}
	for i, w := range want {
		if got := string(results[0].Rows[0][i]); got != w {
			t.Errorf("column %d: %s, want %s", i, got, w)
		}
	}
}
