package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// Fingerprint returns a SHA-256 over all trials, in hexadecimal. Of sounds and
// images it includes the lengths only: their content is in the campaign's
// files.
func (p *Plan) Fingerprint() string {
	h := sha256.New()
	for i := range p.Trials {
		t := &p.Trials[i]
		fmt.Fprintf(h, "trial %q %d %q %q %q %q\n", t.ID, t.Seed, t.Target, t.Scorers, t.Success, t.StopOn)
		if t.Number > 1 {
			continue // equal to the first one
		}
		fmt.Fprintf(h, "start %q %q %q\n", t.Objective, t.SystemPrompt, t.ToolResults)
		for _, m := range t.History {
			fmt.Fprintf(h, "said %q\n", m.Role)
			for _, part := range m.Parts {
				writeValue(h, part.Value)
			}
		}
		for _, turn := range t.Turns {
			writeTurn(h, turn)
		}
		for _, r := range t.BeforeTrial {
			fmt.Fprintf(h, "before_trial %q %q\n", r.Target, r.Send)
		}
		for _, r := range t.AfterTrial {
			fmt.Fprintf(h, "after_trial %q %q\n", r.Target, r.Send)
		}
		if r := t.RedTeam; r != nil {
			fmt.Fprintf(h, "red_team %q %d %q %q %q\n", r.Attacker, r.MaxTurns, r.SystemPrompt(), r.Opening, r.Converters)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeTurn(w io.Writer, turn strategy.Turn) {
	d := turn.Delivery
	fmt.Fprintf(w, "turn %t %d %t\n", d.Stream, d.InterruptAfter, d.OutOfBand)
	if d.SystemPrompt != nil {
		fmt.Fprintf(w, "prompt %q\n", *d.SystemPrompt)
	}
	for _, part := range turn.Parts {
		fmt.Fprintf(w, "part %q\n", part.Converters)
		writeValue(w, part.Value)
	}
}

func writeValue(w io.Writer, v core.Value) {
	if v.Modality == core.Text {
		fmt.Fprintf(w, "text %q\n", v.Data)
		return
	}
	fmt.Fprintf(w, "%q %q %d\n", v.Modality, v.MediaType, len(v.Data))
}
