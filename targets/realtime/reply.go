package realtime

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// maxPieces bounds the content parts and tool calls of one reply.
const maxPieces = 512

// reply collects what a response says, piece by piece.
type reply struct {
	pieces []*piece
	size   int // bytes of audio and text so far
	limit  int
	// full says which limit was reached; further content is dropped. "" while
	// none was.
	full string
	// unread says what of it is not read: items and content of unknown types.
	unread []string
	// response is that of the event that is being added; "" for none.
	response string
	// buffers supplies the buffers for audio until the message is made.
	buffers *bufferPool
}

// piece is one content part of an output item, or a tool call.
type piece struct {
	response string // "" for what came without one
	itemID   string
	index    int
	spoken   bool
	audio    []byte // raw, in the session's output format
	deltas   []byte // of the text or transcript
	// final is the text or transcript of the event that ends the part, and
	// closing that of response.done.
	final, closing *string
	call           *itemBody
	// approved says that a request for approval was answered so.
	approved bool
}

// begun reports whether any content has arrived.
func (r *reply) begun() bool { return len(r.pieces) > 0 }

// piece returns the piece that an event belongs to. There are few pieces, and
// mostly it is the last.
func (r *reply) piece(itemID string, index int, spoken bool) *piece {
	for i := len(r.pieces) - 1; i >= 0; i-- {
		if p := r.pieces[i]; p.itemID == itemID && p.index == index && p.call == nil {
			p.spoken = p.spoken || spoken
			return p
		}
	}
	p := &piece{itemID: itemID, index: index, spoken: spoken}
	r.addPiece(p)
	return p
}

func (r *reply) addPiece(p *piece) {
	p.response = r.response
	r.pieces = append(r.pieces, p)
	if len(r.pieces) == maxPieces {
		r.full = fmt.Sprintf("the reply has %d parts or more", maxPieces)
	}
}

// add adds the content of an event of the response.
func (r *reply) add(e *serverEvent) error {
	if r.full != "" {
		return nil
	}
	switch e.Type {
	case eventAudioDelta:
		p := r.piece(e.ItemID, e.ContentIndex, true)
		if p.audio == nil {
			p.audio = *r.buffers.get()
		}
		before := len(p.audio)
		var err error
		if p.audio, err = e.appendAudio(p.audio); err != nil {
			return err
		}
		r.grow(len(p.audio) - before)
	case eventTranscriptDelta, eventTextDelta:
		p := r.piece(e.ItemID, e.ContentIndex, e.Type == eventTranscriptDelta)
		p.deltas = append(p.deltas, e.delta...)
		r.grow(len(e.delta))
	case eventTranscriptDone:
		r.settle(r.piece(e.ItemID, e.ContentIndex, true), e.Transcript)
	case eventTextDone:
		r.settle(r.piece(e.ItemID, e.ContentIndex, false), e.Text)
	default:
		r.addItem(e)
	}
	return nil
}

// addItem adds what an event says of an item or a content part as a whole, or of
// the arguments of a call.
func (r *reply) addItem(e *serverEvent) {
	switch e.Type {
	case eventPartDone:
		r.addContent(e.ItemID, e.ContentIndex, e.part)
	case eventOutputItemAdded:
		if isCall(e.Item.Type) {
			r.addCall(e.Item)
		}
	case eventOutputItemDone:
		r.completeItem(e.Item)
	case eventArgumentsDelta, eventMCPArgumentsDelta:
		r.argue(e, false)
	case eventArgumentsDone, eventMCPArgumentsDone:
		r.argue(e, true)
	}
}

// settle stores the final form of a text. The limit counts its deltas.
func (r *reply) settle(p *piece, text *string) {
	p.final = text
	r.grow(max(0, len(value(text))-len(p.deltas)))
}

func (r *reply) grow(n int) {
	r.size += n
	if r.size > r.limit {
		r.full = fmt.Sprintf("the reply is longer than max_reply_bytes, %d", r.limit)
	}
}

