package domain_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"orderledger/domain"
)

// generator makes commands that mostly make sense on the world as it is, and now and then do not.
type generator struct {
	*rand.Rand
	*world
	now    time.Time
	orders int
	// poor organisations run into arrears.
	poor bool
	// astray says that the command being made found nothing that fits.
	astray bool
	// currencies are those of the organisations' orders; with one, funds and orders meet more often.
	currencies []domain.Currency
}

func newGenerator(r *rand.Rand) *generator {
	g := &generator{Rand: r, now: noon, poor: r.IntN(3) == 0, currencies: []domain.Currency{"CNY"}}
	if g.one(4) {
		g.currencies = []domain.Currency{"CNY", "JPY", "KWD"}
	}
	return g
}

// kind is a sort of command, and how often it is made beside the others.
type kind struct {
	weight int
	make   func(*generator) domain.Command
}

var kinds = slices.Concat(orderKinds, moneyKinds, lifeKinds, usageKinds)

var totalWeight = func() (sum int) {
	for _, k := range kinds {
		sum += k.weight
	}
	return sum
}()

// next is the next command, some time after the one before.
func (g *generator) next() turn {
	g.now = g.now.Add(g.wait()).Truncate(time.Microsecond)
	clock := domain.Clock{Now: g.now, At: g.now, Actor: pick(g, "key:ana", "key:ana", "key:ben", "timer")}
	if g.one(20) {
		clock.At = g.now.Add(-time.Duration(g.Int64N(int64(3 * 24 * time.Hour)))).Truncate(time.Microsecond)
	}
	c := g.command()
	for range 6 { // most that find nothing to be about would be refused alike
		if !g.astray || g.one(10) {
			break
		}
		c = g.command()
	}
	return turn{clock, c}
}

func (g *generator) command() domain.Command {
	g.astray = false
	n := g.IntN(totalWeight)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k.make(g)
		}
	}
	panic("the weights do not sum up")
}

func (g *generator) wait() time.Duration {
	switch g.IntN(10) {
	case 0:
		return time.Duration(g.Int64N(int64(4 * 24 * time.Hour)))
	case 1, 2:
		return time.Duration(g.Int64N(int64(10 * time.Hour)))
	case 3:
		return time.Duration(g.IntN(3)) * time.Hour
	default:
		return time.Duration(g.Int64N(int64(time.Hour)))
	}
}

// one says yes once in n times.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, all ...T) T { return all[g.IntN(len(all))] }

func (g *generator) org() string { return pick(g, "org-a", "org-a", "org-b") }

func (g *generator) currency() domain.Currency { return pick(g, g.currencies...) }

func (g *generator) reason() string { return pick(g, "as asked", "as asked", "wrong size", "") }

func (g *generator) amount(c domain.Currency, most int64) domain.Amount {
	a, err := amount(fmt.Sprint(g.Int64N(most) + 1)).In(c)
	if err != nil {
		panic(err)
	}
	return a
}

func (g *generator) newOrderID() string {
	g.orders++
	return fmt.Sprintf("0198c2f0-0000-7000-8000-%012d", g.orders)
}

// order is an order that has one of the statuses, rather a late one; if there is none so soon, any order, or none.
func (g *generator) order(statuses ...domain.Status) *domain.Order {
	return g.orderThat(func(o *domain.Order) bool { return slices.Contains(statuses, o.Status) && !g.one(30) })
}

func (g *generator) orderThat(fits func(*domain.Order) bool) *domain.Order {
	found := &domain.Order{Header: domain.Header{OrderID: g.newOrderID(), OrgID: g.org()}}
	for range 2 * len(g.streams) {
		at := max(g.IntN(len(g.streams)), g.IntN(len(g.streams)))
		if o, ok := g.states[g.streams[at]].(*domain.Order); ok {
			if found = o; fits(o) {
				return o
			}
		}
	}
	g.astray = true
	return found
}

// orgOf is mostly the order's organisation.
func (g *generator) orgOf(o *domain.Order) string {
	if g.one(40) {
		return g.org()
	}
	return o.OrgID
}

// resourceThat is a resource that fits; if there is none so soon, any one, or a name of none.
func (g *generator) resourceThat(fits func(*domain.Resource) bool) *domain.Resource {
	found := &domain.Resource{OrgID: g.org(), ResourceID: g.resourceID()}
	for range 2 * len(g.streams) {
		if r, ok := g.states[pick(g, g.streams...)].(*domain.Resource); ok {
			if found = r; fits(r) || g.one(40) {
				return r
			}
		}
	}
	g.astray = true
	return found
}

const resources = 16

func (g *generator) resourceID() string { return fmt.Sprint("r-", g.IntN(resources)) }
