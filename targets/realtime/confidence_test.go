package realtime_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

const includeLogprobs = "item.input_audio_transcription.logprobs"

func TestHowSureTheServiceWasOfWhatItHeardIsNoted(t *testing.T) {
	const unsure = `,"logprobs":[{"token":"open","logprob":0,"bytes":[]},{"token":" the","logprob":-0.1,"bytes":[]},{"token":" vault","logprob":-1.1,"bytes":[]}]`
	for _, test := range []struct {
		name    string
		include bool
		more    string // after the transcript
		want    *core.Confidence
		warns   bool
	}{
		{"as asked", true, unsure, &core.Confidence{Mean: math.Exp(-0.4), Least: math.Exp(-1.1), LeastOf: " vault"}, false},
		{"unasked", false, unsure, nil, false},
		{"not said", true, ``, nil, true},
		{"null", true, `,"logprobs":null`, nil, true},
		{"nothing of it", true, `,"logprobs":[]`, nil, true},
		{"a text", true, `,"logprobs":[{"token":"open","logprob":"sure"}]`, nil, true},
		{"a part of it", true, `,"logprobs":[{"token":"open","logprob":-0.1},{"token":" the"}]`, nil, true},
		{"surer than sure", true, `,"logprobs":[{"token":"open","logprob":0.5}]`, nil, true},
		{"next to impossible", true, `,"logprobs":[{"token":"open","logprob":-9999}]`, &core.Confidence{LeastOf: "open"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			with := settings{"transcription_model": "ears"}
			if test.include {
				with["include"] = []string{includeLogprobs}
			}
			c := talkTo(t, scripted(t, func(s *service) {
				id := itemIDOf(s.await("conversation.item.create"))
				s.await("response.create")
				s.say(response("r1", "yes")...)
				s.say(strings.TrimSuffix(heardEvent(id, "open the vault"), "}") + test.more + "}")
			}), with)
			reply := send(t, c, spoken(t, time.Second))
			got := reply.HeardConfidence
			if (got == nil) != (test.want == nil) || got != nil && (math.Abs(got.Mean-test.want.Mean) > 1e-9 || math.Abs(got.Least-test.want.Least) > 1e-9 || got.LeastOf != test.want.LeastOf) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if warned := strings.Contains(strings.Join(reply.Warnings, "\n"), "how sure it was"); warned != test.warns {
				t.Errorf("warnings %q", reply.Warnings)
			}
			if reply.Heard != "open the vault" || reply.Finish != core.FinishComplete {
				t.Errorf("heard %q, %s", reply.Heard, reply.Finish)
			}
		})
	}
}

func TestHowSureThePracticeServerWasIsNoted(t *testing.T) {
	c := serve(t, realtimetest.ToneAgent{}).talk(t, settings{"transcription_model": "ears", "include": []string{includeLogprobs}})
	reply := send(t, c, spoken(t, time.Second))
	if got := reply.HeardConfidence; got == nil || math.Abs(got.Mean-0.9) > 1e-9 || got.LeastOf == "" {
		t.Errorf("got %+v of %q, warnings %q", got, reply.Heard, reply.Warnings)
	}
}
