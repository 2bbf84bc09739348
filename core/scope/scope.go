// Package scope is the rules of engagement: which hosts a campaign may contact, the
// bounds and hours of its runs, and the limits of its targets. Whoever reads a campaign
// and whoever lets a connection out go by the same rules.
package scope

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// HostOf returns the host of an address, as [Name] does, and the port, by the scheme
// where the address gives none; "" where the scheme has no port of its own.
func HostOf(u *url.URL) (host, port string) {
	host, port = Name(u.Hostname()), u.Port()
	if port == "" {
		switch strings.ToLower(u.Scheme) {
		case "https", "wss":
			port = "443"
		case "http", "ws":
			port = "80"
		}
	}
	return host, port
}

// Name returns a host as it is compared: in lower case and without a trailing dot.
// Two spellings of an IP address are two names.
func Name(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// Loopback reports whether a host, as [Name] returns it, is this machine. Names
// other than localhost are not looked up: a plan asks nobody.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// Plain reports whether what is sent to an address travels in the clear between
// machines: its scheme has no TLS, and its host is another machine.
func Plain(u *url.URL) bool {
	plain := slices.Contains([]string{"http", "ws"}, strings.ToLower(u.Scheme))
	return plain && !Loopback(Name(u.Hostname()))
}

// Allows reports whether one of the entries of scope.hosts, "host" or
// "host:port", allows a host, as [Name] returns it, and a port.
func Allows(hosts []string, host, port string) bool {
	return slices.ContainsFunc(hosts, func(allowed string) bool { return within(host, port, allowed) })
}

func within(host, port, allowed string) bool {
	allowedHost, allowedPort, err := net.SplitHostPort(allowed)
	if err != nil { // an entry without a port
		allowedHost, allowedPort = strings.Trim(allowed, "[]"), port
	}
	return Name(allowedHost) == host && allowedPort == port
}
