package realtimetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// ToneAgent is an agent for tests that need no speech. It hears the pitch and
// the length of a tone, and speaks in a 440 Hz tone of 100 ms a character.
type ToneAgent struct {
	// Reply returns the answer. Nil repeats the last item.
	Reply func(ctx context.Context, instructions string, items []Item) (string, error)
	// Tools returns the calls. Nil calls nothing.
	Tools func(ctx context.Context, instructions string, items []Item, tools []Tool) ([]ToolCall, error)
}

var (
	_ Agent    = ToneAgent{}
	_ ToolUser = ToneAgent{}
)

// tonePitch is in Hz, toneLength in samples a character. After tonePeriod samples,
// which are eleven waves, the samples repeat.
const (
	tonePitch  = 440
	toneLength = agentRate / 10
	toneLevel  = 8000
	tonePeriod = 600
)

// Hear returns a text such as "440 Hz for 500 ms", or "" for silence. The pitch
// is computed from the zero crossings; for a pure tone it is exact to about 1
// Hz.
func (ToneAgent) Hear(_ context.Context, pcm []byte) (string, error) {
	var crossings, first, last int
	loud, previous := false, int16(0)
	for i := 0; i+1 < len(pcm); i += 2 {
		sample := int16(binary.LittleEndian.Uint16(pcm[i:]))
		loud = loud || sample > 100 || sample < -100
		if previous < 0 && sample >= 0 {
			if crossings == 0 {
				first = i / 2
			}
			crossings, last = crossings+1, i/2
		}
		previous = sample
	}
	if !loud || last == first {
		return "", nil
	}
	pitch := math.Round(float64(crossings-1) * agentRate / float64(last-first))
	return fmt.Sprintf("%.0f Hz for %d ms", pitch, len(pcm)*1000/(2*agentRate)), nil
}

// Answer calls Reply, or repeats the last item.
func (a ToneAgent) Answer(ctx context.Context, instructions string, items []Item) (string, error) {
	if a.Reply != nil {
		return a.Reply(ctx, instructions, items)
	}
	if len(items) == 0 {
		return "", nil
	}
	return items[len(items)-1].Text, nil
}

// UseTools calls Tools.
func (a ToneAgent) UseTools(ctx context.Context, instructions string, items []Item, tools []Tool) ([]ToolCall, error) {
	if a.Tools == nil {
		return nil, nil
	}
	return a.Tools(ctx, instructions, items, tools)
}

// Speak returns a tone of 100 ms for each character of the text.
func (ToneAgent) Speak(_ context.Context, text string) ([]byte, error) {
	pcm := make([]byte, 0, 2*toneLength*len(text))
	for i := range min(tonePeriod, toneLength*len(text)) {
		sample := toneLevel * math.Sin(2*math.Pi*tonePitch*float64(i)/agentRate)
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(sample)))
	}
	for len(pcm) < cap(pcm) { // doubles the filled part
		pcm = append(pcm, pcm[:min(len(pcm), cap(pcm)-len(pcm))]...)
	}
	return pcm, nil
}
