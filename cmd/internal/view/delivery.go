package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// showDelivery describes a message's delivery, without the system prompt. It is
// "" for the default.
func showDelivery(d core.Delivery) string {
	var words []string
	if d.Stream {
		words = append(words, "streamed")
	}
	if d.InterruptAfter > 0 {
		words = append(words, fmt.Sprintf("said over the reply after %s", d.InterruptAfter))
	}
	if d.OutOfBand {
		words = append(words, "out of band")
	}
	return strings.Join(words, ", ")
}

// showDelivered says how much of an interrupted reply had played. It is "" for
// any other.
func showDelivered(r *core.Reply) string {
	lost := slices.ContainsFunc(r.Message.Parts, func(p core.Part) bool { return p.Undelivered })
	if r.Delivered == 0 && !lost {
		return ""
	}
	shown := fmt.Sprintf("delivered %s", Round(r.Delivered))
	if whole := soundOf(r.Message); whole > 0 {
		shown += fmt.Sprintf(" of %s", Round(whole))
	}
	return shown
}

// soundOf is the playing time of a message's sound, as far as it can be
// decoded.
func soundOf(m core.Message) time.Duration {
	var whole time.Duration
	for _, v := range m.Of(core.Audio) {
		if clip, _, err := audio.DecodeWAV(v.Data); err == nil {
			whole += clip.Duration()
		}
	}
	return whole
}

// writeCost prints the time and the usage of a reply, as far as they are known.
func writeCost(w io.Writer, r *core.Reply) {
	if times := showTiming(r.Timing); times != "" {
		fmt.Fprintf(w, "    %s  %s\n", label("time"), times)
	}
	if tokens := showUsage(r.Usage); tokens != "" {
		fmt.Fprintf(w, "    %s  %s\n", label("tokens"), tokens)
	}
}

func showTiming(t core.Timing) string {
	var times []string
	for _, step := range []struct {
		name  string
		after time.Duration
	}{
		{"connect", t.Connect}, {"first event", t.FirstEvent}, {"first audio", t.FirstAudio}, {"last audio", t.LastAudio}, {"total", t.Total},
	} {
		if Round(step.after) > 0 {
			times = append(times, fmt.Sprintf("%s %s", step.name, Round(step.after)))
		}
	}
	return strings.Join(times, ", ")
}

func showUsage(u core.Usage) string {
	in := showTokens(u.InputTokens, "in", []tokens{
		{"text", u.InputTextTokens}, {"audio", u.InputAudioTokens}, {"image", u.InputImageTokens}, {"cached", u.CachedInputTokens},
	})
	out := showTokens(u.OutputTokens, "out", []tokens{{"text", u.OutputTextTokens}, {"audio", u.OutputAudioTokens}, {"reasoning", u.OutputReasoningTokens}})
	return strings.Join(slices.DeleteFunc([]string{in, out}, func(s string) bool { return s == "" }), ", ")
}

// tokens are a part of the tokens of one direction.
type tokens struct {
	of    string
	count int64
}

func showTokens(sum int64, direction string, parts []tokens) string {
	var words []string
	for _, p := range parts {
		if p.count > 0 {
			words = append(words, fmt.Sprintf("%d %s", p.count, p.of))
		}
	}
	if sum == 0 && len(words) == 0 {
		return ""
	}
	shown := fmt.Sprintf("%d %s", sum, direction)
	if len(words) > 0 {
		shown += " (" + strings.Join(words, ", ") + ")"
	}
	return shown
}
