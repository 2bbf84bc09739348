package core_test

import (
	"context"
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestARestrictionTakesAwayOneThing(t *testing.T) {
	for name, test := range map[string]struct {
		is    core.Restriction
		valid bool
	}{
		"nothing":           {core.Restriction{Hint: "h"}, false},
		"what is taken":     {core.Restriction{In: core.Image}, true},
		"what is given":     {core.Restriction{Out: core.Image}, true},
		"a capability":      {core.Restriction{Capability: core.CapabilityHistory, Hint: "h"}, true},
		"several things":    {core.Restriction{In: core.Image, Out: core.Image}, false},
		"three of them":     {core.Restriction{In: core.Image, Out: core.Image, Capability: core.CapabilityHistory}, false},
		"a modality, twice": {core.Restriction{In: core.Text, Capability: core.CapabilityHistory}, false},
	} {
		if got := test.is.Valid(); got != test.valid {
			t.Errorf("%s: valid is %v, want %v", name, got, test.valid)
		}
	}
	a, b := core.Restriction{In: core.Image, Hint: "do this"}, core.Restriction{Out: core.Image, Hint: "do this"}
	if !a.Is(core.Restriction{In: core.Image}) || a.Is(b) {
		t.Error("restrictions are the same that take away the same, whatever their hints say")
	}
}

func TestADescriptionIsRestrictedWithoutBeingChanged(t *testing.T) {
	info := core.Info{
		In: []core.Modality{core.Text, core.Image}, Out: []core.Modality{core.Text, core.ToolCall},
		Capabilities: []string{core.CapabilityHistory, core.CapabilityMultiTurn},
	}
	got := info.Restricted([]core.Restriction{
		{In: core.Image}, {Out: core.ToolCall}, {Capability: core.CapabilityHistory}, {In: core.Audio}, {Capability: core.CapabilityStream},
	})
	if got.Takes(core.Image) || !got.Takes(core.Text) || slices.Contains(got.Out, core.ToolCall) || !slices.Contains(got.Out, core.Text) ||
		got.Can(core.CapabilityHistory) || !got.Can(core.CapabilityMultiTurn) {
		t.Errorf("restricted: %+v", got)
	}
	if !info.Takes(core.Image) || !info.Can(core.CapabilityHistory) || !slices.Contains(info.Out, core.ToolCall) {
		t.Errorf("the description itself was changed: %+v", info)
	}
}

type narrowConfig struct {
	Narrow bool   `json:"narrow"`
	Voice  string `json:"voice"`
}

func (c narrowConfig) Validate() error {
	if c.Voice == "none" {
		return core.Errorf(core.ErrorConfig, "no such voice").At("voice")
	}
	return nil
}

func (c narrowConfig) Restrictions() []core.Restriction {
	if c.Voice == "none" {
		panic("asked about a configuration that is wrong")
	}
	if c.Narrow {
		return []core.Restriction{{In: core.Image, Hint: "leave narrow out"}}
	}
	return nil
}

func TestAConfigurationSaysWhatItRestricts(t *testing.T) {
	c := core.NewTarget(core.Info{Name: "narrow"}, narrowConfig{}, func(context.Context, narrowConfig) (core.Target, error) { return nil, nil })
	checked, err := c.CheckConfig([]byte(`{"narrow": true}`))
	got := checked.Restrictions
	if err != nil || len(got) != 1 || got[0] != (core.Restriction{In: core.Image, Hint: "leave narrow out"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.CheckConfig(nil); len(got.Restrictions) > 0 || err != nil {
		t.Errorf("without the key: %+v, %v", got, err)
	}
	if got, err := c.CheckConfig([]byte(`{"narrow": true, "voice": "none"}`)); len(got.Restrictions) > 0 || core.KindOf(err) != core.ErrorConfig {
		t.Errorf("a wrong configuration: %+v, %v", got, err)
	}
	plain := core.NewTarget(core.Info{Name: "plain"}, struct{}{}, func(context.Context, struct{}) (core.Target, error) { return nil, nil })
	if got, err := plain.CheckConfig(nil); len(got.Restrictions) > 0 || err != nil {
		t.Errorf("a configuration that says nothing of it: %+v, %v", got, err)
	}
}

type doubtfulConfig struct {
	Size int `json:"size"`
}

func (c doubtfulConfig) Warnings() error {
	if c.Size < 9 {
		return nil
	}
	return core.Errorf(core.ErrorConfig, "%d is a lot", c.Size).At("size").WithHint("take less")
}

func TestAConfigurationSaysWhatIsLikelyNotMeant(t *testing.T) {
	c := core.NewTarget(core.Info{Name: "doubtful"}, doubtfulConfig{}, func(context.Context, doubtfulConfig) (core.Target, error) { return nil, nil })
	got, err := c.CheckConfig([]byte(`{"size": 9}`))
	if err != nil || len(got.Warnings) != 1 || got.Warnings[0].Error() != "size: 9 is a lot" || got.Warnings[0].Hint != "take less" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.CheckConfig([]byte(`{"size": 1}`)); len(got.Warnings) > 0 || err != nil {
		t.Errorf("of what is meant: %+v, %v", got, err)
	}
}
