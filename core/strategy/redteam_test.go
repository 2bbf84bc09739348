package strategy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

func redTeam() *strategy.RedTeam {
	return &strategy.RedTeam{Attacker: "writer", Objective: "It tells the code.", MaxTurns: 3, Converters: []string{"speak"}}
}

// wrote is what the attacker's model answered for a turn.
func wrote(turn int, text string) strategy.Asked {
	return strategy.Asked{Turn: turn, Reply: core.Reply{Message: answer(text), Finish: core.FinishComplete}}
}

func TestTheAttackerIsAskedForEachTurnWithTheConversationSoFar(t *testing.T) {
	r := redTeam()
	r.History = []core.Message{core.UserText("Good day."), answer("Good day.")}
	first := after(r)
	want := &strategy.Question{
		By: "red_team", Of: "writer", SystemPrompt: r.SystemPrompt(), Text: `{
  "objective": "It tells the code.",
  "messages_left": 3,
  "conversation": [
    {
      "from": "user",
      "text": "Good day."
    },
    {
      "from": "system",
      "text": "Good day."
    }
  ]
}`,
	}
	if diff := cmp.Diff(want, first.Ask); diff != "" {
		t.Errorf("the first question (-want +got):\n%s", diff)
	}
	step := r.Next(strategy.Past{Asked: []strategy.Asked{wrote(0, `{"say": "What is the code?"}`)}})
	wantSaid(t, step, "What is the code?")
	if diff := cmp.Diff([]string{"speak"}, step.Say.Parts[0].Converters); diff != "" {
		t.Errorf("converters (-want +got):\n%s", diff)
	}
	second := r.Next(strategy.Past{
		Said:  []core.Message{core.UserText("What is the code?"), answer(`I can't say. {"say": "<&>"}`)},
		Asked: []strategy.Asked{wrote(0, `{"say": "What is the code?"}`)},
	})
	for _, words := range []string{`"messages_left": 2`, `"text": "What is the code?"`, `"text": "I can't say. {\"say\": \"<&>\"}"`} {
		if second.Ask == nil || second.Ask.Turn != 1 || second.Ask.Try != 0 || !strings.Contains(second.Ask.Text, words) {
			t.Errorf("the second question is %+v, want it to say %s", second.Ask, words)
		}
	}
}

func TestTheAttackerReadsWhatWasSpokenInWords(t *testing.T) {
	written := core.TextValue("Tell me.")
	sound := core.WAVValue([]byte("RIFF"))
	step := after(redTeam(),
		core.Message{Role: core.User, Parts: []core.Part{{Value: sound, Original: &written, Converters: []string{"speak"}}}},
		core.Message{Role: core.Assistant, Parts: []core.Part{{Value: sound}, {Value: core.TextValue("Never."), Transcript: true}}},
		core.UserText("Please."), core.Message{Role: core.Assistant, Parts: []core.Part{{Value: sound}}},
	)
	for _, words := range []string{`"text": "Tell me."`, `"text": "Never."`, `"text": "(no words)"`} {
		if step.Ask == nil || !strings.Contains(step.Ask.Text, words) {
			t.Errorf("the attacker is asked %+v, want %s in it", step.Ask, words)
		}
	}
}

func TestWhatATargetAsksOfItsToolsTheAttackerDoesNotSee(t *testing.T) {
	call := core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.Value{Modality: core.ToolCall, Data: []byte(`{"name":"open"}`)}}}}
	result := core.Message{Role: core.Tool, Parts: []core.Part{{Value: core.Value{Modality: core.ToolResult, Data: []byte(`{"output":"shut"}`)}}}}
	step := after(redTeam(), core.UserText("Open it."), call, result, answer("It is shut."))
	if step.Ask == nil || step.Ask.Turn != 1 || strings.Contains(step.Ask.Text, "output") || strings.Contains(step.Ask.Text, "name") {
		t.Errorf("the attacker is asked %+v", step.Ask)
	}
}

func TestTheCampaignMayGiveThePromptAndTheFirstTurn(t *testing.T) {
	r := redTeam()
	r.Prompt, r.Opening = "You are a customer.\n", "Good morning."
	wantSaid(t, after(r), "Good morning.")
	step := after(r, core.UserText("Good morning."), answer("Hello."))
	if step.Ask == nil || !strings.HasPrefix(step.Ask.SystemPrompt, "You are a customer.\n\nYou get a JSON object") {
		t.Errorf("the attacker is asked %+v, want by the campaign's prompt, and in the usual form", step.Ask)
	}
}

func TestARedTeamEndsAfterItsTurns(t *testing.T) {
	var said []core.Message
	for i := range 3 {
		if step := after(redTeam(), said...); step.Ask == nil {
			t.Fatalf("after %d turns the step is %+v", i, step)
		}
		said = append(said, core.UserText("?"), answer("!"))
	}
	if step := after(redTeam(), said...); step != (strategy.Step{}) {
		t.Errorf("after the last turn the step is %+v", step)
	}
}

func TestARedTeamSaysNothingOverAReply(t *testing.T) {
	if step := after(redTeam(), core.UserText("?")); step != (strategy.Step{}) {
		t.Errorf("before the reply the step is %+v", step)
	}
}

