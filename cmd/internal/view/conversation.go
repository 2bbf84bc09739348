package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// fileOf returns the file in which a value is kept, if it is kept in one.
type fileOf func(core.Value) (path string, ok bool)

// writeHistory prints what had been said before the first turn.
func writeHistory(w io.Writer, history []core.Message) {
	if len(history) > 0 {
		fmt.Fprintln(w, "\nhistory")
	}
	for _, m := range history {
		fmt.Fprintf(w, "    %s  %s\n", label(string(m.Role)), indented(strings.TrimRight(m.Text(), "\n")))
	}
}

// writeTurn prints one exchange: what the strategy asked for it, what was sent, what
// came back, what components asked of helpers for it, and how it was judged.
func writeTurn(w io.Writer, t record.Turn, asked []record.HelperTurn, file fileOf) {
	fmt.Fprintf(w, "\n[%d] %s  %s%s\n", t.Index+1, t.Sent.Role, t.Started.Local().Format(time.TimeOnly), inFront("  ", showDelivery(t.Sent.Delivery)))
	if prompt := t.Sent.Delivery.SystemPrompt; prompt != nil {
		fmt.Fprintf(w, "    new system prompt  %s\n", indented(strings.TrimRight(*prompt, "\n")))
	}
	before, asked := byStrategy(asked)
	writeHelp(w, before, file)
	writeParts(w, t.Sent, file)
	if t.Failure != nil {
		fmt.Fprintf(w, "[%d] no reply: %s error: %s\n", t.Index+1, t.Failure.Kind, indented(t.Failure.Message))
		if t.Failure.Hint != "" {
			fmt.Fprintf(w, "    hint: %s\n", indented(t.Failure.Hint))
		}
	}
	if t.Reply != nil {
		writeReply(w, t, file)
	}
	writeHelp(w, asked, file)
	if len(t.Scores) > 0 {
		writeScores(w, t.Scores)
	}
}

func writeReply(w io.Writer, t record.Turn, file fileOf) {
	reply := t.Reply
	fmt.Fprintf(w, "[%d] assistant  %s  %s", t.Index+1, round(t.Ended.Sub(t.Started)), reply.Finish)
	if reply.Detail != "" {
		fmt.Fprintf(w, " (%s)", indented(reply.Detail))
	}
	fmt.Fprint(w, inFront("  ", showDelivered(reply)))
	if reply.Replayed {
		fmt.Fprint(w, "  replayed")
	}
	fmt.Fprintln(w)
	if reply.Heard != "" {
		fmt.Fprintf(w, "    %s  %s\n", label("heard"), indented(reply.Heard))
	}
	writeParts(w, reply.Message, file)
	writeCost(w, reply)
	for _, warning := range reply.Warnings {
		fmt.Fprintf(w, "    warning: %s\n", indented(warning))
	}
}

func writeParts(w io.Writer, m core.Message, file fileOf) {
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

func label(s string) string { return fmt.Sprintf("%-10s", s) }

// showValue returns text as it is, and names where anything else is kept.
func showValue(v core.Value, file fileOf) string {
	switch v.Modality {
	case core.Text, core.ToolCall, core.ToolResult:
		return indented(strings.TrimRight(v.Text(), "\n"))
	}
	shown := fmt.Sprintf("%s, %d bytes", v.MediaType, len(v.Data))
	if v.BaseMediaType() == core.MediaWAV {
		if clip, _, err := audio.DecodeWAV(v.Data); err == nil {
			shown = fmt.Sprintf("%s of %s, %d Hz", round(clip.Duration()), v.MediaType, clip.Rate)
		}
	}
	if path, ok := file(v); ok {
		shown += ", " + path
	}
	return shown
}

func writeScores(w io.Writer, scores []record.Score) {
	for _, s := range scores {
		fmt.Fprintf(w, "    score %-10s %-8s %s\n", s.Name, showScore(s.Score), indented(scoreReason(s)))
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

// round shortens a duration to what a reader wants to know.
func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
