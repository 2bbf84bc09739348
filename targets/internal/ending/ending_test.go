package ending_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/ending"
)

// said is a reply of texts.
func said(texts ...string) core.Message {
	m := core.Message{Role: core.Assistant}
	for _, text := range texts {
		m.Parts = append(m.Parts, core.Part{Value: core.TextValue(text)})
	}
	return m
}

// with is a message with a further part.
func with(m core.Message, v core.Value) core.Message {
	m.Parts = append(m.Parts, core.Part{Value: v})
	return m
}

func TestAReplyIsCompleteOnlyIfItsTextCanBeRead(t *testing.T) {
	const complete, unconfirmed, truncated = core.FinishComplete, core.FinishUnconfirmed, core.FinishTruncated
	call := core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"1"}`)}
	sound := core.WAVValue([]byte("RIFF"))
	for name, test := range map[string]struct {
		message core.Message
		want    core.Finish
		detail  string
	}{
		"a text":                          {said("yes"), complete, ""},
		"a text with U+FFFD within":       {said("a\uFFFDb"), complete, ""},
		"no part":                         {said(), unconfirmed, "the bot answered with nothing"},
		"an empty text":                   {said(""), unconfirmed, "the bot answered with nothing"},
		"a text that shows nothing":       {said(" \u200b\n"), unconfirmed, "the bot answered with nothing that can be seen"},
		"a call and no text":              {with(said(), call), complete, ""},
		"sound and no text":               {with(said(), sound), complete, ""},
		"sound and an empty text":         {with(said(""), sound), complete, ""},
		"only U+FFFD":                     {said("\uFFFD\uFFFD \uFFFD"), unconfirmed, "the bot answered with nothing that can be read"},
		"only U+FFFD beside a call":       {with(said("\uFFFD"), call), unconfirmed, "nothing that can be read"},
		"half a character":                {said("It is \uFFFD"), truncated, "middle of a character"},
		"half a character and a line end": {said("It is \uFFFD\n"), truncated, "middle of a character"},
		"half a character as it came":     {said("It is \xc3"), truncated, "middle of a character"},
		"half a character beside a call":  {with(said("It is \uFFFD"), call), truncated, "middle of a character"},
		"half a character in the middle":  {said("It is \uFFFD", "blue"), complete, ""},
		"another encoding":                {said("caf\xe9 blue"), unconfirmed, "not UTF-8"},
		"UTF-16":                          {said("b\x00l\x00u\x00e\x00"), unconfirmed, "NUL"},
	} {
		t.Run(name, func(t *testing.T) {
			r := core.Reply{Message: test.message, Finish: complete}
			ending.Doubt(&r, "the bot")
			if r.Finish != test.want || !strings.Contains(r.Detail, test.detail) || test.detail == "" && r.Detail != "" {
				t.Errorf("%s (%s), want %s (%s)", r.Finish, r.Detail, test.want, test.detail)
			}
		})
	}
}

func TestAnotherFinishThanCompleteIsNotTouched(t *testing.T) {
	for _, finish := range []core.Finish{core.FinishBlocked, core.FinishTruncated, core.FinishInterrupted, core.FinishUnconfirmed} {
		r := core.Reply{Finish: finish, Detail: "why"}
		ending.Doubt(&r, "the bot")
		if r.Finish != finish || r.Detail != "why" {
			t.Errorf("%s became %s (%s)", finish, r.Finish, r.Detail)
		}
	}
}

func TestAReplyThatWasCutOffIsTruncatedWhateverElseWasSaid(t *testing.T) {
	r := core.Reply{Finish: core.FinishBlocked, Detail: "policy"}
	ending.Cut(&r)
	if r.Finish != core.FinishTruncated || !strings.Contains(r.Detail, "max_reply_bytes") {
		t.Errorf("%s (%s)", r.Finish, r.Detail)
	}
}
