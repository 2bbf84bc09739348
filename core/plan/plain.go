package plan

import (
	"encoding/json"
	"iter"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// PlainAddress is an address on another machine that a component speaks to in the
// clear: without TLS.
type PlainAddress struct {
	Definition Definition
	// Host is HOST:PORT.
	Host string
}

// Plain returns the addresses that the plan's components speak to in the clear.
func (p *Plan) Plain() []PlainAddress {
	var all []PlainAddress
	for d, c := range p.components() {
		for _, host := range c.Plain {
			all = append(all, PlainAddress{d, host})
		}
	}
	return all
}

// NeedlesslyPlain returns the components that allow plain addresses of other machines
// (insecure_plain: true) and have none: a reader would think that they are spoken to
// in the clear.
func (p *Plan) NeedlesslyPlain() []Definition {
	var all []Definition
	for d, c := range p.components() {
		var given struct {
			InsecurePlain bool `json:"insecure_plain"`
		}
		if json.Unmarshal(c.Config, &given) == nil && given.InsecurePlain && len(c.Plain) == 0 {
			all = append(all, d)
		}
	}
	return all
}

// components iterates over the plan's targets, converters and scorers.
func (p *Plan) components() iter.Seq2[Definition, Component] {
	return func(yield func(Definition, Component) bool) {
		for _, t := range p.Targets {
			if !yield(Definition{core.KindTarget, t.Name}, t.Component) {
				return
			}
		}
		for _, c := range p.Converters {
			if !yield(Definition{core.KindConverter, c.Name}, c.Component) {
				return
			}
		}
		for _, s := range p.Scorers {
			if !yield(Definition{core.KindScorer, s.Name}, s.Component) {
				return
			}
		}
	}
}

// plainHosts returns the hosts of plain addresses in a component's configuration.
// The address of a proxy is none of them: what passes it is encrypted where the
// address behind it is.
func plainHosts(config *schema.Schema, c campaign.Component) []string {
	var hosts []string
	for _, field := range uris(config, c.Config.JSON) {
		if slices.Contains(strings.Split(field.Path, "."), proxyKey) {
			continue
		}
		if u, err := url.Parse(field.Value); err == nil && u.Hostname() != "" && scope.Plain(u) {
			host, port := scope.HostOf(u)
			hosts = append(hosts, net.JoinHostPort(host, port))
		}
	}
	return set(hosts)
}

// proxyKey is the configuration key of a proxy's address, or of an object that
// holds it.
const proxyKey = "proxy"

// Places returns the addresses that a component speaks to, by its configuration and
// its defaults, without user, query and fragment, and without proxies.
func Places(config *schema.Schema, given []byte) []string {
	var all []string
	for _, field := range uris(config, given) {
		u, err := url.Parse(field.Value)
		if err != nil || u.Hostname() == "" || slices.Contains(strings.Split(field.Path, "."), proxyKey) {
			continue
		}
		u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
		all = append(all, u.String())
	}
	return all
}
