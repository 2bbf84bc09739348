package plugins

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/connect"
)

// useEgress makes the default transport connect through the host's proxy, if
// there is one. It sets the transport's dialer and not its Proxy: with a Proxy
// from the environment, connections to this machine bypass the proxy, a proxy
// is not reached through another one, and the text of a refusal is lost.
func useEgress(proxy string) error {
	if proxy == "" {
		return nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		return core.Errorf(core.ErrorProtocol, "the host names an egress proxy that is no URL") // it holds a password
	}
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return core.Errorf(core.ErrorInternal, "http.DefaultTransport is a %T", http.DefaultTransport).
			WithHint("replace it after plugins.Serve has been called, or not at all")
	}
	transport.Proxy = nil
	transport.DialContext = saysWhy(connect.Through(u, (&net.Dialer{}).DialContext))
	return nil
}

// saysWhy converts a refusal by the egress proxy to an error with a kind and a
// hint.
func saysWhy(dial connect.Dialer) connect.Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		refused, ok := errors.AsType[*connect.Refused](err)
		if !ok {
			return conn, err
		}
		text, hint, _ := strings.Cut(refused.Text, "\n")
		kind := core.ErrorUnavailable
		if refused.Status == http.StatusForbidden {
			kind = core.ErrorConfig
		}
		return nil, core.Errorf(kind, "%s", text).WithHint("%s", hint)
	}
}
