package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// uri is an address in a component's configuration.
type uri struct {
	Path, Value string
	// byDefault says that the address is the schema's default.
	byDefault bool
}

// uris returns the addresses in a configuration, and the schema's defaults for
// those that the configuration leaves out, which are contacted as well.
func uris(s *schema.Schema, config []byte) []uri {
	var all []uri
	for _, field := range s.Strings(config, "uri") {
		all = append(all, uri{Path: field.Path, Value: field.Value})
	}
	var root property
	encoded, err := json.Marshal(s)
	if err != nil || json.Unmarshal(encoded, &root) != nil {
		return all // a schema always encodes
	}
	var given map[string]any
	if len(config) > 0 && json.Unmarshal(config, &given) != nil {
		return all // reported by the schema
	}
	return append(all, defaultURIs(root, "", given)...)
}

// property holds the fields of a JSON Schema that this package reads.
type property struct {
	Format     string              `json:"format"`
	Default    any                 `json:"default"`
	Properties map[string]property `json:"properties"`
}

func defaultURIs(p property, path string, given map[string]any) []uri {
	var all []uri
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		child := p.Properties[name]
		below := name
		if path != "" {
			below = path + "." + name
		}
		value, ok := given[name]
		if s, isText := child.Default.(string); isText && !ok && child.Format == "uri" {
			all = append(all, uri{below, s, true})
		}
		nested, _ := value.(map[string]any)
		all = append(all, defaultURIs(child, below, nested)...)
	}
	return all
}

// checkScope checks that an address is loopback or within the scope.
func (p *planner) checkScope(d Definition, at yamlfile.Position, u uri) {
	if u.Value == "" {
		return
	}
	parsed, err := url.Parse(u.Value)
	if err != nil || parsed.Hostname() == "" {
		p.report.Problem(at, "such as https://host.example/v1", "%s: %s: %q names no host", d, u.Path, u.Value)
		return
	}
	host, port := scope.HostOf(parsed)
	if scope.Loopback(host) || scope.Allows(p.campaign.Scope.Hosts, host, port) {
		return
	}
	by := p.options.Environment.from(d, u.Path)
	if u.byDefault {
		by = " (the component's default)"
	}
	p.report.Problem(at, fmt.Sprintf("if the authorization covers it, add %q to scope.hosts", host),
		"%s: %s: %s is not in scope.hosts%s", d, u.Path, host, by)
}
