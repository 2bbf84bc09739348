package app

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestAPluginIsPermittedWhatItDeclaresAndWhatTheCampaignHasItsComponentsDo(t *testing.T) {
	const source = `version: 1
name: demo
plugins: {acme: {version: "^1.0"}}
targets: {agent: {use: acme/echo, with: {command: [/bin/true], file: /etc/agent/token}}}
scorers: {leaked: {use: said}}
attacks: [{name: a, target: agent, objective: x, turns: [{user: hello}], scorers: [leaked]}]
`
	p := planning(t, source)
	p.AllowCommands, p.Secrets.Folders = true, []string{"/etc/agent"}
	planned, err := p.Plan(t.Context(), "demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	declared := core.Permissions{Network: true, Write: []string{"/var/acme"}}
	want := map[string]core.Permissions{
		"bundled": declared,
		"acme":    declared.With(core.Permissions{Programs: []string{"/bin/true"}, Read: []string{"/etc/agent"}}),
	}
	for _, plugin := range planned.Plugins {
		plugin.Permissions = declared
		if plugin.Bundled { // a component of the same name, and of another kind
			plugin.Components = append(plugin.Components, host.Component{Info: core.Info{Kind: core.KindScorer, Name: "acme/echo"}})
		}
		if got := permitted(plugin, planned.Plan); !got.Equal(want[plugin.Name]) {
			t.Errorf("plugin %s may %s, want %s", plugin.Name, got, want[plugin.Name])
		}
	}
	if len(planned.Plugins) != len(want) {
		t.Errorf("plugins %v, want those of %v", planned.Plugins, want)
	}
}
