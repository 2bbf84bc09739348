package campaign_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

func readCases(text string) (campaign.Cases, error) {
	tone := audio.EncodeWAV(audio.Clip{Rate: 16_000, Samples: make([]int16, 160)})
	return campaign.ReadCases(fstest.MapFS{
		"cases.yaml": {Data: []byte(text)}, "clip.wav": {Data: tone},
	}, "cases.yaml", "cases.yaml")
}

func TestCasesSayWhatAComponentIsTestedWith(t *testing.T) {
	cases, err := readCases(`version: 1
converters:
  speech/tts:
    with: {voice: en, rate: 1.5}
    input: say this
  telephone: {input: {audio: clip.wav}}
targets:
  ivr: {with: {address: "tcp://127.0.0.1:1"}}
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases.All) != 3 {
		t.Fatalf("got %d cases, want 3", len(cases.All))
	}
	tts, telephone, ivr := cases.All[0], cases.All[1], cases.All[2]
	if tts.Kind != core.KindConverter || tts.Use.Name != "speech/tts" || string(tts.With.JSON) != `{"voice":"en","rate":1.5}` || tts.Input.Text() != "say this" {
		t.Errorf("tts: %+v", tts)
	}
	if telephone.Input.Modality != core.Audio || string(telephone.With.JSON) != "{}" {
		t.Errorf("telephone: %+v", telephone)
	}
	if ivr.Kind != core.KindTarget || ivr.Input != nil {
		t.Errorf("ivr: %+v", ivr)
	}
}

func TestMistakesInCasesHaveAPlaceAndAHint(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no version", "targets: {}", `1:1: the file of cases needs the key "version"`},
		{"an unknown kind", "version: 1\nconverter: {}", `2:1: unknown key "converter" (did you mean "converters"?)`},
		{"an unknown key", "version: 1\ntargets: {ivr: {wit: {}}}", `2:17: unknown key "wit" (did you mean "with"?)`},
		{"a key that appears twice", "version: 1\ntargets: {a: {}, a: {}}", `2:18: key "a" appears twice`},
		{"a name with the plugin's", "version: 1\ntargets: {A/b: {}}", "2:11: \"A/b\" is not a component's name"},
		{"a file that is not there", "version: 1\nconverters: {a: {input: {audio: clap.wav}}}", `2:33: there is no file "clap.wav"`},
		{"two inputs", "version: 1\nconverters: {a: {input: {audio: clip.wav, image: x.png}}}", "input has 2 keys; it takes one"},
		{"a file outside", "version: 1\nconverters: {a: {input: {audio: ../clip.wav}}}", "outside the campaign's folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readCases(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
