package plan_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// voice returns a campaign whose target has this with: block.
func voice(with string) string {
	return "version: 1\nname: s\nscope: {hosts: [api.openai.com, proxy.example]}\ntargets:\n  agent: {use: realtime, with: " + with + "}\n" +
		"scorers: {leaked: {use: match/substring, with: {any: [x]}}}\n" +
		"attacks: [{name: a, target: agent, objective: o, turns: [{user: hi}], scorers: [leaked]}]\n"
}

func TestASecretStandsInTheEnvironmentAndNotInTheCampaign(t *testing.T) {
	for with, want := range map[string]string{
		`{api_key: "${KEY}"}`:                        "",
		`{api_key: ""}`:                              "",
		`{headers: {X-Auth: "Bearer ${TOKEN}"}}`:     "",
		`{api_key: hunter2}`:                         `5:33: target "agent": api_key holds a secret itself (write ${NAME} and put the value into the environment)`,
		`{api_key: "$${hunter2}"}`:                   `5:33: target "agent": api_key holds a secret itself (write ${NAME} and put the value into the environment)`,
		`{headers: {X-Auth: hunter2, X-B: "${B}"}}`:  `5:43: target "agent": headers.X-Auth holds a secret itself (write ${NAME} and put the value into the environment)`,
		`{voice: alloy, api_key: 2, voise: hunter2}`: `5:47: target "agent": api_key: the secret is not a string`,
	} {
		yaml := voice(with)
		_, err := plan.New(read(t, yaml), catalog(t), plan.Options{})
		all, _ := errors.AsType[yamlfile.Problems](err)
		if (want == "") != (len(all) == 0) || !strings.Contains(all.Error(), want) {
			t.Errorf("%s: problems = %q, want %q", with, all.Error(), want)
		}
		for _, p := range all {
			if shown := p.Error() + p.Snippet([]byte(yaml)); strings.Contains(shown, "hunter2") {
				t.Errorf("%s: the secret is shown: %s", with, shown)
			}
		}
	}
}

func TestAProgramRunsOnlyIfItIsAllowed(t *testing.T) {
	for with, want := range map[string]string{
		`{command: [sh, -c, id]}`: `converter "own": command runs the program "sh": a campaign can do that only if you allow it (--allow-commands)`,
		`{editor: vi}`:            `converter "own": editor runs the program "vi": a campaign can do that only if you allow it (--allow-commands)`,
		`{command: ["${SH}"]}`:    `converter "own": command: a program with a secret in its name cannot be allowed`,
		`{command: []}`:           "",
		`{editor: ""}`:            "",
	} {
		yaml := fmt.Sprintf("version: 1\nname: s\ntargets: {local: {use: chat, with: {endpoint: \"http://127.0.0.1\"}}}\n"+
			"converters: {own: {use: run, with: %s}}\nscorers: {leaked: {use: match/substring, with: {any: [x]}}}\n"+
			"attacks: [{name: a, target: local, objective: o, turns: [{user: hi}], scorers: [leaked]}]\n", with)
		got := problems(t, yaml)
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: problems = %q, want %q", with, got, want)
		}
		_, err := plan.New(read(t, yaml), catalog(t), plan.Options{AllowCommands: true})
		if stays := strings.Contains(want, "cannot be allowed"); (err != nil) != stays {
			t.Errorf("%s, allowed: %v", with, err)
		}
	}
}

