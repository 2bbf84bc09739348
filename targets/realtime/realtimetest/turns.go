package realtimetest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

func (c *conn) appendAudio(ctx context.Context, e clientEvent) *protocolError {
	data, err := decodeBase64(e.Audio)
	if err != nil {
		return invalid("invalid_value", "audio", "Invalid 'audio': expected base64.")
	}
	c.mu.Lock()
	in, _ := formatOf(c.session.at("audio", "input", "format"))
	d, on := detectionOf(c.session.at("audio", "input", "turn_detection"))
	if c.session.transcribes() {
		d.creates, d.idle = false, 0
	}
	c.mu.Unlock()
	if len(data) > maxAppend || len(c.input.data)+len(data) > maxBuffer {
		return invalid("invalid_value", "audio", "The audio is longer than the buffer.")
	}
	c.input.format = in
	c.input.data = append(c.input.data, data...)
	if !on {
		c.input.reset()
		return nil
	}
	return c.detectTurns(ctx, d)
}

// detectTurns runs the turn detection over the audio that has arrived.
func (c *conn) detectTurns(ctx context.Context, d detection) *protocolError {
	for {
		what, more := c.input.next(d)
		if !more {
			return nil
		}
		var problem *protocolError
		switch {
		case what == speechStarted:
			c.startSpeech(d)
		case what == speechStopped:
			problem = c.stopSpeech(ctx, d)
		case c.idled(d):
			problem = c.prompt(ctx)
		}
		if problem != nil {
			return problem
		}
	}
}

func (c *conn) startSpeech(d detection) {
	c.send("input_audio_buffer.speech_started", fields{
		"audio_start_ms": c.input.start.Milliseconds(), "item_id": c.input.itemID,
	})
	c.mu.Lock()
	active := c.active
	c.mu.Unlock()
	if active != nil && d.interrupt {
		active.cancel(turnDetected)
		<-active.ended // the next turn begins after the response
	}
}

func (c *conn) stopSpeech(ctx context.Context, d detection) *protocolError {
	id := c.input.itemID
	c.send("input_audio_buffer.speech_stopped", fields{"audio_end_ms": c.input.now().Milliseconds(), "item_id": id})
	data := c.input.cut(c.input.judged)
	c.input.restart()
	if problem := c.commit(ctx, id, data); problem != nil {
		return problem
	}
	if !d.creates {
		return nil
	}
	return c.respond(ctx, responseParams{}, "")
}

// idled reports whether the silence since the last response has exceeded the
// idle timeout.
func (c *conn) idled(d detection) bool {
	c.mu.Lock()
	active, ended := c.active != nil, c.ended
	c.mu.Unlock()
	now := c.input.now()
	switch {
	case d.idle == 0 || c.input.itemID != "":
		return false
	case active || ended == 0:
		c.input.idleSince = now
	case ended != c.input.answered:
		c.input.answered, c.input.idleSince = ended, now-frameStep
	}
	return now-c.input.idleSince >= d.idle
}

// prompt starts a response after the idle timeout.
func (c *conn) prompt(ctx context.Context) *protocolError {
	id, now := newID("item_"), c.input.now()
	c.send("input_audio_buffer.timeout_triggered", fields{
		"audio_start_ms": c.input.idleSince.Milliseconds(), "audio_end_ms": now.Milliseconds(), "item_id": id,
	})
	data := c.input.cut(c.input.judged)
	silent := c.input.format.bytes(now - c.input.idleSince)
	c.input.restart()
	if problem := c.commit(ctx, id, data[max(0, len(data)-silent):]); problem != nil {
		return problem
	}
	return c.respond(ctx, responseParams{}, "")
}

func (c *conn) clearAudio() *protocolError {
	c.input.drain()
	c.send("input_audio_buffer.cleared", fields{})
	return nil
}

// clearOutput handles output_audio_buffer.clear. It is for WebRTC and SIP, where the
// server plays; here nothing waits to be played.
func (c *conn) clearOutput() *protocolError {
	c.mu.Lock()
	last := c.latest
	c.mu.Unlock()
	if last == "" {
		return &protocolError{Code: "output_audio_buffer_empty", Message: "There is no audio of a response to clear."}
	}
	c.send("output_audio_buffer.cleared", fields{"response_id": last})
	return nil
}

// commitAudio handles input_audio_buffer.commit.
func (c *conn) commitAudio(ctx context.Context) *protocolError {
	length := c.input.format.duration(c.input.data)
	if length < 100*time.Millisecond {
		return &protocolError{Code: "input_audio_buffer_commit_empty", Message: fmt.Sprintf(
			"Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has %.2fms of audio.",
			float64(length)/float64(time.Millisecond))}
	}
	id := c.input.itemID // the client may know it from speech_started
	if id == "" {
		id = newID("item_")
	}
	return c.commit(ctx, id, c.input.drain())
}

// commit makes a user's item of the buffer's audio.
func (c *conn) commit(ctx context.Context, id string, data []byte) *protocolError {
	pcm := c.input.format.decode(data)
	it := &item{
		audio: pcm,
		hear:  sync.OnceValues(func() (string, error) { return c.server.agent.Hear(ctx, pcm) }),
		wire: wireItem{
			ID: id, Object: "realtime.item", Type: "message", Status: "completed", Role: "user",
			Content: []contentPart{{Type: "input_audio", Transcript: new("")}},
		},
	}
	c.mu.Lock()
	before := c.before(len(c.items))
	c.mu.Unlock()
	c.send("input_audio_buffer.committed", fields{"item_id": id, "previous_item_id": before})
	if problem := c.insert(it, nil); problem != nil {
		return problem
	}
	c.transcribe(it)
	return nil
}
