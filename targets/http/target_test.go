package httptarget_test

import (
	"context"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	httptarget "github.com/redteam-orchestrator/orchestrator/targets/http"
	"github.com/redteam-orchestrator/orchestrator/targets/http/httptargettest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "plugintest-") {
		plugintest.Main(m, httptarget.Component())
		return
	}
	goleak.VerifyTestMain(m)
}

func open(ctx context.Context, config []byte) (core.Target, error) {
	return core.Open[core.Target](ctx, httptarget.Component(), config)
}

func TestTheTargetKeepsItsPromises(t *testing.T) { httptargettest.TestTarget(t, open) }

func TestTheTargetConforms(t *testing.T) {
	server := httptest.NewServer(httptargettest.NewServer(httptargettest.Echo))
	t.Cleanup(server.Close)
	plugintest.Test(t, []core.Component{httptarget.Component()}, plugintest.Case{
		Kind: core.KindTarget, Use: "http",
		Config: `{"url": "` + server.URL + `/upload", "request": {"multipart": [
			{"name": "message", "value": "$(prompt)"}, {"name": "id", "value": "$(conversation)"}, {"name": "system", "value": "$(system_prompt)"},
			{"name": "before", "value": "$(history)"}, {"name": "tools", "value": "$(tool_results)"},
			{"name": "sound", "file": "audio"}, {"name": "picture", "file": "image"}
		]}, "reply": {"jq": ".answer"}}`,
	})
}