func TestAFileIsReadByAComponentOnlyIfItIsAllowed(t *testing.T) {
	allow := func(path string) error {
		if path == "/run/token" {
			return nil
		}
		return core.Errorf(core.ErrorConfig, "the file %s is private", path).WithHint("ask first")
	}
	for with, want := range map[string]string{
		`{token_file: /run/token}`:      "",
		`{token_file: ""}`:              "",
		`{token_file: /etc/shadow}`:     `c.yaml:5:33: target "agent": token_file: the file /etc/shadow is private (ask first)`,
		`{token_file: "/run/${TOKEN}"}`: `c.yaml:5:33: target "agent": token_file: a file with a secret in its name cannot be allowed (write it out)`,
	} {
		yaml := voice(with)
		p, err := plan.New(read(t, yaml), catalog(t), plan.Options{AllowFile: allow})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: problems %v, want %q", with, err, want)
		}
		if strings.Contains(with, "/run/token") && (p == nil || len(p.Needs().Files) != 1 || p.Needs().Files[0] != "/run/token") {
			t.Errorf("%s: the plan does not say that it needs the file", with)
		}
	}
	if got := problems(t, voice(`{token_file: /run/token}`)); !strings.Contains(got, "not one that was allowed") {
		t.Errorf("problems %q: without anybody to ask, no file is allowed", got)
	}
}

func TestAPlanSaysWhatItNeeds(t *testing.T) {
	yaml := `version: 1
name: s
scope: {hosts: [Voice.example, relay.example]}
notify: [{url: "${HOOK}", format: slack}, {url: "https://hooks.example/${TOKEN}", format: json}]
targets:
  agent: {use: realtime, with: {endpoint: "wss://Voice.example/v1", api_key: "${KEY}", headers: {A: "${file:/run/a}", B: "${KEY}"}}}
  local: {use: relay}
  near: {use: chat, with: {endpoint: "http://LocalHost:11434/v1"}}
  unused: {use: chat, with: {endpoint: "http://localhost"}}
converters:
  own: {use: run, with: {command: [sox, "${OPTION}"]}}
scorers: {leaked: {use: match/substring, with: {any: [x]}}}
attacks:
  - {name: a, target: agent, objective: o, turns: [{user: hi, converters: [own]}], scorers: [leaked]}
  - {name: b, target: local, objective: o, turns: [{user: hi}], scorers: [leaked]}
  - {name: c, target: near, objective: o, turns: [{user: hi}], scorers: [leaked]}
`
	p, err := plan.New(read(t, yaml), catalog(t), plan.Options{AllowCommands: true})
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Needs{
		Hosts:    []string{"localhost", "relay.example", "voice.example"},
		Local:    []string{"localhost:11434"},
		Secrets:  []string{"HOOK", "KEY", "OPTION", "TOKEN", "file:/run/a"},
		Programs: []string{"sox"},
		Webhooks: []string{"${HOOK}", "https://hooks.example/…"},
	}
	if diff := cmp.Diff(want, p.Needs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPlanSaysWhatIsSpokenToInTheClear(t *testing.T) {
	yaml := `version: 1
name: s
scope: {hosts: [Voice.example, relay.example, proxy.example, 10.0.0.1]}
targets:
  agent: {use: realtime, with: {endpoint: "ws://Voice.example:8000/v1", proxy: {url: "http://proxy.example"}}}
  whole: {use: realtime, with: {endpoint: "wss://voice.example/v1"}}
  local: {use: relay}
  near: {use: chat, with: {endpoint: "http://LocalHost:11434/v1", insecure_plain: true}}
  far: {use: chat, with: {endpoint: "http://10.0.0.1/v1", insecure_plain: true}}
  covered: {use: chat, with: {endpoint: "https://10.0.0.1/v1", insecure_plain: true}}
  unused: {use: chat, with: {endpoint: "http://LocalHost", insecure_plain: true}}
scorers: {leaked: {use: match/substring, with: {any: [x]}}}
attacks:
  - {name: a, target: [agent, whole, local, near, far, covered], objective: o, turns: [{user: hi}], scorers: [leaked]}
`
	p, err := plan.New(read(t, yaml), catalog(t), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := func(name string) plan.Definition { return plan.Definition{Kind: core.KindTarget, Name: name} }
	want := []plan.PlainAddress{{target("agent"), "voice.example:8000"}, {target("far"), "10.0.0.1:80"}}
	if diff := cmp.Diff(want, p.Plain()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]plan.Definition{target("near"), target("covered")}, p.NeedlesslyPlain()); diff != "" {
		t.Errorf("needlessly (-want +got):\n%s", diff)
	}
}

func TestThePlacesOfAComponentHaveNoUserNoQueryAndNoFragment(t *testing.T) {
	for _, test := range []struct{ use, config, want string }{
		{"realtime", `{}`, "wss://api.openai.com/v1"},
		{"realtime", `{"endpoint": "wss://me:sesame@voice.example:8000/v1?key=${KEY}#there", "proxy": {"url": "http://proxy.example"}}`, "wss://voice.example:8000/v1"},
		{"chat", `{"endpoint": "http://LocalHost:11434/v1?"}`, "http://LocalHost:11434/v1"},
		{"chat", `{"endpoint": "no address"}`, ""},
		{"voice", `{}`, ""},
	} {
		_, config, ok := catalog(t).Lookup(core.KindTarget, test.use)
		if !ok {
			t.Fatal(test.use)
		}
		if got := strings.Join(plan.Places(config, []byte(test.config)), " "); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.use, test.config, got, test.want)
		}
	}
}

