package plugins

import (
	"io"
	"log/slog"
	"strings"

	"github.com/hashicorp/go-hclog"
)

const levelTrace = slog.LevelDebug - 4

// newLogHandler writes hclog's JSON lines, which is what the host parses.
func newLogHandler(w io.Writer, level string) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slogLevel(level), ReplaceAttr: asHclog})
}

// slogLevel returns the slog level for a name of hclog's; debug for an unknown
// name.
func slogLevel(name string) slog.Level {
	switch hclog.LevelFromString(name) {
	case hclog.Trace:
		return levelTrace
	case hclog.Info:
		return slog.LevelInfo
	case hclog.Warn:
		return slog.LevelWarn
	case hclog.Error:
		return slog.LevelError
	case hclog.Off:
		return slog.LevelError + 1
	default:
		return slog.LevelDebug
	}
}

// asHclog renames slog's own attributes.
func asHclog(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.String("@timestamp", a.Value.Time().Format("2006-01-02T15:04:05.000000Z07:00"))
	case slog.LevelKey:
		level, _ := a.Value.Any().(slog.Level)
		return slog.String("@level", hclogLevel(level))
	case slog.MessageKey:
		return slog.Attr{Key: "@message", Value: a.Value}
	}
	return a
}

func hclogLevel(level slog.Level) string {
	if level < slog.LevelDebug {
		return "trace"
	}
	name, _, _ := strings.Cut(strings.ToLower(level.String()), "+")
	return name
}
