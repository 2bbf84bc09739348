package core_test

import (
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTheTextOfAMessageIsItsTextPartsInOrder(t *testing.T) {
	m := core.Message{Role: core.Assistant, Parts: []core.Part{
		{Value: core.WAVValue([]byte("RIFF"))},
		{Value: core.TextValue("blue"), Transcript: true},
		{Value: core.TextValue("eleven\xff")},
	}}
	if got, want := m.Text(), "blue\neleven\uFFFD"; got != want {
		t.Errorf("Text = %q, want %q", got, want)
	}
	if got := len(m.Of(core.Audio)); got != 1 {
		t.Errorf("%d audio values, want 1", got)
	}
}

func TestAMessageIsEmptyWhenNoPartHasData(t *testing.T) {
	silent := core.Message{Parts: []core.Part{{Value: core.TextValue("")}, {Value: core.WAVValue(nil)}}}
	if !silent.Empty() {
		t.Error("a message of empty parts is not empty")
	}
	if core.UserText("x").Empty() {
		t.Error("a message with text is empty")
	}
}

func TestReasoningIsNoPartOfWhatAMessageSays(t *testing.T) {
	thought := core.Part{Value: core.Value{Modality: core.Reasoning, MediaType: core.MediaText, Data: []byte("hm")}}
	m := core.Message{Role: core.Assistant, Parts: []core.Part{thought}}
	if !m.Empty() || m.Text() != "" || len(m.WithoutReasoning().Parts) != 0 {
		t.Errorf("a message that only thinks says %q", m.Text())
	}
	m.Parts = append(m.Parts, core.Part{Value: core.TextValue("no")})
	if m.Empty() || m.Text() != "no" {
		t.Errorf("it says %q, want %q", m.Text(), "no")
	}
	if got := m.WithoutReasoning().Parts; len(got) != 1 || len(m.Parts) != 2 {
		t.Errorf("without its reasoning it has %d parts, and itself %d", len(got), len(m.Parts))
	}
}

func TestTheBaseMediaTypeDropsParameters(t *testing.T) {
	for given, want := range map[string]string{
		"Audio/WAV":                 "audio/wav",
		"text/plain; charset=utf-8": "text/plain",
		"":                          "",
		";;":                        "",
	} {
		if got := (core.Value{MediaType: given}).BaseMediaType(); got != want {
			t.Errorf("BaseMediaType(%q) = %q, want %q", given, got, want)
		}
	}
}

func TestOnlyWholeRepliesAreConclusive(t *testing.T) {
	for finish, want := range map[core.Finish]bool{
		core.FinishComplete:    true,
		core.FinishBlocked:     true,
		core.FinishTruncated:   false,
		core.FinishInterrupted: false,
		core.FinishUnconfirmed: false,
		"":                     false,
	} {
		if got := finish.Conclusive(); got != want {
			t.Errorf("%q.Conclusive() = %v, want %v", finish, got, want)
		}
	}
}

func TestUsageAddsUpFieldByField(t *testing.T) {
	a := core.Usage{InputTokens: 1, OutputTokens: 2, CachedInputTokens: 3, InputTextTokens: 4, InputAudioTokens: 5, OutputTextTokens: 6, OutputAudioTokens: 7, OutputReasoningTokens: 8}
	want := core.Usage{InputTokens: 2, OutputTokens: 4, CachedInputTokens: 6, InputTextTokens: 8, InputAudioTokens: 10, OutputTextTokens: 12, OutputAudioTokens: 14, OutputReasoningTokens: 16}
	if got := a.Add(a); got != want {
		t.Errorf("Add = %+v, want %+v", got, want)
	}
}

func TestOnlyATrueFalseScoreThatHoldsIsTrue(t *testing.T) {
	for _, test := range []struct {
		name  string
		score core.Score
		want  bool
	}{
		{"holds", core.BoolScore(true, ""), true},
		{"does not hold", core.BoolScore(false, ""), false},
		{"unknown", core.UnknownScore("no audio"), false},
		{"a full scale is no verdict", core.Score{Type: core.ScoreScale, Value: 1}, false},
		{"the zero value", core.Score{}, false},
	} {
		if got := test.score.True(); got != test.want {
			t.Errorf("%s: True() = %v, want %v", test.name, got, test.want)
		}
	}
}

func TestCallsWhoseResultsAreInTheMessageWaitForNothing(t *testing.T) {
	part := func(m core.Modality, json string) core.Part {
		return core.Part{Value: core.Value{Modality: m, MediaType: core.MediaJSON, Data: []byte(json)}}
	}
	m := core.Message{Parts: []core.Part{
		part(core.ToolCall, `{"call_id":"a","name":"search"}`), part(core.ToolResult, `{"call_id":"a","output":"found"}`),
		part(core.ToolCall, `{"call_id":"b","name":"dial"}`), part(core.ToolCall, `{"name":"nameless"}`), part(core.ToolResult, `{"output":"lost"}`),
		part(core.ToolCall, `[]`),
	}}
	var got []string
	for _, v := range m.WaitingCalls() {
		got = append(got, string(v.Data))
	}
	if want := []string{`{"call_id":"b","name":"dial"}`, `{"name":"nameless"}`, `[]`}; !slices.Equal(got, want) {
		t.Errorf("waiting are %q, want %q", got, want)
	}
	if n := len(m.Of(core.ToolCall)); n != 4 {
		t.Errorf("%d calls are left in the message, want 4", n)
	}
}

func TestAMessageThatShowsNothingIsBlank(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "\u0020\n\t": true, "\u200B\uFEFF\u00A0": true, "\u2060\u00AD": true, "\uFE0F": true, "\u115F\u3164": true, "\U000E0041": true, "\x00": true,
		".": false, "\u200Bno": false, "\u00E9": false, "\u2705\uFE0F": false, "\uFFFD": false,
	} {
		if got := core.UserText(text).Blank(); got != want {
			t.Errorf("%q is blank: %v, want %v", text, got, want)
		}
	}
	for modality, want := range map[core.Modality]bool{core.Audio: false, core.Image: false, core.Reasoning: true, core.ToolCall: true} {
		if got := (core.Message{Parts: []core.Part{{Value: core.Value{Modality: modality, Data: []byte("x")}}}}).Blank(); got != want {
			t.Errorf("a message of %s is blank: %v, want %v", modality, got, want)
		}
	}
}