// addCall adds a call, or what became known of one since.
func (r *reply) addCall(item itemBody) {
	known := r.call(item.ID, item.CallID)
	if known == nil {
		r.addPiece(&piece{itemID: item.ID, call: &item})
		r.grow(item.size())
		return
	}
	before := *known.call
	item.Name = cmp.Or(item.Name, before.Name)
	item.Server = cmp.Or(item.Server, before.Server)
	item.Type = cmp.Or(before.Type, item.Type)
	item.CallID = cmp.Or(item.CallID, before.CallID)
	item.Arguments = cmp.Or(item.Arguments, before.Arguments)
	item.Output = cmp.Or(item.Output, before.Output)
	item.Failure = cmp.Or(item.Failure, before.Failure)
	known.call = &item
	r.grow(max(0, item.size()-before.size()))
}

// call returns the piece of a call; nil if there is none. An item without an id is
// known by its call's.
func (r *reply) call(itemID, callID string) *piece {
	for _, p := range r.pieces {
		if p.call != nil && p.itemID == itemID && (itemID != "" || p.call.CallID == callID) {
			return p
		}
	}
	return nil
}

// argue adds to the arguments of a call, or sets them where they are whole.
func (r *reply) argue(e *serverEvent, whole bool) {
	p := r.call(e.ItemID, e.Item.CallID)
	if p == nil {
		kind := typeFunctionCall
		if e.Type == eventMCPArgumentsDelta || e.Type == eventMCPArgumentsDone {
			kind = typeMCPCall
		}
		r.addCall(itemBody{ID: e.ItemID, Type: kind, Name: e.Item.Name, CallID: e.Item.CallID, Arguments: e.Item.Arguments})
		return
	}
	before := len(p.call.Arguments)
	switch {
	case !whole:
		p.call.Arguments += e.Item.Arguments
	case e.Item.Arguments != "":
		p.call.Arguments = e.Item.Arguments
	}
	p.call.Name = cmp.Or(p.call.Name, e.Item.Name)
	p.call.CallID = cmp.Or(p.call.CallID, e.Item.CallID)
	r.grow(max(0, len(p.call.Arguments)-before))
}

// complete adds the output in response.done. Some services send some replies
// only there.
func (r *reply) complete(output []itemBody) {
	for _, item := range output {
		r.completeItem(item)
	}
}

// completeItem adds an item that is whole.
func (r *reply) completeItem(item itemBody) {
	switch {
	case r.full != "":
	case isCall(item.Type):
		r.addCall(item)
	case item.Type != typeMessage && item.Type != "" && item.Type != typeMCPListTools:
		r.note(fmt.Sprintf("the reply has an item of type %q, which is not read", phrase.Shorten(item.Type, shownSetting)))
	default:
		for i, content := range item.Content {
			r.addContent(item.ID, i, content)
		}
	}
}

// addContent adds a content part that is whole.
func (r *reply) addContent(itemID string, index int, content contentBody) {
	switch {
	case r.full != "":
	case content.Text != nil:
		r.close(r.piece(itemID, index, false), content.Text)
	case content.Transcript != nil:
		r.close(r.piece(itemID, index, true), content.Transcript)
	case !slices.Contains([]string{"", "text", "audio", "output_text", "output_audio"}, content.Type):
		r.note(fmt.Sprintf("the reply has content of type %q, which is not read", phrase.Shorten(content.Type, shownSetting)))
	}
}

// note keeps what of the reply is not read.
func (r *reply) note(unread string) {
	if len(r.unread) < maxWarnings && !slices.Contains(r.unread, unread) {
		r.unread = append(r.unread, unread)
	}
}

// close stores the text of response.done, which mostly repeats the final text.
func (r *reply) close(p *piece, text *string) {
	known := len(p.text())
	p.closing = text
	r.grow(max(0, len(*text)-known))
}

// mute reports whether there is a transcript without audio.
func (r *reply) mute() bool {
	return slices.ContainsFunc(r.pieces, func(p *piece) bool {
		return p.spoken && len(p.audio) == 0 && p.text() != ""
	})
}