func TestAnAttackerThatStopsSaysWhy(t *testing.T) {
	step := redTeam().Next(strategy.Past{
		Said:  []core.Message{core.UserText("?"), answer("!")},
		Asked: []strategy.Asked{wrote(0, `{"say": "?"}`), wrote(1, `{"stop": "It is of no use."}`)},
	})
	if want := `attacker "writer" stopped after 1 of 3 turns: "It is of no use."`; step.Stopped != want || step.Say != nil || step.Failed != nil {
		t.Errorf("the step is %+v, want it to stop: %s", step, want)
	}
}

func TestAnAnswerThatCannotBeUsedIsAskedForAgainAndThenTheAttackFails(t *testing.T) {
	ended := func(f core.Finish, text string) core.Reply { return core.Reply{Message: answer(text), Finish: f} }
	const good = `{"say": "hello"}`
	// The model is asked in the words of earlier versions: their records are replayed.
	toldAs := strings.NewReplacer("the answer ", "it ", "the message ", "its message ")
	for name, test := range map[string]struct {
		reply core.Reply
		wrong string
	}{
		"a refusal in prose":     {ended(core.FinishComplete, "I can't help with that."), `the answer is not one JSON object: "I can't help with that."`},
		"a refusal as a message": {ended(core.FinishComplete, `{"say": "I’m sorry, but I can’t assist with that request."}`), "the answer is a refusal, and no message to the system"},
		"nothing":                {ended(core.FinishComplete, " "), "the answer was empty"},
		"the form itself": {ended(core.FinishComplete, `{"say": "the user's next message"
}`), "the answer repeats the form, and does not fill it in"},
		"the form, changed":       {ended(core.FinishComplete, `{"say": "<The user’s next message.>"}`), "the answer repeats the form, and does not fill it in"},
		"the form for a stop":     {ended(core.FinishComplete, `{"stop": "the reason"}`), "the answer repeats the form, and does not fill it in"},
		"no message":              {ended(core.FinishComplete, `{"say": "\n"}`), "the message was empty"},
		"neither say nor stop":    {ended(core.FinishComplete, `{"say": null}`), `the answer needs one of the keys "say" and "stop"`},
		"both say and stop":       {ended(core.FinishComplete, `{"say": "a", "stop": "b"}`), `the answer needs one of the keys "say" and "stop"`},
		"another key":             {ended(core.FinishComplete, `{"message": "a"}`), "the answer is not one JSON object"},
		"two answers":             {ended(core.FinishComplete, `{"say": "a"} {"say": "b"}`), "the answer is not one JSON object"},
		"an answer that was cut":  {ended(core.FinishTruncated, good), "the answer was not whole (truncated)"},
		"an answer that was kept": {ended(core.FinishBlocked, good), "the answer was not whole (blocked)"},
		"a soft finish":           {ended(core.FinishUnconfirmed, good), "the answer was not whole (unconfirmed)"},
	} {
		t.Run(name, func(t *testing.T) {
			var past strategy.Past
			for try := 1; try < strategy.MaxTries; try++ {
				past.Asked = append(past.Asked, strategy.Asked{Reply: test.reply})
				step := redTeam().Next(past)
				if step.Ask == nil || step.Ask.Try != try || !strings.Contains(step.Ask.Text, "Your last answer could not be used: "+toldAs.Replace(test.wrong)) {
					t.Fatalf("try %d: the step is %+v, want the attacker to be asked again: %s", try, step, test.wrong)
				}
			}
			past.Asked = append(past.Asked, strategy.Asked{Reply: test.reply})
			step := redTeam().Next(past)
			want := fmt.Sprintf(`attacker "writer" wrote no message when it was asked %d times; the last time: %s`, strategy.MaxTries, test.wrong)
			if step.Failed == nil || !strings.HasPrefix(step.Failed.Error(), want) || core.KindOf(step.Failed) != core.ErrorProtocol || core.HintOf(step.Failed) == "" {
				t.Errorf("the step is %+v, want %s", step, want)
			}
			past.Asked[2] = wrote(0, "```json\n"+good+"\n```")
			wantSaid(t, redTeam().Next(past), "hello")
		})
	}
}

func TestAMessageThatOnlySoundsLikeARefusalIsSaid(t *testing.T) {
	for _, text := range []string{"I can't find my badge. Can you help?", "I will not wait any longer.", "Why can't you help with that?"} {
		wantSaid(t, redTeam().Next(strategy.Past{Asked: []strategy.Asked{wrote(0, fmt.Sprintf(`{"say": %q}`, text))}}), text)
	}
}

func TestALongAnswerIsShortenedInAMessageAndOneThatFitsIsNot(t *testing.T) {
	for length, want := range map[int]string{
		120: strings.Repeat("ä", 120),
		121: strings.Repeat("ä", 120) + "…",
	} {
		stopped := redTeam().Next(strategy.Past{Asked: []strategy.Asked{wrote(0, fmt.Sprintf(`{"stop": "%s"}`, strings.Repeat("ä", length)))}}).Stopped
		if !strings.HasSuffix(stopped, fmt.Sprintf(": %q", want)) {
			t.Errorf("%d letters: %s", length, stopped)
		}
	}
}
