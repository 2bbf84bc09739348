package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// filler fills in the templates of an attack for one row. It reports the first
// problem and sets failed; its results must not be used then.
type filler struct {
	report *yamlfile.Report
	// textsLeft is how many bytes the texts of all further rows may have.
	textsLeft *int
	attack    *campaign.Attack
	// row counts from 0; cells is nil where the attack has no rows.
	row    int
	cells  map[string]string
	failed bool
}

// objective returns the attack's objective.
func (f *filler) objective() string {
	what := fmt.Sprintf("the objective of attack %q", f.attack.Name)
	return f.text(f.attack.Objective, f.attack.At, what).Text()
}

// redTeam returns the strategy of a trial whose turns another target writes,
// each with the converters of a part.
func (f *filler) redTeam(t Setup, each strategy.Part) *strategy.RedTeam {
	by := f.attack.RedTeam
	s := &strategy.RedTeam{
		Attacker: by.Attacker.Name, Objective: t.Objective, History: t.History,
		MaxTurns: by.MaxTurns, Prompt: by.Prompt, Converters: each.Converters,
	}
	if by.Opens {
		what := fmt.Sprintf("the opening of attack %q", f.attack.Name)
		s.Opening = f.text(f.attack.Turns[0].Parts[0].User, by.At, what).Text()
	}
	return s
}

// history returns the conversation before the first turn.
func (f *filler) history() []core.Message {
	var messages []core.Message
	for i, said := range f.attack.History {
		what := fmt.Sprintf("history[%d] of attack %q", i, f.attack.Name)
		text := f.text(said.Text, said.At, what)
		messages = append(messages, core.Message{Role: said.Role, Parts: []core.Part{{Value: text}}})
	}
	return messages
}

// toolResults returns the campaign's answers to tool calls of the target.
func (f *filler) toolResults() map[string]string {
	if len(f.attack.ToolResults) == 0 {
		return nil
	}
	results := map[string]string{}
	for _, r := range f.attack.ToolResults {
		what := fmt.Sprintf("the result of tool %q of attack %q", r.Tool, f.attack.Name)
		results[r.Tool] = f.fill(r.Result, r.At, what)
	}
	return results
}

// script returns turns with their values.
func (f *filler) script(turns strategy.Script) strategy.Script {
	filled := make(strategy.Script, len(turns))
	for i, turn := range turns {
		filled[i] = strategy.Turn{Parts: make([]strategy.Part, len(turn.Parts)), Delivery: f.delivery(i, turn.Delivery)}
		for n, part := range turn.Parts {
			if f.failed {
				return nil
			}
			written := f.attack.Turns[i].Parts[n]
			if written.Value != nil {
				part.Value, part.Background = *written.Value, written.Generated
			} else {
				part.Value = f.text(written.User, written.At, partName(f.attack, i, n))
			}
			filled[i].Parts[n] = part
		}
	}
	return filled
}

// delivery returns a turn's delivery with its system prompt filled in.
func (f *filler) delivery(turn int, d core.Delivery) core.Delivery {
	if d.SystemPrompt != nil {
		written := f.attack.Turns[turn]
		what := fmt.Sprintf("the system prompt of turn %d of attack %q", turn+1, f.attack.Name)
		prompt := f.text(written.SystemPrompt, written.DeliveryAt(core.CapabilitySystemPromptUpdate), what).Text()
		d.SystemPrompt = &prompt
	}
	return d
}

// text returns a text for the row; an empty result is an error.
func (f *filler) text(t campaign.Text, at yamlfile.Position, what string) core.Value {
	text := f.fill(t, at, what)
	if (f.cells != nil || t.HasParameters()) && strings.TrimSpace(text) == "" {
		f.fail(at, "", what, errors.New("the text is empty"))
	}
	return core.TextValue(text)
}

// fill returns a text for the row.
func (f *filler) fill(t campaign.Text, at yamlfile.Position, what string) string {
	text, err := t.Fill(f.cells)
	if f.cells != nil || t.HasParameters() {
		*f.textsLeft -= len(text)
	}
	switch {
	case err != nil:
		f.fail(at, "", what, err)
	case *f.textsLeft < 0:
		f.fail(at, "split the campaign", what, fmt.Errorf("the texts up to here are larger than %d MiB", maxTexts>>20))
	}
	return text
}

// fail reports the first problem of the row.
func (f *filler) fail(at yamlfile.Position, hint, what string, err error) {
	if !f.failed {
		f.failed = true
		if f.cells != nil {
			what = fmt.Sprintf("%s, row %d of dataset %q", what, f.row+1, f.attack.ForEach.Name)
		}
		f.report.Problem(at, hint, "%s: %v", what, err)
	}
}
