package egress

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// rules are the arguments of [Proxy.Allow].
type rules struct{ hosts, local []string }

func newRules(hosts, local []string) *rules {
	return &rules{hosts: slices.Clone(hosts), local: slices.Clone(local)}
}

// forbidden is the error for a connection that the campaign does not allow.
type forbidden struct{ text, hint string }

// Error implements error.
func (f *forbidden) Error() string { return f.text }

// destination is an allowed host, and says at which addresses it may be reached.
type destination struct {
	host string
	// local is set if only addresses of this machine are allowed.
	local bool
}

// judge decides whether a host, normalised by [scope.Name], may be contacted. Nil
// rules allow nothing.
func (r *rules) judge(host, port string) (destination, error) {
	address := net.JoinHostPort(host, port)
	if r == nil {
		return destination{}, &forbidden{address + " is not in scope: there is no campaign yet", "contact hosts when a target, converter or scorer is used, not before"}
	}
	local := scope.Loopback(host)
	switch {
	case scope.Allows(r.hosts, host, port), local && scope.Allows(r.local, host, port):
		return destination{host: host, local: local}, nil
	case local:
		return destination{}, &forbidden{address + " is not an address that the campaign names", "an address of this machine has to be in the configuration of a component that the campaign uses"}
	}
	return destination{}, &forbidden{address + " is not in scope.hosts", fmt.Sprintf("add %q to scope.hosts, if the authorization covers it", host)}
}

// check refuses resolved addresses that a host in scope must not have. It is a
// [net.Dialer]'s Control: it is called before each address is dialled.
func (to destination) check(_, address string, _ syscall.RawConn) error {
	dialled, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("the address %q: %w", address, err)
	}
	ip := dialled.Addr().Unmap()
	_, notLiteral := netip.ParseAddr(to.host)
	switch {
	case to.local:
		if !ip.IsLoopback() {
			return &forbidden{fmt.Sprintf("%s is %s, which is not this machine", to.host, ip), "correct the entry for " + to.host + " in /etc/hosts or the DNS"}
		}
	case ip.IsUnspecified(), notLiteral != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast()):
		return &forbidden{
			fmt.Sprintf("%s is in scope.hosts, but its address is %s", to.host, ip),
			"a name in scope may not resolve to this machine or a link-local address; if that is meant, put the address itself in scope.hosts",
		}
	}
	return nil
}

// refusalFor returns the response for an error: 403 if the connection is not
// allowed, 502 otherwise.
func refusalFor(err error) refusal {
	if f, ok := errors.AsType[*forbidden](err); ok {
		return refusal{http.StatusForbidden, f.text, f.hint}
	}
	return refusal{http.StatusBadGateway, err.Error(), "the host is in scope, but does not answer: check that the service runs there, and the port"}
}
