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

// useEgress makes the default transport open its connections through the host's
// proxy, where there is one. It is the transport's dialer that does it and not
// its Proxy: that one has connections to this machine bypass the proxy if it
// comes from the environment, does not reach a proxy through a proxy, and hides
// what a proxy has to say to a refusal.
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

// saysWhy makes a refusal by the egress an error with a kind and a hint.
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
