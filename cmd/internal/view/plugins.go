package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// writePlugins prints the plugins of a run, how they were checked, and their
// restrictions.
func writePlugins(w io.Writer, plugins []store.Plugin) {
	for _, p := range plugins {
		trust := ""
		if p.Trust != "" {
			trust = ", " + string(p.Trust)
		}
		checksum := ""
		if p.SHA256 != "" { // that of an attached process is unknown
			checksum = ", SHA-256 " + p.SHA256
		}
		fmt.Fprintf(w, "plugin         %s %s%s%s\n", p.Name, p.Version, checksum, trust)
		if p.Sandbox == "" {
			continue // an earlier version did not record it
		}
		fmt.Fprintf(w, "  may do       %s\n", Indented(p.Permissions.String()))
		fmt.Fprintf(w, "  sandbox      %s\n", Indented(p.Sandbox))
	}
}

// Plain prints what a run spoke to without TLS on other machines, each line after a
// label.
func Plain(w io.Writer, label string, addresses []store.PlainAddress) {
	for _, a := range addresses {
		fmt.Fprintf(w, "%s%s to %s\n", label, phrase.OneLine(a.Definition), phrase.OneLine(a.Host))
	}
}

// shownConnections is the largest number of refused connections that are
// listed.
const shownConnections = 20

// writeConnections prints the plugins' connections: the number to each host,
// and each connection that was refused or failed.
func writeConnections(w io.Writer, connections []store.Connection) {
	counts := map[string]int{}
	var hosts []string
	var refused []store.Connection
	for _, c := range connections {
		if c.Refused != "" {
			refused = append(refused, c)
			continue
		}
		if counts[c.Host]++; counts[c.Host] == 1 {
			hosts = append(hosts, c.Host)
		}
	}
	for i, host := range hosts {
		hosts[i] = fmt.Sprintf("%s (%d)", host, counts[host])
	}
	if len(hosts) > 0 {
		fmt.Fprintf(w, "connections    %s\n", Indented(strings.Join(hosts, ", ")))
	}
	for i, c := range refused {
		if i == shownConnections {
			fmt.Fprintf(w, "  and %d more were refused or failed\n", len(refused)-i)
			break
		}
		fmt.Fprintf(w, "  not made     %s, by %s: %s\n", phrase.OneLine(c.Host), phrase.OneLine(c.Plugin), Indented(c.Refused))
	}
}
