package campaign_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

const bounded = `version: 1
name: bounded
scope:
  max_turns: 20000
  max_duration: 60h
  max_tokens: 5000000
  max_cost: 120.5
  window: {days: [sat, sun], from: "22:00", to: "06:00", zone: Europe/Zurich}
prices:
  currency: USD
  targets:
    agent: {input_text: 4, output_text: 16, input_audio: 32, output_audio: 64}
    judge: {input_text: 0.5, output_text: 0}
targets: {agent: realtime, judge: realtime}
scorers: {leaked: match/substring}
attacks:
  - {name: a, target: agent, objective: x, turns: [{user: a}], scorers: [leaked]}
`

func TestACampaignBoundsItsRuns(t *testing.T) {
	c, err := read(t, bounded, nil)
	if err != nil {
		t.Fatal(err)
	}
	window := c.Scope.Window
	c.Scope.Window = nil
	if got, want := window.String(), "sat, sun 22:00-06:00 Europe/Zurich"; got != want {
		t.Errorf("window %q, want %q", got, want)
	}
	places := cmpopts.IgnoreTypes(yamlfile.Position{})
	scope := campaign.Scope{Bounds: scope.Bounds{MaxTurns: 20_000, MaxDuration: 60 * time.Hour, MaxTokens: 5_000_000, MaxCost: 120.5}}
	if diff := cmp.Diff(scope, c.Scope, places); diff != "" {
		t.Errorf("scope: -want +got:\n%s", diff)
	}
	prices := campaign.Prices{Currency: "USD", Targets: map[string]campaign.Price{
		"agent": {Price: cost.Price{InputText: 4, OutputText: 16, InputAudio: 32, OutputAudio: 64}},
		"judge": {Price: cost.Price{InputText: 0.5, InputAudio: 0.5}},
	}}
	if diff := cmp.Diff(prices, c.Prices, places); diff != "" {
		t.Errorf("prices: -want +got:\n%s", diff)
	}
}

func TestABoundOnTheCostNeedsThePriceOfEveryTarget(t *testing.T) {
	_, err := read(t, strings.Replace(bounded, "    judge: {input_text: 0.5, output_text: 0}\n", "", 1), nil)
	want := "c.yaml:7:13: max_cost needs the price of every target; there is none for judge" +
		" (prices: {currency: USD, targets: {judge: {input_text: 4, output_text: 16}}}, per million tokens; 0 is a price, too)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAPriceOfAudioIsThatOfTextOnlyWhereItIsLeftOut(t *testing.T) {
	for written, want := range map[string]cost.Price{
		"input_text: 4, output_text: 16":                                      {InputText: 4, OutputText: 16, InputAudio: 4, OutputAudio: 16},
		"input_text: 4, output_text: 16, input_audio: 0, output_audio: 0":     {InputText: 4, OutputText: 16},
		"input_text: 4, output_text: 16, input_audio: 0.5, output_audio: 0.5": {InputText: 4, OutputText: 16, InputAudio: 0.5, OutputAudio: 0.5},
		"input_text: 1000000, output_text: 0":                                 {InputText: 1_000_000, InputAudio: 1_000_000},
	} {
		source := strings.Replace(bounded, "agent: {input_text: 4, output_text: 16, input_audio: 32, output_audio: 64}", "agent: {"+written+"}", 1)
		c, err := read(t, source, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.Prices.Targets["agent"].Price); diff != "" {
			t.Errorf("%s: -want +got:\n%s", written, diff)
		}
	}
}