func TestComponentsAreAskedAboutTheirConfigurations(t *testing.T) {
	yaml := voice(`{voice: alloy, api_key: "${KEY}", proxy: {url: "http://proxy.example"}}`)
	asked := ""
	check := func(_ context.Context, kind core.Kind, use string, config []byte) (core.Checked, error) {
		if use != "realtime" {
			return core.Checked{}, nil
		}
		asked = fmt.Sprintf("%s %s %s", kind, use, config)
		return core.Checked{}, core.Errors{
			core.Errorf(core.ErrorConfig, "it is slow").At("proxy.url").WithHint("take another"),
			core.Errorf(core.ErrorConfig, "it is out of fashion").At("voice"),
			core.Errorf(core.ErrorConfig, "nothing fits"),
		}
	}
	_, _, got, err := plan.CheckConfigs(t.Context(), read(t, yaml), catalog(t), plan.Variables{}, check)
	if err != nil {
		t.Fatal(err)
	}
	if want := `target realtime {"voice":"alloy","api_key":"placeholder","proxy":{"url":"http://proxy.example"}}`; asked != want {
		t.Errorf("asked about %s, want %s", asked, want)
	}
	want := strings.Join([]string{
		`c.yaml:5:32: target "agent": nothing fits`,
		`c.yaml:5:33: target "agent": voice: it is out of fashion`,
		`c.yaml:5:74: target "agent": proxy.url: it is slow (take another)`,
	}, "\n")
	if got.Error() != want {
		t.Errorf("problems:\n%v\nwant\n%s", got, want)
	}
}

func TestComponentsAreNotAskedAboutWhatTheirSchemasRefuse(t *testing.T) {
	check := func(_ context.Context, _ core.Kind, use string, _ []byte) (core.Checked, error) {
		if use == "realtime" {
			t.Error("it was asked")
		}
		return core.Checked{}, nil
	}
	if _, _, got, err := plan.CheckConfigs(t.Context(), read(t, voice(`{voise: alloy}`)), catalog(t), plan.Variables{}, check); len(got) > 0 || err != nil {
		t.Errorf("problems %v, error %v", got, err)
	}
}

func TestAComponentThatCannotBeAskedIsNoProblemOfTheCampaign(t *testing.T) {
	check := func(context.Context, core.Kind, string, []byte) (core.Checked, error) {
		return core.Checked{}, core.Errorf(core.ErrorUnavailable, "the plugin died")
	}
	_, _, got, err := plan.CheckConfigs(t.Context(), read(t, voice(`{}`)), catalog(t), plan.Variables{}, check)
	if len(got) > 0 || core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), `checking target "agent"`) {
		t.Errorf("problems %v, error %v", got, err)
	}
}
