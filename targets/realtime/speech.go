package realtime

import "time"

// speechPiece is how much audio is sent at a time.
const speechPiece = 100 * time.Millisecond

// lateness is how late what a service tells of speech may come.
const lateness = 300 * time.Millisecond

// speech is audio that is sent at the pace at which it plays. A nil speech is
// one of a turn that is not streamed.
type speech struct {
	format  format
	rest    []byte // what is still to be said
	started time.Time
	pieces  int // how many were sent
	// over is when the last of the audio had been said; zero before.
	over time.Time
	// committed says that nothing more is said: by us, or, where the service
	// detects turns, by it.
	committed bool

	// What a service that detects turns has told: that it hears speech at the
	// moment, how often speech has ended, how often it began to answer.
	open              bool
	segments, answers int
	ended             time.Time // when it last told that speech had ended
}

func newSpeech(raw []byte, f format) *speech { return &speech{format: f, rest: raw} }

// begun reports whether anything has been said.
func (s *speech) begun() bool { return s != nil && s.pieces > 0 }

// speaking reports whether there is more to be said, if only silence.
func (s *speech) speaking() bool { return s != nil && !s.committed }

// due is when the next piece has to be sent; zero if none has.
func (s *speech) due() time.Time {
	if !s.speaking() {
		return time.Time{}
	}
	return s.started.Add(time.Duration(s.pieces) * speechPiece)
}

// heardOut reports whether the speech has been said, and the service knows it.
func (s *speech) heardOut() bool { return s != nil && s.committed && !s.open }

// settle takes the answer that came for the one to everything.
func (s *speech) settle() {
	if s != nil {
		s.open, s.answers = false, s.segments
	}
}

// resume goes on after the speech had seemed to be over.
func (s *speech) resume(now time.Time) {
	s.committed = false
	s.started = now.Add(-time.Duration(s.pieces) * speechPiece)
}

// noticed reports whether the service, after all that was said and as much
// silence as it needs, has seen the end of it.
func (s *speech) noticed(now time.Time, patience time.Duration) bool {
	return s.segments > 0 && !s.open && (s.ended.After(s.over) || now.Sub(s.over) >= patience+lateness)
}

// answer notes that the service begins to answer.
func (s *speech) answer() {
	if s != nil {
		s.answers++
	}
}

// answered reports whether the answer that came is one to the whole speech,
// and not to a part of it.
func (s *speech) answered() bool {
	return s == nil || s.committed && !s.open && s.answers >= s.segments
}

// next cuts the next piece off.
func (s *speech) next() []byte {
	n := min(s.format.bytes(speechPiece), len(s.rest))
	piece := s.rest[:n]
	s.rest = s.rest[n:]
	return piece
}

// speak returns the pieces that are due. After the last of them the turn is
// committed, or a service that detects turns is given silence until it has seen
// that the turn is over.
func (t *turn) speak(now time.Time) (send []any) {
	s := t.out.speech
	for s.speaking() && !s.due().After(now) {
		var piece []byte
		switch detection := &t.config.TurnDetection; {
		case len(s.rest) > 0:
			piece = s.next()
		case !detection.on():
			s.committed = true
			s.over, t.started = now, now
			return append(send, bareEvent{Type: "input_audio_buffer.commit", EventID: t.ledger.nextID("ev")})
		case s.noticed(now, detection.patience()):
			s.committed = true
			return send
		case now.Sub(s.over) > t.patience():
			t.fail(t.timeout("the service's turn detection saw no end of the turn within %s of silence", t.patience()))
			return send
		default:
			piece = s.format.silence(speechPiece)
		}
		send = append(send, audioAppend{Type: "input_audio_buffer.append", EventID: t.ledger.nextID("ev"), Audio: piece})
		s.pieces++
		if len(s.rest) == 0 && s.over.IsZero() {
			s.over, t.started = now, now
		}
	}
	return send
}

// patience is how long the service may take to see the end of a turn.
func (t *turn) patience() time.Duration {
	return t.config.TurnDetection.patience() + t.config.Timeouts.FirstEvent.Std()
}
