package cli_test

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// serveCaller is a plugin that gets what an address has and, as most clients do,
// keeps the connection for the next time.
func serveCaller() {
	text := []core.Modality{core.Text}
	info := core.Info{Name: "get", Summary: "Gets what is there.", In: text, Out: text}
	plugins.Serve(plugins.Info{Name: "caller", Version: "0.1.0", Permissions: core.Permissions{Network: true}},
		core.NewConverter(info, struct{}{}, func(context.Context, struct{}) (core.Converter, error) { return get{}, nil }))
}

type get struct{}

func (get) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, in.Text(), nil)
	if err != nil {
		return core.Value{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return core.Value{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return core.TextValue(string(body)), err
}

// connected is a campaign of which a plugin gets URL.
const connected = `version: 1
name: connected
plugins: {caller: ">=0.1, <1"}
scope:
  hosts: ["HOST"]
targets:
  agent:
    use: realtime
    with: {endpoint: "ENDPOINT", model: practice, api_key: "${PRACTICE_KEY}", output: text}
converters:
  call: {use: caller/get}
scorers:
  leaked: {use: match/substring, with: {any: [blue]}}
attacks:
  - name: short
    target: agent
    objective: The agent says something.
    turns:
      - {user: "URL", converters: [call]}
    scorers: [leaked]
`

func TestAConnectionThatIsKeptOpenIsInTheRecord(t *testing.T) {
	t.Parallel()
	plugin, err := exec.LookPath("orchestrator-plugin-caller")
	if err != nil {
		t.Fatal(err)
	}
	target, other := newPractice(t, nil), newPractice(t, nil)
	host := strings.TrimPrefix(other.URL, "http://")
	text := strings.NewReplacer("ENDPOINT", target.endpoint(), "HOST", host, "URL", other.URL).Replace(connected)
	p := startCampaign(t, text, "--allow-unlocked", "--plugin-dir", filepath.Dir(plugin))
	if code := p.exit(); code != 0 {
		t.Fatalf("exit code %d, want 0:\n%s", code, p.output)
	}
	s, err := store.Open(t.Context(), p.store)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run, err := s.Run(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	connections, err := s.Connections(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range connections {
		if c.Plugin == "caller" && c.Host == host && c.Refused == "" && c.Received > 0 {
			return
		}
	}
	t.Errorf("connections %+v, want the plugin's to %s", connections, host)
}
