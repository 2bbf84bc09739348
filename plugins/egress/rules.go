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

// rules are what may be contacted.
type rules struct{ hosts, local []string }

func newRules(hosts, local []string) *rules {
	return &rules{hosts: slices.Clone(hosts), local: slices.Clone(local)}
}

// forbidden is a connection that the campaign does not allow.
type forbidden struct{ text, hint string }

// Error says what is not allowed.
func (f *forbidden) Error() string { return f.text }

// way is how an allowed host may be reached.
type way struct {
	host string
	// local: on this machine, and nowhere else.
	local bool
}

// judge decides whether a host, as [scope.Name] returns it, may be contacted.
func (r *rules) judge(host, port string) (way, error) {
	address := net.JoinHostPort(host, port)
	if r == nil {
		return way{}, &forbidden{address + " is not in scope: there is no campaign yet", "contact hosts when a target, converter or scorer is used, not before"}
	}
	local := scope.Loopback(host)
	switch {
	case scope.Allows(r.hosts, host, port), local && scope.Allows(r.local, host, port):
		return way{host: host, local: local}, nil
	case local:
		return way{}, &forbidden{address + " is not an address that the campaign names", "an address of this machine has to be in the configuration of a component that the campaign uses"}
	}
	return way{}, &forbidden{address + " is not in scope.hosts", fmt.Sprintf("add %q to scope.hosts, if the authorization covers it", host)}
}

// check refuses the addresses that no name in scope may stand for. It is called
// for each address that is about to be dialled.
func (w way) check(_, address string, _ syscall.RawConn) error {
	dialled, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("the address %q: %w", address, err)
	}
	ip := dialled.Addr().Unmap()
	_, notLiteral := netip.ParseAddr(w.host)
	switch {
	case w.local:
		if !ip.IsLoopback() {
			return &forbidden{fmt.Sprintf("%s is %s, which is not this machine", w.host, ip), "mend the entry for " + w.host + " in /etc/hosts or the DNS"}
		}
	case ip.IsUnspecified(), notLiteral != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast()):
		return &forbidden{
			fmt.Sprintf("%s is in scope.hosts, but its address is %s", w.host, ip),
			"a name in scope may not stand for this machine or its neighbours; name the address itself, if that is meant",
		}
	}
	return nil
}

// refusalFor returns what to answer where a connection was not made.
func refusalFor(err error) refusal {
	if f, ok := errors.AsType[*forbidden](err); ok {
		return refusal{http.StatusForbidden, f.text, f.hint}
	}
	return refusal{http.StatusBadGateway, err.Error(), "the host is in scope, but does not answer"}
}
