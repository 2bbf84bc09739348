package realtimetest

import (
	"context"
	"encoding/base64"
	"strings"
	"time"
)

// frameLength is how much audio one delta carries.
const frameLength = 200 * time.Millisecond

// delivery sends one message of a reply as events.
type delivery struct {
	response *response
	index    int    // among the output items
	phase    string // "" for none
	itemID   string
	text     string
	speech   []byte // in the session's output format; nil for a text reply
	words    int    // number sent
	sent     int    // bytes of speech sent
}

var _ output = (*delivery)(nil)

// pieces are the words of the text, each with the space after it.
func (d *delivery) pieces() []string { return strings.SplitAfter(d.text, " ") }

// firstWords returns the first n words of the text.
func (d *delivery) firstWords(n int) string {
	return strings.TrimRight(strings.Join(d.pieces()[:n], ""), " ")
}

// halve cuts off the second half of the reply.
func (d *delivery) halve() {
	d.text = d.firstWords((len(d.pieces()) + 1) / 2)
	d.speech = d.speech[:len(d.speech)/4*2]
}

// split returns the messages of a reply.
func (d *delivery) split() []output {
	words := d.pieces()
	if d.response.fault != TwoItems || len(words) < 2 {
		return []output{d}
	}
	half, cut := (len(words)+1)/2, len(d.speech)/4*2
	first, second := *d, *d
	first.phase, first.text, first.speech = "commentary", d.firstWords(half), d.speech[:cut]
	second.phase, second.text, second.speech = "final_answer", strings.Join(words[half:], ""), d.speech[cut:]
	second.itemID, second.index = newID("item_"), 1
	return []output{&first, &second}
}

func (d *delivery) spoken() bool { return d.response.spoken() }

// item is the output item with the content sent so far.
func (d *delivery) item(status, said string, started bool) wireItem {
	w := wireItem{ID: d.itemID, Object: "realtime.item", Type: "message", Status: status, Role: "assistant", Phase: d.phase}
	switch {
	case !started:
		w.Content = []contentPart{} // strict clients refuse a message without
	case d.spoken():
		w.Content = []contentPart{{Type: "output_audio", Transcript: &said}}
	default:
		w.Content = []contentPart{{Type: "output_text", Text: &said}}
	}
	return w
}

// ids are the id fields of all events about the reply's only part.
func (d *delivery) ids(more fields) fields {
	f := fields{"response_id": d.response.id, "item_id": d.itemID, "output_index": d.index, "content_index": 0}
	for k, v := range more {
		f[k] = v
	}
	return f
}

func (d *delivery) part(said string) contentPart {
	if d.spoken() {
		return contentPart{Type: "audio", Transcript: &said}
	}
	return contentPart{Type: "text", Text: &said}
}

// send delivers the message up to its last delta.
func (d *delivery) send(ctx context.Context) ending {
	d.open()
	if d.response.fault == DoneOnly {
		return complete
	}
	how := d.stream(ctx)
	if how == interrupted {
		d.text = d.firstWords(d.words)
		d.speech = d.speech[:d.sent]
	}
	return how
}

// finished is the item when it has ended.
func (d *delivery) finished(status string) wireItem {
	done := d.item(itemStatus(status), d.text, true)
	if d.response.fault == NoTranscript {
		done.Content = []contentPart{{Type: "output_audio"}}
	}
	return done
}

// open announces the output item and its only part.
func (d *delivery) open() {
	d.response.openItem(d.index, &item{wire: d.item("in_progress", "", false)})
	d.response.conn.send("response.content_part.added", d.ids(fields{"part": d.part("")}))
}

// stream sends the deltas of text and audio in step.
func (d *delivery) stream(ctx context.Context) ending {
	words := d.pieces()
	frame := d.response.out.bytes(frameLength)
	if d.response.fault == HalfSample {
		frame--
	}
	frames := (len(d.speech) + frame - 1) / frame
	steps := max(len(words), frames)
	for i := range steps {
		if ctx.Err() != nil || i > 0 && !d.response.pace(ctx, d.step(steps)) {
			return interrupted
		}
		if i >= (steps+1)/2 && d.response.cutsOff() {
			return brokenOff
		}
		// Word w is due with frame w*frames/words, at the latest.
		for d.words < len(words) && d.words*steps < (i+1)*len(words) {
			d.sendWord(words[d.words])
		}
		for d.sent < len(d.speech) && d.sent/frame*steps < (i+1)*frames {
			d.sendAudio(d.speech[d.sent:min(d.sent+frame, len(d.speech))])
		}
	}
	return complete
}

// step is how long what one step sends plays; of a text reply, one word.
func (d *delivery) step(steps int) time.Duration {
	if !d.spoken() {
		return frameLength
	}
	return d.response.out.duration(d.speech) / time.Duration(steps)
}

func (d *delivery) sendWord(word string) {
	d.words++
	d.response.sendUnknownEvent()
	if d.response.fault == WrongTranscript {
		word = strings.ToUpper(word)
	}
	switch {
	case !d.spoken():
		d.response.conn.send(d.name("response.output_text.delta"), d.ids(fields{"delta": word}))
	case d.response.fault != NoTranscript:
		d.response.conn.send(d.name("response.output_audio_transcript.delta"), d.ids(fields{"delta": word}))
	}
}

func (d *delivery) sendAudio(data []byte) {
	d.sent += len(data)
	d.response.lengthen(d.itemID, d.response.out.duration(d.speech[:d.sent]))
	if d.response.fault != NoAudio && !d.response.conn.inCall {
		d.response.conn.send(d.name("response.output_audio.delta"), d.ids(fields{"delta": base64.StdEncoding.EncodeToString(data)}))
	}
}

// close ends the part and the item, and adds the item to the conversation.
func (d *delivery) close(done wireItem) {
	r := d.response
	if r.fault != DoneOnly {
		d.closePart()
	}
	it := &item{wire: d.item(done.Status, d.text, true)}
	if d.spoken() {
		it.length = r.out.duration(d.speech)
	}
	r.closeItem(d.index, done, it)
}

func (d *delivery) said() (string, time.Duration) { return d.text, d.response.out.duration(d.speech) }

func (d *delivery) closePart() {
	c, fault := d.response.conn, d.response.fault
	switch {
	case !d.spoken():
		c.send(d.name("response.output_text.done"), d.ids(fields{"text": d.text}))
	default:
		if fault != NoAudio {
			c.send(d.name("response.output_audio.done"), d.ids(nil))
		}
		if fault != NoTranscript {
			c.send(d.name("response.output_audio_transcript.done"), d.ids(fields{"transcript": d.text}))
		}
	}
	part := d.part(d.text)
	if fault == NoTranscript {
		part.Transcript = nil
	}
	c.send("response.content_part.done", d.ids(fields{"part": part}))
}

// name returns the event's name in the requested dialect.
func (d *delivery) name(event string) string {
	if d.response.fault == BetaNames {
		return strings.Replace(event, "response.output_", "response.", 1)
	}
	return event
}
