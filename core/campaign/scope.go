package campaign

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Scope is the rules of engagement.
type Scope struct {
	// Authorization is free text that every report shows.
	Authorization string
	// Hosts are the hosts that components may contact, as host or host:port;
	// loopback needs no entry.
	Hosts []string
	scope.Bounds
	MaxCostAt yamlfile.Position
}

// Prices are the prices of the campaign's targets.
type Prices struct {
	// Currency is any text, such as USD.
	Currency string
	// Targets are the prices of each target that has one, by its name.
	Targets map[string]Price
}

// Price is the price of a target.
type Price struct {
	cost.Price
	// At is the position of the target's name.
	At yamlfile.Position
}

// The limits of the bounds.
const (
	mostTurns       = math.MaxInt32
	mostTokens      = 1_000_000_000_000
	mostCost        = 1_000_000_000
	mostPrice       = 1_000_000
	longestDuration = 366 * 24 * time.Hour
)

func readScope(v value) Scope {
	var s Scope
	v.Object(
		yamlfile.Optional("authorization", yamlfile.TextInto(&s.Authorization)),
		yamlfile.Optional("hosts", func(v value) {
			v.List(func(entry value) {
				if host, ok := readHost(entry); ok {
					s.Hosts = append(s.Hosts, host)
				}
			})
		}),
		yamlfile.Optional("max_turns", func(v value) { s.MaxTurns, _ = v.Integer(1, mostTurns) }),
		yamlfile.Optional("max_duration", func(v value) { s.MaxDuration, _ = v.Duration(time.Second, longestDuration) }),
		yamlfile.Optional("max_tokens", func(v value) {
			n, _ := v.Integer(1, mostTokens)
			s.MaxTokens = int64(n)
		}),
		yamlfile.Optional("max_cost", func(v value) { s.MaxCost, s.MaxCostAt = readCost(v), v.At() }),
		yamlfile.Optional("window", func(v value) { s.Window = readWindow(v) }),
	)
	return s
}

// readCost reads an amount greater than 0.
func readCost(v value) float64 {
	before := v.File().Count()
	n, _ := v.Number(0, mostCost, "an amount in the currency of prices:, without its name")
	if n == 0 && v.File().Count() == before {
		v.Problem("leave it out to bound nothing", "%s must be more than 0", v.Label())
	}
	return n
}

func readPrices(v value) Prices {
	p := Prices{Targets: map[string]Price{}}
	v.Object(
		yamlfile.Required("currency", yamlfile.TextInto(&p.Currency)),
		yamlfile.Required("targets", func(v value) {
			v.Definitions("prices of target", checkName, func(name string, at yamlfile.Position, v value) {
				p.Targets[name] = readPrice(at, v)
			})
		}),
	)
	return p
}

// readPrice reads the prices of a target. Those of audio default to those of text.
func readPrice(at yamlfile.Position, v value) Price {
	p := Price{cost.Price{InputAudio: -1, OutputAudio: -1}, at}
	into := func(f *float64) func(value) {
		return func(v value) { *f, _ = v.Number(0, mostPrice, "the price of a million tokens") }
	}
	v.Object(
		yamlfile.Required("input_text", into(&p.InputText)),
		yamlfile.Required("output_text", into(&p.OutputText)),
		yamlfile.Optional("input_audio", into(&p.InputAudio)),
		yamlfile.Optional("output_audio", into(&p.OutputAudio)),
	)
	if p.InputAudio < 0 {
		p.InputAudio = p.InputText
	}
	if p.OutputAudio < 0 {
		p.OutputAudio = p.OutputText
	}
	return p
}

// linkPrices checks that prices are those of defined targets, and that every
// target has a price if the cost is bounded.
func linkPrices(f *yamlfile.File, c *Campaign, targets []string) {
	for name, price := range c.Prices.Targets {
		checkDefined(f, "target", targets, Reference{name, price.At})
	}
	if c.Scope.MaxCostAt == (yamlfile.Position{}) {
		return
	}
	without := slices.DeleteFunc(slices.Clone(targets), func(name string) bool {
		_, ok := c.Prices.Targets[name]
		return ok
	})
	if len(without) > 0 {
		f.Problem(c.Scope.MaxCostAt, fmt.Sprintf("prices: {currency: USD, targets: {%s: {input_text: 4, output_text: 16}}}, per million tokens; 0 is a price, too", without[0]),
			"max_cost needs the price of every target; there is none for %s", strings.Join(without, ", "))
	}
}
