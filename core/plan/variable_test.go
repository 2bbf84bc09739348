package plan_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// serviceConfig is the configuration of a component with variables.
type serviceConfig struct {
	Endpoint string      `json:"endpoint" format:"uri" env:"SERVICE_ENDPOINT"`
	Model    string      `json:"model" required:"true" enum:"big,small,${x}" env:"SERVICE_MODEL"`
	Key      core.Secret `json:"key" env:"SERVICE_KEY"`
	Audio    struct {
		Voice string `json:"voice" env:"SERVICE_VOICE"`
	} `json:"audio"`
}

func services(t *testing.T) plan.Catalog {
	return offer{t, []core.Component{
		target("service", text, text, serviceConfig{Endpoint: "https://api.service.example/v1"}, core.CapabilityMultiTurn),
		scorer("match/substring", text, core.ScoreTrueFalse),
	}}
}

func service(with string) string {
	return `version: 1
name: test
scope: {hosts: [api.service.example, own.example, "named.example:8443"]}
targets:
  agent: {use: service, with: {` + with + `}}
scorers: {leaked: {use: match/substring, with: {any: [x]}}}
attacks: [{name: a, target: agent, objective: o, turns: [{user: hello}], scorers: [leaked]}]
`
}

// environment looks variables up in a map.
func environment(values map[string]string) plan.Environment {
	return func(name string) (string, string, bool) {
		value, ok := values[name]
		return value, name, ok
	}
}

func lines[T any](of []T, line func(T) string) string {
	var all []string
	for _, one := range of {
		all = append(all, line(one))
	}
	return strings.Join(all, "; ")
}

