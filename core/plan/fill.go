package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// filler fills the templates of an attack in for one row. After a problem, which
// it reports, it does nothing more.
type filler struct {
	*planner
	attack *campaign.Attack
	// row counts from 0; cells is nil where the attack has no rows.
	row    int
	cells  map[string]string
	failed bool
}

// history returns what has been said before the first turn.
func (f *filler) history() []core.Message {
	var messages []core.Message
	for i, said := range f.attack.History {
		what := fmt.Sprintf("history[%d] of attack %q", i, f.attack.Name)
		text := f.text(said.Text, said.At, what)
		messages = append(messages, core.Message{Role: said.Role, Parts: []core.Part{{Value: text}}})
	}
	return messages
}

// script returns turns with their values.
func (f *filler) script(turns strategy.Script) strategy.Script {
	filled := make(strategy.Script, len(turns))
	for i, turn := range turns {
		filled[i] = strategy.Turn{Parts: make([]strategy.Part, len(turn.Parts)), Delivery: turn.Delivery}
		for n, part := range turn.Parts {
			if f.failed {
				return nil
			}
			written := f.attack.Turns[i].Parts[n]
			if written.Value != nil {
				part.Value = *written.Value
			} else {
				part.Value = f.text(written.User, written.At, partName(f.attack, i, n))
			}
			filled[i].Parts[n] = part
		}
	}
	return filled
}

// text returns a text for the row.
func (f *filler) text(t campaign.Text, at campaign.Position, what string) core.Value {
	text, err := t.Fill(f.cells)
	if f.cells != nil {
		f.room -= len(text)
	}
	hint := ""
	switch {
	case f.failed:
		return core.Value{}
	case err != nil:
	case strings.TrimSpace(text) == "":
		err = errors.New("the text is empty")
	case f.room < 0:
		err, hint = fmt.Errorf("the texts up to here are larger than %d MiB", maxTexts>>20), "split the campaign"
	default:
		return core.TextValue(text)
	}
	f.failed = true
	f.problem(at, hint, "%s, row %d of dataset %q: %v", what, f.row+1, f.attack.ForEach.Name, err)
	return core.Value{}
}