// text returns the piece's text: its final form, else its deltas, else that of
// response.done.
func (p *piece) text() string {
	switch {
	case value(p.final) != "":
		return *p.final
	case len(p.deltas) > 0:
		return string(p.deltas)
	}
	return value(p.closing)
}

// disagrees reports whether these texts differ.
func (p *piece) disagrees() bool {
	text := p.text()
	return len(p.deltas) > 0 && string(p.deltas) != text || value(p.closing) != "" && *p.closing != text
}

// release returns the audio's buffer, once the message is made.
func (r *reply) release() {
	for _, p := range r.pieces {
		if p.audio != nil {
			audio := p.audio
			r.buffers.put(&audio)
			p.audio = nil
		}
	}
}

// audioBytes is the size of the raw audio that has arrived.
func (r *reply) audioBytes() int {
	n := 0
	for _, p := range r.pieces {
		n += len(p.audio)
	}
	return n
}

// message returns the collected parts, in the order in which they arrived.
// Audio beyond the delivered time, and its text, are marked as undelivered.
func (r *reply) message(output format, delivered time.Duration) (core.Message, error) {
	m := core.Message{Role: core.Assistant}
	for _, p := range r.pieces {
		if p.call != nil {
			if r.isSaidBy(p) {
				continue
			}
			called, err := r.callParts(p)
			if err != nil {
				return m, err
			}
			m.Parts = append(m.Parts, called...)
			continue
		}
		// Half a sample can only be the end of audio that was cut off.
		raw := p.audio[:len(p.audio)-output.odd(len(p.audio))]
		whole := true
		if len(raw) > 0 {
			var err error
			if m.Parts, whole, err = appendPlayed(m.Parts, output, raw, delivered); err != nil {
				return m, err
			}
			delivered -= min(delivered, output.duration(len(raw)))
		}
		if text := p.text(); text != "" {
			m.Parts = append(m.Parts, core.Part{Value: core.TextValue(text), Transcript: p.spoken, Undelivered: !whole})
		}
	}
	return m, nil
}

// appendPlayed appends raw audio as WAV: the part that had played, and the part
// that had not.
func appendPlayed(parts []core.Part, output format, raw []byte, played time.Duration) (all []core.Part, whole bool, err error) {
	cut := len(raw)
	if played < output.duration(len(raw)) {
		cut = output.bytes(played)
	}
	for _, half := range []struct {
		raw         []byte
		undelivered bool
	}{{raw[:cut], false}, {raw[cut:], true}} {
		if len(half.raw) == 0 {
			continue
		}
		wav, err := output.wav(half.raw)
		if err != nil {
			return nil, false, err
		}
		parts = append(parts, core.Part{Value: core.WAVValue(wav), Undelivered: half.undelivered})
	}
	return parts, cut == len(raw), nil
}

// remarks are warnings about the reply for a reader of the record, given the
// requested output; "" where its sound goes elsewhere.
func (r *reply) remarks(output string) []string {
	remarks := slices.Clone(r.unread)
	for _, p := range r.pieces {
		text := p.text()
		switch {
		case p.call != nil:
			continue
		case output == "text" && p.spoken:
			remarks = append(remarks, "the service spoke, although text was asked for")
		case p.spoken && len(p.audio) > 0 && text == "":
			remarks = append(remarks, "the reply has audio but no transcript")
		case output != "" && p.spoken && len(p.audio) == 0 && text != "":
			remarks = append(remarks, "the reply has a transcript but no audio")
		case !p.spoken && output == "audio" && text != "":
			remarks = append(remarks, "the service answered in text, although audio was asked for")
		}
		if p.disagrees() {
			remarks = append(remarks, "the service gave two versions of the reply's text; the final one is kept")
		}
	}
	return remarks
}

func (u usageBody) usage() core.Usage {
	return core.Usage{
		InputTokens: u.InputTokens, OutputTokens: u.OutputTokens,
		CachedInputTokens: u.Input.Cached,
		InputTextTokens:   u.Input.Text, InputAudioTokens: u.Input.Audio, InputImageTokens: u.Input.Image,
		OutputTextTokens: u.Output.Text, OutputAudioTokens: u.Output.Audio,
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
