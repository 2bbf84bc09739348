package plan

import (
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
	add := func(kind core.Kind, c Component) {
		for _, host := range c.Plain {
			all = append(all, PlainAddress{Definition{kind, c.Name}, host})
		}
	}
	for _, t := range p.Targets {
		add(core.KindTarget, t.Component)
	}
	for _, c := range p.Converters {
		add(core.KindConverter, c.Component)
	}
	for _, s := range p.Scorers {
		add(core.KindScorer, s.Component)
	}
	return all
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
