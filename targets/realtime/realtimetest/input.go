package realtimetest

import (
	"bytes"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

const (
	// frameStep is the length of audio that the detection judges at once.
	frameStep = 20 * time.Millisecond
	// speechFrames is the number of consecutive loud frames that count as
	// speech. It is above 1 so that a click does not.
	speechFrames = 3
	// maxQuiet is the length of silence that is kept while turns are detected.
	// It exceeds every prefix and idle timeout; it bounds the memory of a
	// session that stays open for hours.
	maxQuiet = time.Minute
)

// input is the input audio buffer of a session, with the state of its turn
// detection. Time is measured in audio, because a client may send it faster or
// slower than it plays.
type input struct {
	format format
	data   []byte
	start  time.Duration // position of data in all audio of the session
	judged int           // bytes of data that the detection has judged

	loud, quiet int           // consecutive frames
	itemID      string        // id of the item that the speech will become; "" in silence
	idleSince   time.Duration // when the present silence began to count
	answered    int           // number of responses that had ended at idleSince
}

// change is what a frame has changed.
type change int

const (
	nothing change = iota
	speechStarted
	speechStopped
)

// now is the time up to which the audio has been judged.
func (in *input) now() time.Duration { return in.start + in.format.duration(in.data[:in.judged]) }

// cut removes and returns the first bytes.
func (in *input) cut(n int) []byte {
	head := bytes.Clone(in.data[:n])
	in.start += in.format.duration(head)
	in.data = in.data[n:]
	in.judged = max(0, in.judged-n)
	return head
}

// drain removes and returns everything, and ends speech.
func (in *input) drain() []byte {
	data := in.cut(len(in.data))
	in.reset()
	return data
}

// reset restarts the detection after all the audio that has arrived.
func (in *input) reset() {
	in.judged = len(in.data)
	in.restart()
}

// restart restarts the detection after the audio that it has judged.
func (in *input) restart() {
	in.loud, in.quiet, in.itemID = 0, 0, ""
	in.idleSince = in.now()
}

// next judges one frame and returns what it has changed. It reports false when
// there is no whole frame left.
func (in *input) next(d detection) (change, bool) {
	frame := in.format.bytes(frameStep)
	if len(in.data)-in.judged < frame {
		return nothing, false
	}
	loud := in.format.level(in.data[in.judged:in.judged+frame]) >= d.level
	in.judged += frame
	if loud {
		in.loud, in.quiet = in.loud+1, 0
	} else {
		in.loud, in.quiet = 0, in.quiet+1
	}
	switch {
	case in.itemID == "" && in.loud == speechFrames:
		before := speechFrames*frame + in.format.bytes(d.prefix)
		in.cut(max(0, in.judged-before))
		in.itemID = newID("item_")
		return speechStarted, true
	case in.itemID == "" && in.judged > in.format.bytes(maxQuiet):
		in.cut(frame)
	case in.itemID != "" && !loud && time.Duration(in.quiet)*frameStep >= d.silence:
		return speechStopped, true
	}
	return nothing, true
}

// bytes is the size of the audio of a duration.
func (f format) bytes(d time.Duration) int {
	return int(int64(f.bytesPerSecond()) * int64(d) / int64(time.Second))
}

// level is the level of the audio in dBFS.
func (f format) level(data []byte) float64 {
	clip := audio.Clip{Rate: 8000}
	switch f {
	case pcmu:
		clip.Samples = audio.DecodeMuLaw(data)
	case pcma:
		clip.Samples = audio.DecodeALaw(data)
	default:
		var err error
		if clip, err = audio.FromPCM(data, agentRate); err != nil {
			return quietest - 1 // unreachable: a frame has whole samples
		}
	}
	return clip.RMS()
}
