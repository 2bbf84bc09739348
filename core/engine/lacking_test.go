package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

func TestAllThatARunLacksIsNamedAndNothingIsSent(t *testing.T) {
	const key = "sk-canary-4711"
	a := &agent{}
	s := newScene(t, a, "an attack")
	s.plan.Targets[0].Config = []byte(`{"api_key":"${KEY}", "other": "${SET}"}`)
	same := convert(func(_ context.Context, v core.Value) (core.Value, error) { return v, nil })
	s.converter("say", same)
	s.converter("hear", same)
	s.shelf.broken["say"] = core.Errorf(core.ErrorConfig, "there is no program flite").WithHint("install it")
	s.shelf.broken["hear"] = core.Errorf(core.ErrorConfig, "there is no program sphinx beside %s", key)
	options := engine.Options{
		Components: engine.Components{
			Opener: func(core.Targets) core.Opener { return s.shelf },
			Secrets: func(r secret.Reference) (string, error) {
				if r.Name == "KEY" {
					return "", core.Errorf(core.ErrorConfig, "KEY is not set")
				}
				return key, nil
			},
		},
		Redactor: secret.NewRedactor(),
	}
	err := engine.Lacking(t.Context(), s.plan, options)
	for _, want := range []string{
		`KEY is not set (target "agent": api_key)`, `converter "say" (say): there is no program flite`,
		`converter "hear" (hear): there is no program sphinx beside [redacted]`,
	} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if core.KindOf(err) != core.ErrorConfig || strings.Count(fmt.Sprint(err), "\n") != 2 {
		t.Errorf("error %v (%s), want three of the configuration", err, core.KindOf(err))
	}
	if open, _, sent := a.counts(); open != 0 || sent != 0 || !a.closed || !slices.Contains(s.shelf.opened, "leaked") {
		t.Errorf("%d conversations, %d messages, closed: %t; opened %q", open, sent, a.closed, s.shelf.opened)
	}

	delete(s.shelf.broken, "say")
	delete(s.shelf.broken, "hear")
	options.Components.Secrets = func(secret.Reference) (string, error) { return key, nil }
	if err := engine.Lacking(t.Context(), s.plan, options); err != nil {
		t.Errorf("error %v, want none", err)
	}
}
