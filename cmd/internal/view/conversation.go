package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Conversation prints an attempt at a trial: its history, its turns, and the
// helper turns for a turn that was not sent.
func Conversation(w io.Writer, history []core.Message, said store.Attempt, file FileOf) {
	writeHistory(w, history)
	for _, t := range said.Turns {
		writeTurn(w, t, helpFor(t.Index, said.HelperTurns), file)
	}
	writeUnsent(w, said.Turns, said.HelperTurns, file)
	if len(said.Turns) == 0 {
		fmt.Fprintln(w, "\n(no turn was recorded)")
	}
}

// writeHistory prints the messages before the first turn.
func writeHistory(w io.Writer, history []core.Message) {
	if len(history) > 0 {
		fmt.Fprintln(w, "\nhistory")
	}
	for _, m := range history {
		fmt.Fprintf(w, "    %s  %s\n", label(string(m.Role)), Indented(strings.TrimRight(m.Text(), "\n")))
	}
}

// writeTurn prints one exchange: what was asked before it, the message, the reply,
// what was asked after it, and the scores.
func writeTurn(w io.Writer, t record.Turn, asked []record.HelperTurn, file FileOf) {
	fmt.Fprintf(w, "\n[%d] %s  %s%s\n", t.Index+1, t.Sent.Role, t.Started.Local().Format(time.TimeOnly), inFront("  ", showDelivery(t.Sent.Delivery)))
	if prompt := t.Sent.Delivery.SystemPrompt; prompt != nil {
		fmt.Fprintf(w, "    new system prompt  %s\n", Indented(strings.TrimRight(*prompt, "\n")))
	}
	before, asked := splitAtTurn(asked)
	writeHelp(w, before, file)
	writeParts(w, t.Sent, file)
	if t.Reply != nil {
		writeReply(w, t, file)
	}
	if t.Failure != nil {
		fmt.Fprintf(w, "[%d] %s: %s error: %s\n", t.Index+1, withoutReply(t), t.Failure.Kind, Indented(t.Failure.Message))
		if t.Failure.Hint != "" {
			fmt.Fprintf(w, "    hint: %s\n", Indented(t.Failure.Hint))
		}
	}
	writeHelp(w, asked, file)
	if len(t.Scores) > 0 {
		writeScores(w, t.Scores)
	}
}

func writeReply(w io.Writer, t record.Turn, file FileOf) {
	reply := t.Reply
	fmt.Fprintf(w, "[%d] assistant  %s  %s", t.Index+1, Round(t.Ended.Sub(t.Started)), reply.Finish)
	if reply.Detail != "" {
		fmt.Fprintf(w, " (%s)", Indented(reply.Detail))
	}
	fmt.Fprint(w, inFront("  ", showDelivered(reply)))
	if reply.Replayed {
		fmt.Fprint(w, "  replayed")
	}
	fmt.Fprintln(w)
	if reply.Heard != "" {
		fmt.Fprintf(w, "    %s  %s%s\n", label("heard"), Indented(reply.Heard), inFront("  ", showConfidence(reply.HeardConfidence)))
	}
	writeParts(w, reply.Message, file)
	writeCost(w, reply)
	for _, warning := range reply.Warnings {
		fmt.Fprintf(w, "    warning: %s\n", Indented(warning))
	}
}

// showConfidence says how sure a target was of what it heard; "" if that is not known.
func showConfidence(c *core.Confidence) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("(%.0f %% sure, least of %q: %.0f %%)", 100*c.Mean, c.LeastOf, 100*c.Least)
}

func writeParts(w io.Writer, m core.Message, file FileOf) {
	if len(m.Parts) == 0 {
		fmt.Fprintln(w, "    (nothing)")
	}
	for _, p := range m.Parts {
		if p.Original != nil {
			fmt.Fprintf(w, "    %s  %s\n", label("written"), showValue(*p.Original, file))
			fmt.Fprintf(w, "    %s  %s\n", label(strings.Join(p.Converters, " → ")), showValue(p.Value, file))
			continue
		}
		name := string(p.Modality)
		if p.Transcript {
			name = "transcript"
		}
		if p.Undelivered {
			name += " (undelivered)"
		}
		fmt.Fprintf(w, "    %s  %s\n", label(name), showValue(p.Value, file))
	}
}

func writeScores(w io.Writer, scores []record.Score) {
	for _, s := range scores {
		fmt.Fprintf(w, "    score %-10s %-8s %s\n", s.Name, showScore(s.Score), Indented(scoreReason(s)))
		for _, v := range s.Judged {
			if v.Modality == core.Text {
				fmt.Fprintf(w, "          judged:   %q\n", v.Text())
			}
		}
	}
}

func scoreReason(s record.Score) string {
	if s.Failure != nil {
		return fmt.Sprintf("%s error: %s", s.Failure.Kind, s.Failure.Message)
	}
	return s.Rationale
}

func showScore(s core.Score) string {
	switch s.Type {
	case core.ScoreTrueFalse:
		return fmt.Sprint(s.True())
	case core.ScoreScale:
		return fmt.Sprintf("%.2f", s.Value)
	default:
		return "unknown"
	}
}
