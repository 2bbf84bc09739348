package realtimetest

import (
	"bytes"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

const (
	// frameStep is how much audio the detection judges at once.
	frameStep = 20 * time.Millisecond
	// speechFrames is how many loud frames in a row are speech, so that a
	// click is none.
	speechFrames = 3
	// maxQuiet is how much silence is kept while turns are detected: more than
	// any prefix or idle timeout needs, so that a line can be open for hours.
	maxQuiet = time.Minute
)

// input is the audio of a session that is not part of an item yet, and what the
// turn detection has made of it. Its clock is the audio itself: a client may
// send it faster or slower than it plays.
type input struct {
	format format
	data   []byte
	start  time.Duration // of data, in all the audio of the session
	judged int           // bytes of data that the detection has seen

	loud, quiet int           // frames in a row
	itemID      string        // of the item that the speech will be; "" in silence
	idleSince   time.Duration // when silence last began to count
	answered    int           // responses that had ended when it did
}

// change is what a frame brought about.
type change int

const (
	nothing change = iota
	speechStarted
	speechStopped
)

// now is the time up to which the audio has been judged.
func (in *input) now() time.Duration { return in.start + in.format.duration(in.data[:in.judged]) }

// cut removes the first bytes and returns them.
func (in *input) cut(n int) []byte {
	head := bytes.Clone(in.data[:n])
	in.start += in.format.duration(head)
	in.data = in.data[n:]
	in.judged = max(0, in.judged-n)
	return head
}

// drain removes everything, and forgets the speech in it.
func (in *input) drain() []byte {
	data := in.cut(len(in.data))
	in.reset()
	return data
}

// reset has the detection begin anew after all the audio that has come.
func (in *input) reset() {
	in.judged = len(in.data)
	in.restart()
}

// restart has the detection begin anew after the audio that it has judged.
func (in *input) restart() {
	in.loud, in.quiet, in.itemID = 0, 0, ""
	in.idleSince = in.now()
}

// next judges one frame and says what it brought about. It reports false when
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

// bytes is how much data a stretch of time has.
func (f format) bytes(d time.Duration) int {
	return int(int64(f.bytesPerSecond()) * int64(d) / int64(time.Second))
}

// level is how loud data is, in dBFS.
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
