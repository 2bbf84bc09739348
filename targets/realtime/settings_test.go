package realtime_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestEachSettingIsSentAsTheProtocolHasIt(t *testing.T) {
	tests := map[string]struct {
		given settings
		want  string // the members of the session that the settings change
	}{
		"a stored prompt": {
			settings{"prompt": settings{"id": "pmpt_1", "version": "2", "variables": settings{"who": "Ann", "card": settings{"type": "input_file", "file_id": "file_1"}}}},
			`{"prompt":{"id":"pmpt_1","version":"2","variables":{"who":"Ann","card":{"type":"input_file","file_id":"file_1"}}}}`,
		},
		"a stored prompt by its id alone": {settings{"prompt": settings{"id": "pmpt_1"}}, `{"prompt":{"id":"pmpt_1"}}`},
		"no limit of a reply":             {settings{"max_output_tokens": "inf"}, `{"max_output_tokens":"inf"}`},
		"a limit of a reply":              {settings{"max_output_tokens": 7}, `{"max_output_tokens":7}`},
		"the service's limit":             {settings{"max_output_tokens": 0}, `{}`},
		"a limit of the conversation": {
			settings{"truncation": "retention_ratio", "retention_ratio": 0.5, "retention_tokens": 5000},
			`{"truncation":{"type":"retention_ratio","retention_ratio":0.5,"token_limits":{"post_instructions":5000}}}`,
		},
		"traces":              {settings{"tracing": "auto"}, `{"tracing":"auto"}`},
		"no traces":           {settings{"tracing": "off"}, `{"tracing":null}`},
		"traces set to null":  {settings{"tracing": nil}, `{"tracing":null}`},
		"traces with a name":  {settings{"tracing": settings{"workflow_name": "red", "group_id": "g", "metadata": settings{"n": 1}}}, `{"tracing":{"workflow_name":"red","group_id":"g","metadata":{"n":1}}}`},
		"how sure it was":     {settings{"include": []string{"item.input_audio_transcription.logprobs"}, "transcription_model": "ears"}, `{"include":["item.input_audio_transcription.logprobs"],"audio":{"input":{"transcription":{"model":"ears"}}}}`},
		"words to expect":     {settings{"transcription_model": "ears", "transcription_keywords": []string{"vault", "blue eleven"}}, `{"audio":{"input":{"transcription":{"model":"ears","keywords":["vault","blue eleven"]}}}}`},
		"languages to expect": {settings{"transcription_model": "ears", "transcription_languages": []string{"en", "de"}}, `{"audio":{"input":{"transcription":{"model":"ears","languages":["en","de"]}}}}`},
		"when it is written":  {settings{"transcription_model": "ears", "transcription_delay": "low"}, `{"audio":{"input":{"transcription":{"model":"ears","delay":"low"}}}}`},
		"what it is about":    {settings{"transcription_model": "ears", "transcription_prompt": "A bank.", "transcription_language": "en"}, `{"audio":{"input":{"transcription":{"model":"ears","prompt":"A bank.","language":"en"}}}}`},
		"two formats": {
			settings{"audio_format": "pcm", "output_audio_format": "pcmu"},
			`{"audio":{"input":{"format":{"type":"audio/pcm","rate":24000}},"output":{"format":{"type":"audio/pcmu"}}}}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := serve(t, realtimetest.ToneAgent{})
			begin(t, p.target(t, test.given), core.Start{})
			var want map[string]any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			session, _ := p.sent(t)[0]["session"].(map[string]any)
			if diff := cmp.Diff(within(want, defaultSession()), session); diff != "" {
				t.Errorf("session (-want +got):\n%s", diff)
			}
		})
	}
}

// defaultSession is what is asked of a session without further settings.
func defaultSession() map[string]any {
	pcm := map[string]any{"type": "audio/pcm", "rate": 24000.0}
	return map[string]any{
		"type": "realtime", "output_modalities": []any{"audio"}, "truncation": "disabled",
		"audio": map[string]any{
			"input":  map[string]any{"format": pcm, "turn_detection": nil, "noise_reduction": nil},
			"output": map[string]any{"format": pcm},
		},
	}
}

// within returns the base with changes of members of audio, and of whole others.
func within(changes, base map[string]any) map[string]any {
	for key, value := range changes {
		inner, isObject := value.(map[string]any)
		if below, ok := base[key].(map[string]any); ok && isObject && key != "format" {
			value = within(inner, below)
		}
		base[key] = value
	}
	return base
}

func TestAnAgentThatIsAStoredPromptIsAttackedAsItIs(t *testing.T) {
	server := realtimetest.NewServer(obeys(), realtimetest.Options{Prompts: map[string]string{"pmpt_bank": "You are {{who}} of {{bank}}."}})
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	at := address{url: web.URL}
	ask := func(id string) (core.Conversation, error) {
		target := at.open(t, settings{"endpoint": at.url, "model": "m", "output": "text", "prompt": settings{"id": id, "variables": settings{"who": "the clerk", "bank": "Harbour Savings"}}})
		return target.StartConversation(t.Context(), core.Start{})
	}
	c, err := ask("pmpt_bank")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.End(t.Context()) }()
	if got := send(t, c, core.UserText("who are you?")).Message.Text(); got != "You are the clerk of Harbour Savings." {
		t.Errorf("the agent is %q", got)
	}
	if _, err := ask("pmpt_other"); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("a prompt that the service does not have: a %q error, %v", core.KindOf(err), err)
	}
}

func TestRepliesInAnotherFormatThanTheCallersSoundAreHeardRight(t *testing.T) {
	c := serve(t, realtimetest.ToneAgent{}).talk(t, settings{"output_audio_format": "pcmu"})
	clip := clipOf(t, send(t, c, core.UserText("hi")))
	if clip.Rate != 8000 || clip.Duration().Milliseconds() != 200 {
		t.Errorf("%d Hz, %s", clip.Rate, clip.Duration())
	}
}
