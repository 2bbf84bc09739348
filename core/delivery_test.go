package core_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestADeliveryNeedsACapabilityForEachThingThatItAsksFor(t *testing.T) {
	none, prompt := "", "Say no more."
	for _, test := range []struct {
		name     string
		delivery core.Delivery
		want     []string
	}{
		{"nothing", core.Delivery{}, nil},
		{"another system prompt", core.Delivery{SystemPrompt: &prompt}, []string{core.CapabilitySystemPromptUpdate}},
		{"no system prompt any more", core.Delivery{SystemPrompt: &none}, []string{core.CapabilitySystemPromptUpdate}},
		{"at the pace of speech", core.Delivery{Stream: true}, []string{core.CapabilityStream}},
		{"over a reply", core.Delivery{InterruptAfter: time.Second}, []string{core.CapabilityInterrupt}},
		{"out of band", core.Delivery{OutOfBand: true}, []string{core.CapabilityOutOfBand}},
		{
			"everything",
			core.Delivery{SystemPrompt: &prompt, Stream: true, InterruptAfter: time.Second, OutOfBand: true},
			[]string{core.CapabilitySystemPromptUpdate, core.CapabilityStream, core.CapabilityInterrupt, core.CapabilityOutOfBand},
		},
	} {
		got := test.delivery.Needs()
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: needs %q, want %q", test.name, got, test.want)
		}
		if test.delivery.IsZero() != (len(test.want) == 0) {
			t.Errorf("%s: IsZero is %v", test.name, test.delivery.IsZero())
		}
		for _, capability := range got {
			if !slices.Contains(core.Capabilities(), capability) {
				t.Errorf("%s: core does not list the capability %q", test.name, capability)
			}
		}
	}
}

func TestAComponentCanDoWhatItLists(t *testing.T) {
	info := core.Info{Capabilities: []string{core.CapabilityStream}}
	if !info.Can(core.CapabilityStream) || info.Can(core.CapabilityInterrupt) {
		t.Errorf("%q: stream %v, interrupt %v", info.Capabilities, info.Can(core.CapabilityStream), info.Can(core.CapabilityInterrupt))
	}
}
