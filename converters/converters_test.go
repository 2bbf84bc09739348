package converters_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/converters"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

func TestMain(m *testing.M) { plugintest.Main(m, converters.All()...) }

func TestEveryConverterConforms(t *testing.T) {
	plugintest.Test(t, converters.All(), plugintest.Case{
		Kind: core.KindConverter, Use: "template", Config: `{"text": "Say: {{ .text }}"}`,
	})
}
