package campaign

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Scope is the rules of engagement.
type Scope struct {
	// Authorization is free text that every report shows.
	Authorization string
	// Hosts are the hosts that components may contact, as host or host:port;
	// loopback needs no entry.
	Hosts []string
	scope.Bounds
	MaxCostAt Position
	At        Position
}

// Prices are what the use of the campaign's targets costs.
type Prices struct {
	// Currency is any text, such as USD.
	Currency string
	// Targets are the prices of each target that has one, by its name.
	Targets map[string]Price
}

// Price is what a million tokens of each sort cost.
type Price struct {
	InputText, OutputText   float64
	InputAudio, OutputAudio float64
	// At is the place of the target's name.
	At Position
}

// The bounds of the bounds.
const (
	mostTurns       = math.MaxInt32
	mostTokens      = 1_000_000_000_000
	mostCost        = 1_000_000_000
	mostPrice       = 1_000_000
	longestDuration = 366 * 24 * time.Hour
)

func (r *reader) scope(v value) Scope {
	s := Scope{At: v.place()}
	r.object(v, []field{
		{"authorization", false, r.textInto(&s.Authorization)},
		{"hosts", false, func(v value) {
			r.list(v, func(entry value) {
				if host, ok := r.host(entry); ok {
					s.Hosts = append(s.Hosts, host)
				}
			})
		}},
		{"max_turns", false, func(v value) { s.MaxTurns, _ = r.integer(v, 1, mostTurns) }},
		{"max_duration", false, func(v value) { s.MaxDuration, _ = r.duration(v, time.Second, longestDuration) }},
		{"max_tokens", false, func(v value) {
			n, _ := r.integer(v, 1, mostTokens)
			s.MaxTokens = int64(n)
		}},
		{"max_cost", false, func(v value) { s.MaxCost, s.MaxCostAt = r.cost(v), v.place() }},
		{"window", false, func(v value) { s.Window = r.window(v) }},
	})
	return s
}

// cost reads an amount that is more than nothing.
func (r *reader) cost(v value) float64 {
	before := len(r.problems)
	n, _ := r.number(v, 0, mostCost, "an amount in the currency of prices:, without its name")
	if n == 0 && len(r.problems) == before {
		r.problem(v.place(), "leave it out to bound nothing", "%s must be more than 0", v.label)
	}
	return n
}

func (r *reader) prices(v value) Prices {
	p := Prices{Targets: map[string]Price{}}
	r.object(v, []field{
		{"currency", true, r.textInto(&p.Currency)},
		{"targets", true, func(v value) {
			r.definitions(v, "prices of target", checkName, func(name Name, v value) {
				p.Targets[name.Name] = r.price(name.At, v)
			})
		}},
	})
	return p
}

// price reads the prices of a target. Those of audio are those of text where
// they are left out.
func (r *reader) price(at Position, v value) Price {
	p := Price{InputAudio: -1, OutputAudio: -1, At: at}
	into := func(f *float64) func(value) {
		return func(v value) { *f, _ = r.number(v, 0, mostPrice, "the price of a million tokens") }
	}
	r.object(v, []field{
		{"input_text", true, into(&p.InputText)},
		{"output_text", true, into(&p.OutputText)},
		{"input_audio", false, into(&p.InputAudio)},
		{"output_audio", false, into(&p.OutputAudio)},
	})
	if p.InputAudio < 0 {
		p.InputAudio = p.InputText
	}
	if p.OutputAudio < 0 {
		p.OutputAudio = p.OutputText
	}
	return p
}

// linkPrices checks that prices are those of targets, and that a bound on the
// cost can be kept: every target has a price.
func (r *reader) linkPrices(c *Campaign, targets []string) {
	for name, price := range c.Prices.Targets {
		r.defined("target", targets, Name{name, price.At})
	}
	if c.Scope.MaxCostAt == (Position{}) {
		return
	}
	without := slices.DeleteFunc(slices.Clone(targets), func(name string) bool {
		_, ok := c.Prices.Targets[name]
		return ok
	})
	if len(without) > 0 {
		r.problem(c.Scope.MaxCostAt, fmt.Sprintf("prices: {currency: USD, targets: {%s: {input_text: 4, output_text: 16}}}, per million tokens; 0 is a price, too", without[0]),
			"max_cost needs the price of every target; there is none for %s", strings.Join(without, ", "))
	}
}
