package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic/anthropictest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat/chattest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini/geminitest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/responses/responsestest"
)

func TestMain(m *testing.M) { plugintest.Main(m, components()...) }

func TestTheComponentsKeepTheContract(t *testing.T) {
	service := httptest.NewServer(chattest.NewServer(nil, chattest.Options{}))
	defer service.Close()
	google := httptest.NewServer(geminitest.NewServer(nil, geminitest.Options{}))
	defer google.Close()
	answering := httptest.NewServer(responsestest.NewServer(nil, responsestest.Options{}))
	defer answering.Close()
	claude := httptest.NewServer(anthropictest.NewServer(nil, anthropictest.Options{}))
	defer claude.Close()
	plugintest.Test(t, components(), plugintest.Case{
		Kind: core.KindTarget, Use: "responses", Config: fmt.Sprintf(`{"endpoint": %q, "model": "practice"}`, answering.URL),
	}, plugintest.Case{
		Kind: core.KindTarget, Use: "anthropic", Config: fmt.Sprintf(`{"endpoint": %q, "model": "practice"}`, claude.URL),
	}, plugintest.Case{
		Kind: core.KindTarget, Use: "chat", Config: fmt.Sprintf(`{"endpoint": %q, "model": "practice"}`, service.URL),
	}, plugintest.Case{
		Kind: core.KindTarget, Use: "gemini", Config: fmt.Sprintf(`{"endpoint": %q, "model": "practice"}`, google.URL),
	})
}

func TestTheChatTargetKeepsItsPromisesOverThePluginBoundary(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		chattest.TestTarget(t, func(ctx context.Context, config []byte) (core.Target, error) {
			return core.OpenAs[core.Target](ctx, s, "chat", config)
		})
	})
}

func TestTheAnthropicTargetKeepsItsPromisesOverThePluginBoundary(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		anthropictest.TestTarget(t, func(ctx context.Context, config []byte) (core.Target, error) {
			return core.OpenAs[core.Target](ctx, s, "anthropic", config)
		})
	})
}

func TestTheGeminiTargetKeepsItsPromisesOverThePluginBoundary(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		geminitest.TestTarget(t, func(ctx context.Context, config []byte) (core.Target, error) {
			return core.OpenAs[core.Target](ctx, s, "gemini", config)
		})
	})
}

func TestTheResponsesTargetKeepsItsPromisesOverThePluginBoundary(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		responsestest.TestTarget(t, func(ctx context.Context, config []byte) (core.Target, error) {
			return core.OpenAs[core.Target](ctx, s, "responses", config)
		})
	})
}
