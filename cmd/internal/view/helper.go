package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// helpFor returns the helper turns for a turn.
func helpFor(turn int, helped []record.HelperTurn) []record.HelperTurn {
	var asked []record.HelperTurn
	for _, t := range helped {
		if t.For == turn {
			asked = append(asked, t)
		}
	}
	return asked
}

// splitAtTurn separates what was asked before the turn was sent, by a strategy or
// before the trial, from the helper turns of components, and after the trial.
func splitAtTurn(asked []record.HelperTurn) (before, after []record.HelperTurn) {
	for _, t := range asked {
		if t.Kind == core.KindStrategy || t.Kind == core.KindAttack && t.By == record.BeforeTrial {
			before = append(before, t)
		} else {
			after = append(after, t)
		}
	}
	return before, after
}

// writeUnsent prints the helper turns for a turn that was not sent.
func writeUnsent(w io.Writer, turns []record.Turn, helped []record.HelperTurn, file FileOf) {
	if asked := helpFor(len(turns), helped); len(asked) > 0 {
		fmt.Fprintf(w, "\n[%d] was not sent\n", len(turns)+1)
		writeHelp(w, asked, file)
	}
}

// writeHelp prints the questions of strategies, converters and scorers to
// helpers, and the answers.
func writeHelp(w io.Writer, asked []record.HelperTurn, file FileOf) {
	for _, t := range asked {
		fmt.Fprintf(w, "    %s %s asked %s  %s", t.Kind, t.By, t.Target, Round(t.Ended.Sub(t.Started)))
		if t.Reply != nil {
			fmt.Fprint(w, inFront("  ", string(t.Reply.Finish)), inFront(": ", Indented(t.Reply.Detail)))
		}
		fmt.Fprintln(w)
		if t.Start.SystemPrompt != "" {
			writeSaid(w, "system", showValue(core.TextValue(t.Start.SystemPrompt), file))
		}
		for _, m := range slices.Concat(t.Start.History, []core.Message{t.Sent}) {
			writeMessage(w, m, file)
		}
		if t.Reply != nil {
			writeMessage(w, t.Reply.Message, file)
			if tokens := showUsage(t.Reply.Usage); tokens != "" {
				writeSaid(w, "tokens", tokens)
			}
			for _, warning := range t.Reply.Warnings {
				writeSaid(w, "warning", Indented(warning))
			}
		}
		if t.Failure != nil {
			writeSaid(w, withoutReply(t.Turn), fmt.Sprintf("%s error: %s", t.Failure.Kind, Indented(t.Failure.Message)))
			if t.Failure.Hint != "" {
				writeSaid(w, "hint", Indented(t.Failure.Hint))
			}
		}
	}
}

// writeMessage prints a message of a conversation with a helper.
func writeMessage(w io.Writer, m core.Message, file FileOf) {
	for _, p := range m.Parts {
		writeSaid(w, string(m.Role), showValue(p.Value, file))
	}
}

// writeSaid prints a label and a text, indented more than the parts of the turn.
func writeSaid(w io.Writer, what, text string) {
	fmt.Fprintf(w, "        %s  %s\n", label(what), strings.ReplaceAll(text, "\n", "\n    "))
}
