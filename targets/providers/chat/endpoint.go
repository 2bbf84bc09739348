package chat

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
)

// route is what is appended to a base address.
const route = "/chat/completions"

// endpoint builds the endpoint from the configuration, or returns what is wrong
// with it.
func (c Config) endpoint() (openaiapi.Endpoint, error) {
	api := openaiapi.API{
		Route:       route,
		Address:     access.Address{Key: "endpoint", Service: "a chat service", Example: "https://api.openai.com/v1"},
		Websocket:   "chat completions are at https://; a voice agent is attacked with use: realtime, another websocket with use: websocket",
		Deployments: true,
	}
	return api.Endpoint(openaiapi.Place{Endpoint: c.Endpoint, Provider: c.Provider, Model: c.Model, Access: c.Config})
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}
