package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// FileOf returns the file in which a value is kept; ok is false for a value in
// the database.
type FileOf func(core.Value) (path string, ok bool)

// showValue returns text unchanged, and the file of any other value.
func showValue(v core.Value, file FileOf) string {
	if v.IsText() {
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

// inFront adds a prefix to a text that is not empty.
func inFront(of, s string) string {
	if s == "" {
		return ""
	}
	return of + s
}

// Round rounds a duration: to milliseconds below a second, otherwise to tenths
// of a second.
func Round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// withoutReply describes a turn without a complete reply.
func withoutReply(t record.Turn) string {
	if t.Reply != nil {
		return "broke off"
	}
	return "no reply"
}
