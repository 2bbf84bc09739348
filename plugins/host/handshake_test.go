package host_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestAHandshakeThatWillNotDoSaysWhoHasToMove(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		plugin     string
		says, hint []string
	}{
		{"futuristic", []string{"version 2 of the plugin protocol", "this orchestrator version 1"}, []string{"update orchestrator", "older version of the plugin"}},
		{"antique", []string{"version 0 of the plugin protocol", "this orchestrator version 1"}, []string{"newer version of the plugin"}},
		{"bare", []string{"names no certificate"}, []string{"mutual TLS"}},
	} {
		t.Run(test.plugin, func(t *testing.T) {
			h, _ := newHost(t, func(o *host.Options) {
				o.Programs, o.Bundled = host.Discover([]string{installed(t, test.plugin)}, o.Log), nil
			})
			_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), test.plugin+"/echo", nil)
			if core.KindOf(err) != core.ErrorProtocol || !containsAll(err.Error(), test.says) {
				t.Errorf("error %v (%s), want a protocol error with %q", err, core.KindOf(err), test.says)
			}
			if hint := core.HintOf(err); !containsAll(hint, test.hint) {
				t.Errorf("hint %q, want %q", hint, test.hint)
			}
			if p := catalogOf(t, h).Plugins()[0]; p.Name != test.plugin || !containsAll(core.HintOf(p.Err), test.hint) {
				t.Errorf("the catalog has %s with the error %v", p.Name, p.Err)
			}
		})
	}
}
