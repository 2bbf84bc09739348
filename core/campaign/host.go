package campaign

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// hostname lists both cases: with (?i), [a-z] would match the Kelvin sign for
// k.
var hostname = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?)*\.?$`)

// readHost reads host or host:port, in lower case.
func readHost(v value) (string, bool) {
	s, ok := v.Text()
	if !ok {
		return "", false
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		name, _, _ := strings.Cut(rest, "/")
		v.Problem(fmt.Sprintf("write only the host: %q", name), "%s: %s is a URL, not a host", v.Label(), yamlfile.Quote(s))
		return "", false
	}
	host := s
	if h, port, err := net.SplitHostPort(s); err == nil {
		host = h
		if !isPort(port) {
			v.Problem("", "%s: %q is not a port", v.Label(), port)
			return "", false
		}
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err != nil && !hostname.MatchString(host) {
		v.Problem("write a host or host:port, such as api.example.com", "%s: %s is not a host", v.Label(), yamlfile.Quote(s))
		return "", false
	}
	return strings.ToLower(s), true
}

// isPort reports whether a text is a port in canonical form: 080 would never
// equal the port of an address.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}
