package plan

import (
	"cmp"
	"net"
	"net/url"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Needs are the outside resources of a campaign, each sorted and without
// duplicates.
type Needs struct {
	// Hosts are contacted; they include this machine.
	Hosts []string
	// Local are the addresses of this machine, HOST:PORT, that are contacted.
	Local []string
	// Secrets are read: NAME stands for an environment variable, file:PATH for
	// a file.
	Secrets []string
	// Programs are the programs that the campaign names. Programs that a
	// component runs by itself are not included.
	Programs []string
	// Files are those that components read by themselves.
	Files []string
	// Webhooks get notices of comparisons; each address is in the form that may
	// be shown. They are the user's own, so that the scope's hosts do not apply
	// to them.
	Webhooks []string
}

// Needs returns the outside resources of the components that some trial uses.
func (p *Plan) Needs() Needs { return p.needs }

func (p *planner) addNeeds() {
	n := &p.plan.needs
	p.definitions(func(d Definition, c campaign.Component) {
		_, config, ok := p.catalog.Lookup(d.Kind, c.Use)
		if !ok || !p.used[d] {
			return
		}
		for _, field := range uris(config, c.Config.JSON) {
			if u, err := url.Parse(field.Value); err == nil && u.Hostname() != "" {
				host, port := scope.HostOf(u)
				n.Hosts = append(n.Hosts, host)
				if scope.Loopback(host) {
					n.Local = append(n.Local, net.JoinHostPort(host, port))
				}
			}
		}
		n.addSecrets(c.Config.JSON)
		for _, field := range config.Programs(c.Config.JSON) {
			n.Programs = append(n.Programs, field.Value)
		}
		for _, field := range config.Files(c.Config.JSON) {
			n.Files = append(n.Files, field.Value)
		}
	})
	for _, w := range p.campaign.Notify {
		n.Webhooks = append(n.Webhooks, w.Place())
		n.addSecrets(w.Config())
	}
	n.Hosts, n.Local, n.Secrets = set(n.Hosts), set(n.Local), set(n.Secrets)
	n.Programs, n.Files, n.Webhooks = set(n.Programs), set(n.Files), set(n.Webhooks)
}

func (n *Needs) addSecrets(config []byte) {
	found, _ := secret.References(config) // a plan has no malformed references
	for _, ref := range found {
		n.Secrets = append(n.Secrets, nameOf(ref))
	}
}

func nameOf(ref secret.Reference) string {
	if ref.Scheme == secret.SchemeFile {
		return ref.Scheme + ":" + ref.Name
	}
	return ref.Name
}

// set sorts a list and removes duplicates.
func set[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}