func TestWhatACampaignLeavesOutIsTheEnvironments(t *testing.T) {
	all := map[string]string{"SERVICE_ENDPOINT": "https://named.example:8443/v1", "SERVICE_MODEL": "big", "SERVICE_KEY": "hush", "SERVICE_VOICE": "alloy"}
	for name, test := range map[string]struct {
		with             string
		env              map[string]string
		config           string
		filled, withheld string
	}{
		"everything": {
			"", all, `{"audio":{"voice":"alloy"},"endpoint":"https://named.example:8443/v1","key":"${SERVICE_KEY}","model":"big"}`,
			"endpoint https://named.example:8443/v1 SERVICE_ENDPOINT; model big SERVICE_MODEL; key ${SERVICE_KEY} SERVICE_KEY; audio.voice alloy SERVICE_VOICE", "",
		},
		"nothing that the campaign gives": {
			"model: small, key: \"${OTHER}\", audio: {voice: verse}, endpoint: \"https://api.service.example/v1\"", all,
			`{"model":"small","key":"${OTHER}","audio":{"voice":"verse"},"endpoint":"https://api.service.example/v1"}`, "", "",
		},
		"nothing that is not set, or is empty": {"model: small", map[string]string{"SERVICE_VOICE": ""}, `{"model":"small"}`, "", ""},
		"the key, for the component's own address": {
			"model: small", map[string]string{"SERVICE_KEY": "hush"}, `{"key":"${SERVICE_KEY}","model":"small"}`, "key ${SERVICE_KEY} SERVICE_KEY", "",
		},
		"the key, for its address written out": {
			`model: small, endpoint: "https://API.service.example"`,
			map[string]string{"SERVICE_KEY": "hush"},
			`{"endpoint":"https://API.service.example","key":"${SERVICE_KEY}","model":"small"}`, "key ${SERVICE_KEY} SERVICE_KEY", "",
		},
		"the key, for the address of the environment, which the campaign names, too": {
			`model: small, endpoint: "https://named.example:8443/other"`,
			map[string]string{"SERVICE_KEY": "hush", "SERVICE_ENDPOINT": "https://named.example:8443/v1"},
			`{"endpoint":"https://named.example:8443/other","key":"${SERVICE_KEY}","model":"small"}`, "key ${SERVICE_KEY} SERVICE_KEY", "",
		},
		"not the key, for an address of the campaign's choice": {
			`model: small, endpoint: "https://own.example/v1"`,
			map[string]string{"SERVICE_KEY": "hush"},
			`{"model":"small","endpoint":"https://own.example/v1"}`, "",
			`target "agent": key is not taken from SERVICE_KEY: the campaign names the address own.example:443 itself, so it has to name the secret, too (key: ${SERVICE_KEY})`,
		},
		"not the key, in the clear": {
			`model: small, endpoint: "http://api.service.example/v1"`,
			map[string]string{"SERVICE_KEY": "hush"},
			`{"model":"small","endpoint":"http://api.service.example/v1"}`, "",
			`target "agent": key is not taken from SERVICE_KEY: the campaign names the address api.service.example:80 itself, so it has to name the secret, too (key: ${SERVICE_KEY})`,
		},
		"text, and nothing that it could refer to": {"", map[string]string{"SERVICE_MODEL": "${x}"}, `{"model":"$${x}"}`, "model $${x} SERVICE_MODEL", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := read(t, service(test.with))
			filled, v := plan.FillIn(c, services(t), environment(test.env))
			if got := string(filled.Targets[0].Config.JSON); got != test.config {
				t.Errorf("with: %s, want %s", got, test.config)
			}
			got := lines(v.Filled, func(f plan.Filled) string { return f.Path + " " + f.Value + " " + f.Source })
			if got != test.filled {
				t.Errorf("filled in: %s, want %s", got, test.filled)
			}
			if got := lines(v.Withheld, plan.Withheld.String); got != test.withheld {
				t.Errorf("withheld: %s, want %s", got, test.withheld)
			}
			if len(v.Filled) > 0 && string(c.Targets[0].Config.JSON) == test.config {
				t.Error("the campaign itself was changed")
			}
			// What was recorded gives the same again, whatever the environment is then.
			again := plan.Refill(c, v.Filled)
			if diff := cmp.Diff(string(filled.Targets[0].Config.JSON), string(again.Targets[0].Config.JSON)); diff != "" {
				t.Errorf("refilled (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblemsNameTheVariable(t *testing.T) {
	for name, test := range map[string]struct {
		with string
		env  map[string]string
		want string
	}{
		"what is required and set nowhere": {"", nil, `c.yaml:5:31: target "agent": key "model" is required (write it under with:, or set SERVICE_MODEL in the environment or in a file for --env-file)`},
		"what is set to what is no choice": {"", map[string]string{"SERVICE_MODEL": "bigg"}, `c.yaml:5:31: target "agent": model: "bigg" is not one of "big", "small", "${x}" (from SERVICE_MODEL) (did you mean "big"?)`},
		"an address outside of the scope":  {"model: big", map[string]string{"SERVICE_ENDPOINT": "https://evil.example"}, `c.yaml:5:31: target "agent": endpoint: evil.example is not in scope.hosts (from SERVICE_ENDPOINT) (if the authorization covers it, add "evil.example" to scope.hosts)`},
	} {
		t.Run(name, func(t *testing.T) {
			filled, v := plan.FillIn(read(t, service(test.with)), services(t), environment(test.env))
			_, err := plan.New(filled, services(t), plan.Options{Environment: v})
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	filled, v := plan.FillIn(read(t, service("")), services(t), environment(map[string]string{"SERVICE_MODEL": "big"}))
	refuse := func(context.Context, core.Kind, string, []byte) (core.Checked, error) {
		return core.Checked{}, core.Errors{core.Errorf(core.ErrorConfig, "too big").At("model")}
	}
	_, _, problems, err := plan.CheckConfigs(t.Context(), filled, services(t), v, refuse)
	const want = `target "agent": model: too big (from SERVICE_MODEL)`
	if err != nil || len(problems) != 2 && len(problems) != 1 || !strings.Contains(problems.Error(), want) {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestASettingThatHasNoPlaceIsLeftOut(t *testing.T) {
	c := read(t, service("model: big, audio: loud"))
	again := plan.Refill(c, []plan.Filled{{Definition: plan.Definition{Kind: core.KindTarget, Name: "agent"}, Path: "audio.voice", Value: "x"}})
	if got := string(again.Targets[0].Config.JSON); got != string(c.Targets[0].Config.JSON) {
		t.Errorf("with: %s", got)
	}
	if _, err := (campaign.Config{JSON: []byte("x")}).With("a", "b"); err == nil {
		t.Error("a configuration that is none takes a setting")
	}
}

// What the text of a file comes to is known only when its parameters are filled in.
func TestATextThatItsParametersLeaveEmptyIsAProblem(t *testing.T) {
	source := strings.Replace(service("model: big"), "scope:", "parameters: {p: \"\"}\nscope:", 1)
	source = strings.Replace(source, "{user: hello}", "{user: hello, system_prompt: {file: p.md}}", 1)
	files := fstest.MapFS{"c.yaml": {Data: []byte(source)}, "p.md": {Data: []byte(" {{ .params.p }}\n")}}
	c, err := campaign.Read(files, "c.yaml", "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	able := offer{t, []core.Component{
		target("service", text, text, serviceConfig{}, core.Capabilities()...), scorer("match/substring", text, core.ScoreTrueFalse),
	}}
	_, err = plan.New(c, able, plan.Options{})
	const want = `the system prompt of turn 1 of attack "a": the text is empty`
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "row") {
		t.Errorf("%v, want %s", err, want)
	}
}
