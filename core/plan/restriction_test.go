package plan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// restricted returns what is wrong with a campaign whose components have restrictions.
func restricted(t *testing.T, yaml string, by plan.Restrictions) string {
	t.Helper()
	_, err := plan.New(read(t, yaml), catalog(t), plan.Options{Restrictions: by})
	if err == nil {
		return ""
	}
	return err.Error()
}

// able are restrictions of the target "able", each with a hint.
func able(all ...core.Restriction) plan.Restrictions {
	for i := range all {
		all[i].Hint = "change its request"
	}
	return plan.Restrictions{{Kind: core.KindTarget, Name: "able"}: all}
}

func TestWhatATargetCannotDoAsItIsConfiguredIsAProblem(t *testing.T) {
	for name, test := range map[string]struct {
		attack string
		lacks  core.Restriction
		want   string
	}{
		"a system prompt": {
			"target: able\nsystem_prompt: Guard it.\nturns: [{user: hi}]\nscorers: [leaked]",
			core.Restriction{Capability: core.CapabilitySystemPrompt},
			`attack "a" sets a system prompt, which target "able" (voice, as it is configured) does not take (change its request; otherwise leave system_prompt out, or`,
		},
		"a history": {
			"target: able\nhistory: [{user: hi}, {assistant: ho}]\nturns: [{user: hi}]\nscorers: [leaked]",
			core.Restriction{Capability: core.CapabilityHistory},
			`attack "a" begins with a history, which target "able" (voice, as it is configured) does not take (change its request; otherwise leave history out, or`,
		},
		"a conversation": {
			"target: able\nturns: [{user: hi}, {user: code}]\nscorers: [leaked]",
			core.Restriction{Capability: core.CapabilityMultiTurn},
			`attack "a" has 2 turns, but target "able" (voice, as it is configured) forgets each one (change its request; otherwise make it one turn, or`,
		},
		"sound": {
			"target: able\nturns: [{user: hi}, {audio: clip.wav}]\nscorers: [leaked]",
			core.Restriction{In: core.Audio},
			`turn 2 of attack "a" is audio when it is sent, which target "able" (voice, as it is configured) does not take (change its request; otherwise send text`,
		},
		"a delivery": {
			"target: able\nturns: [{user: hi, stream: true, converters: [speak]}]\nscorers: [leaked]",
			core.Restriction{Capability: core.CapabilityStream},
			`turn 1 of attack "a" is sent at the pace of speech, which target "able" (voice, as it is configured) cannot do (change its request; otherwise leave stream out, or`,
		},
		"a judgement of sound": {
			"target: able\nturns: [{user: hi}]\nscorers: [heard]",
			core.Restriction{Out: core.Audio},
			`scorer "heard" judges audio, which target "able" (voice, as it is configured) never gives (change its request; otherwise set on:`,
		},
		"a text before each trial": {
			"target: text\nbefore_trial: [{target: able, send: fill it}]\nturns: [{user: hi}]\nscorers: [leaked]",
			core.Restriction{In: core.Text},
			`a request before or after a trial of attack "a" is a text, which target "able" (voice, as it is configured) does not take (change its request; otherwise send audio`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			yaml := attack("", test.attack)
			if got := restricted(t, yaml, nil); got != "" {
				t.Fatalf("without the restriction: %s", got)
			}
			if got := restricted(t, yaml, able(test.lacks)); !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			other := plan.Restrictions{{Kind: core.KindTarget, Name: "oracle"}: {test.lacks}}
			if got := restricted(t, yaml, other); got != "" {
				t.Errorf("with a restriction of another target: %s", got)
			}
		})
	}
}

func TestARequestThatSaysNothingNeedNotBeCarried(t *testing.T) {
	yaml := attack("", "target: text\nbefore_trial: [able]\nafter_trial: [{target: able}]\nturns: [{user: hi}]\nscorers: [leaked]")
	if got := restricted(t, yaml, able(core.Restriction{In: core.Text})); got != "" {
		t.Errorf("problems %s, want none", got)
	}
}

func TestTheComponentsOfACampaignAreAskedWhatTheyRestrict(t *testing.T) {
	check := func(_ context.Context, _ core.Kind, use string, config []byte) (core.Checked, error) {
		if use != "voice" {
			return core.Checked{}, nil
		}
		return core.Checked{Restrictions: []core.Restriction{{In: core.Image, Hint: fmt.Sprintf("change %s", config)}}, Warnings: core.Errors{core.Errorf(core.ErrorConfig, "a pity").WithHint("mend it")}}, nil
	}
	got, warnings, problems, err := plan.CheckConfigs(t.Context(), read(t, attack("", "target: able\nturns: [{user: hi}]\nscorers: [leaked]")), catalog(t), plan.Variables{}, check)
	if len(problems) > 0 || err != nil {
		t.Fatalf("%v, %v", problems, err)
	}
	if got := warnings.Error(); !strings.Contains(got, `target "able": a pity (mend it)`) || !strings.HasPrefix(got, "c.yaml:") {
		t.Errorf("warnings %s", got)
	}
	want := []core.Restriction{{In: core.Image, Hint: "change {}"}}
	if diff := cmp.Diff(want, got[plan.Definition{Kind: core.KindTarget, Name: "able"}]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
