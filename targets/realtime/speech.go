package realtime

import "time"

// speechPiece is the length of audio in one event.
const speechPiece = 100 * time.Millisecond

// lateness is the longest delay of the service's speech events that is
// expected.
const lateness = 300 * time.Millisecond

// speech is audio that is sent in real time. A nil speech belongs to a turn
// that is not streamed.
type speech struct {
	format  format
	rest    []byte // audio still to be sent
	started time.Time
	pieces  int // number of pieces sent
	// over is when the last of the audio had been sent; zero before.
	over time.Time
	// committed says that nothing more is sent, because the target or the
	// service's turn detection has committed the audio.
	committed bool

	// State that a service with turn detection has reported: whether it hears
	// speech, how often speech has ended, how often it has begun to respond.
	open              bool
	segments, answers int
	ended             time.Time // time of the last speech_stopped
}

func newSpeech(raw []byte, f format) *speech { return &speech{format: f, rest: raw} }

// begun reports whether any audio has been sent.
func (s *speech) begun() bool { return s != nil && s.pieces > 0 }

// speaking reports whether audio or silence is still to be sent.
func (s *speech) speaking() bool { return s != nil && !s.committed }

// due is when the next piece has to be sent; zero if none has.
func (s *speech) due() time.Time {
	if !s.speaking() {
		return time.Time{}
	}
	return s.started.Add(time.Duration(s.pieces) * speechPiece)
}

// heardOut reports whether the audio was sent and the service has detected its
// end.
func (s *speech) heardOut() bool { return s != nil && s.committed && !s.open }

// settle treats the response that arrived as the answer to the whole speech.
func (s *speech) settle() {
	if s != nil {
		s.open, s.answers = false, s.segments
	}
}

// resume continues after the service had detected the end of the turn too
// early.
func (s *speech) resume(now time.Time) {
	s.committed = false
	s.started = now.Add(-time.Duration(s.pieces) * speechPiece)
}

// noticed reports whether the service has detected the end of the turn, after
// all audio and enough silence.
func (s *speech) noticed(now time.Time, silence time.Duration) bool {
	return s.segments > 0 && !s.open && (s.ended.After(s.over) || now.Sub(s.over) >= silence+lateness)
}

// answer records that the service begins a response.
func (s *speech) answer() {
	if s != nil {
		s.answers++
	}
}

// answered reports whether the response answers the whole speech, and not a
// part of it.
func (s *speech) answered() bool {
	return s == nil || s.committed && !s.open && s.answers >= s.segments
}

// next cuts off the next piece.
func (s *speech) next() []byte {
	n := min(s.format.bytes(speechPiece), len(s.rest))
	piece := s.rest[:n]
	s.rest = s.rest[n:]
	return piece
}

// speak returns the pieces that are due. After the last of them the audio is
// committed, or, for a service with turn detection, silence is sent until the
// service has detected the end of the turn.
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
		case s.noticed(now, detection.longestSilence()):
			s.committed = true
			return send
		case now.Sub(s.over) > t.detectionTime():
			t.fail(t.timeout("the service's turn detection saw no end of the turn within %s of silence", t.detectionTime()))
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

// detectionTime is the longest time in which the service detects the end of a turn.
func (t *turn) detectionTime() time.Duration {
	return t.config.TurnDetection.longestSilence() + t.config.Timeouts.FirstEvent.Std()
}
