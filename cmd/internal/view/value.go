package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// FileOf returns the file in which a value is kept; ok is false where it is kept in
// none.
type FileOf func(core.Value) (path string, ok bool)

// showValue returns text as it is, and names where anything else is kept.
func showValue(v core.Value, file FileOf) string {
	switch v.Modality {
	case core.Text, core.ToolCall, core.ToolResult:
		return Indented(strings.TrimRight(v.Text(), "\n"))
	}
	shown := fmt.Sprintf("%s, %d bytes", v.MediaType, len(v.Data))
	if v.BaseMediaType() == core.MediaWAV {
		if clip, _, err := audio.DecodeWAV(v.Data); err == nil {
			shown = fmt.Sprintf("%s of %s, %d Hz", Round(clip.Duration()), v.MediaType, clip.Rate)
		}
	}
	if path, ok := file(v); ok {
		shown += ", " + path
	}
	return shown
}

func label(s string) string { return fmt.Sprintf("%-10s", s) }

// inFront puts something in front of a text, if there is one.
func inFront(of, s string) string {
	if s == "" {
		return ""
	}
	return of + s
}

// Round shortens a duration: to milliseconds below a second, and to tenths of a
// second from there on.
func Round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// withoutReply says how a turn is without a whole reply.
func withoutReply(t record.Turn) string {
	if t.Reply != nil {
		return "broke off"
	}
	return "no reply"
}
