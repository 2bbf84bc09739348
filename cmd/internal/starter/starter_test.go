package starter_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/starter"
	"github.com/redteam-orchestrator/orchestrator/core"
)

func answers() starter.Answers {
	return starter.Answers{
		Name: "first", Target: "chat", Endpoint: "https://api.example/v1", Model: "m", KeyEnv: "THE_KEY", Authorization: "RT-1",
		Canary: "green heron", Objective: "It tells.", Turns: []string{"Hello: \"you\" # there", "Again.\nPlease."},
	}
}

// written is what a test reads of a campaign.
type written struct {
	Scope struct {
		Authorization string
		Hosts         []string
	}
	Targets map[string]struct {
		Use  string
		With map[string]any
	}
	Scorers map[string]struct {
		With struct{ Any []string }
	}
	Attacks []struct {
		SystemPrompt string `yaml:"system_prompt"`
		Turns        []struct{ User string }
	}
}

func write(t *testing.T, a starter.Answers) written {
	t.Helper()
	text, err := starter.Campaign(a)
	if err != nil {
		t.Fatal(err)
	}
	var w written
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return w
}

func TestACampaignSaysWhatWasAnswered(t *testing.T) {
	t.Parallel()
	w := write(t, answers())
	system := w.Targets["system"]
	if system.Use != "chat" || system.With["endpoint"] != "https://api.example/v1" || system.With["model"] != "m" || system.With["api_key"] != "${THE_KEY}" {
		t.Errorf("target %+v", system)
	}
	if w.Scope.Authorization != "RT-1" || len(w.Scope.Hosts) != 1 || w.Scope.Hosts[0] != "api.example" {
		t.Errorf("scope %+v", w.Scope)
	}
	if got := w.Scorers["leaked"].With.Any; len(got) != 1 || got[0] != "green heron" {
		t.Errorf("canary %q", got)
	}
	attack := w.Attacks[0]
	if !strings.Contains(attack.SystemPrompt, "green heron") {
		t.Errorf("the system prompt does not plant the canary: %q", attack.SystemPrompt)
	}
	for i, want := range answers().Turns {
		if attack.Turns[i].User != want {
			t.Errorf("turn %d: %q, want %q", i, attack.Turns[i].User, want)
		}
	}
}

func TestThisMachineNeedsNoScope(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"http://127.0.0.1:8177/v1", "http://localhost/v1", "http://[::1]:80/v1"} {
		a := answers()
		a.Endpoint, a.Authorization, a.KeyEnv = endpoint, "", ""
		if w := write(t, a); len(w.Scope.Hosts) != 0 || w.Targets["system"].With["api_key"] != nil {
			t.Errorf("%s: %+v", endpoint, w)
		}
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.1:8177", "localhost:80", "[::1]:8177", "::1"} {
		a := answers()
		a.Definition, a.Host, a.Authorization = "system: {use: http}", host, ""
		if w := write(t, a); w.Targets["system"].Use != "http" || len(w.Scope.Hosts) != 0 || w.Attacks[0].SystemPrompt != "" {
			t.Errorf("recorded of %s: %+v", host, w)
		}
	}
}

func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*starter.Answers)
		want   string
	}{
		"unknown target":      {func(a *starter.Answers) { a.Target = "chatt" }, `"chatt" is no target`},
		"quotes in a program": {func(a *starter.Answers) { a.Target, a.Endpoint = "command", `python3 -c "print(1)"` }, "mean something to a shell"},
		"other scheme":        {func(a *starter.Answers) { a.Endpoint = "ftp://api.example" }, "no address"},
		"no host":             {func(a *starter.Answers) { a.Endpoint = "https://" }, "no address"},
		"password":            {func(a *starter.Answers) { a.Endpoint = "https://me:sesame@api.example" }, "holds a password"},
		"key, not a name":     {func(a *starter.Answers) { a.KeyEnv = "sesame-1" }, "no valid name"},
		"no authorization":    {func(a *starter.Answers) { a.Authorization = "" }, "needs an authorization"},
		"no authorization for a recording": {
			func(a *starter.Answers) {
				a.Definition, a.Host, a.Authorization = "system: {use: http}", "api.example", ""
			},
			"needs an authorization",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := answers()
			tt.change(&a)
			text, err := starter.Campaign(a)
			if err == nil || !strings.Contains(err.Error(), tt.want) || core.KindOf(err) != core.ErrorConfig || core.HintOf(err) == "" {
				t.Errorf("error %v, want one with %q:\n%s", err, tt.want, text)
			}
			if err != nil && strings.Contains(err.Error(), "sesame") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}
