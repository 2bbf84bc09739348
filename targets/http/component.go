package httptarget

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// Component returns the target "http".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "http",
		Summary: "Any service that answers over HTTP: a JSON API, a web form, a stream of events.",
		Description: "The campaign describes the requests and where the reply is in the answer: by jq, a regular expression, " +
			"an HTML element, or as a stream. Requests may log in, take tokens from answers, send files, and ask until a reply " +
			"is done. What is inserted is encoded for where it stands.",
		In:           []core.Modality{core.Text, core.Audio, core.Image, core.ToolResult},
		Out:          []core.Modality{core.Text, core.Audio, core.ToolCall},
		Capabilities: []string{core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn},
	}, defaultConfig(), open)
}

// target is a service with its configuration.
type target struct {
	config    Config
	plan      *plan
	access    *access.Access
	transport *http.Transport
	// conversations counts those that were begun.
	conversations atomic.Uint64
}

var _ core.Target = (*target)(nil)

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	_, err := compile(c)
	return err
}

func open(_ context.Context, config Config) (core.Target, error) {
	p, err := compile(config)
	if err != nil {
		return nil, err
	}
	a, err := config.Open()
	if err != nil {
		return nil, err
	}
	t := &target{config: config, plan: p, access: a, transport: a.Transport()}
	for _, name := range slices.Sorted(maps.Keys(config.Cookies)) {
		cookie := http.Cookie{Name: name, Value: config.Cookies[name].Reveal()} //nolint:gosec // a client sends no attributes
		if cookie.Valid() != nil {                                              // its error quotes the value
			return nil, core.Errorf(core.ErrorConfig, "the cookie has characters that a cookie cannot have").At("cookies." + name)
		}
		a.Remember(cookie.Value)
	}
	for _, value := range p.secrets {
		a.Remember(value)
	}
	return t, nil
}

// Close closes idle connections.
func (t *target) Close() error {
	t.transport.CloseIdleConnections()
	return nil
}

// explain names the service in an error, and removes secrets from it.
func (t *target) explain(err error) error {
	return t.access.Redacted(fmt.Errorf("service at %s: %w", access.Shown(t.plan.base), err))
}
