package command

import (
	"bytes"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// The ends of a reply.
const (
	untilLine      = "line"
	untilEmptyLine = "empty_line"
	untilMarker    = "marker"
	untilPrompt    = "prompt"
	untilQuiet     = "quiet"
)

// lineSettles is how long nothing may come after the one line that is a reply, for the
// reply to be whole: a program that writes several lines writes them one by one.
const lineSettles = 250 * time.Millisecond

// linesProtocol is a conversation in lines of text.
type linesProtocol struct {
	config LinesConfig
	// scanned is where in what has arrived the first line begins that was not looked
	// at.
	scanned int
	// hasText says that the reply has a line that is not empty.
	hasText bool
	// isWithin says that what has arrived begins in the middle of a line.
	isWithin bool
}

var _ protocol = (*linesProtocol)(nil)

func newLinesProtocol(c LinesConfig) protocol { return &linesProtocol{config: c} }

func (p *linesProtocol) opening(start core.Start) ([]byte, error) { return nil, untold(start) }

// untold returns an error for a start that lines of text cannot tell.
func untold(start core.Start) error {
	switch {
	case start.SystemPrompt != "":
		return core.Errorf(core.ErrorUnsupported, "the program cannot be told a system prompt").WithHint("use: command")
	case len(start.History) > 0:
		return core.Errorf(core.ErrorUnsupported, "the program cannot be told what was said before").WithHint("use: command")
	}
	return nil
}

func (p *linesProtocol) manner() manner {
	m := manner{greets: p.config.Until == untilPrompt || p.config.Greeting != nil && *p.config.Greeting}
	switch p.config.Until {
	case untilQuiet:
		m.quiet = time.Duration(p.config.Quiet)
	case untilLine:
		m.settles = lineSettles
	}
	return m
}

// encode writes a message as one line, or as several with the line that ends them.
func (p *linesProtocol) encode(_ int, m core.Message) (data []byte, last bool, err error) {
	text, err := textOf(m)
	if err != nil {
		return nil, false, err
	}
	end := p.config.MessageEnd
	if end == "" {
		if bytes.IndexByte(text, '\n') >= 0 {
			return nil, false, core.Errorf(core.ErrorInput, "the message has several lines, and the program takes one").
				WithHint("give message_end, if a line can tell the program where a message ends")
		}
		return append(text, '\n'), false, nil
	}
	for line := range bytes.Lines(text) {
		if string(bytes.TrimRight(line, "\r\n")) == end {
			return nil, false, core.Errorf(core.ErrorInput, "the message has the line %q within, which ends messages", end)
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return append(text, end+"\n"...), false, nil
}

// textOf returns the text of a message that has nothing else.
func textOf(m core.Message) ([]byte, error) {
	for _, part := range m.Parts {
		if part.Modality != core.Text {
			return nil, core.Errorf(core.ErrorUnsupported, "the program takes text only, not %s", part.Modality)
		}
	}
	return []byte(template.TextOf(m)), sendable(m)
}

func (p *linesProtocol) unasked(arrived []byte) (int, []string, error) {
	if len(arrived) == 0 {
		return 0, nil, nil
	}
	return len(arrived), nil, unaskedError(arrived)
}

func unaskedError(arrived []byte) error {
	return core.Errorf(core.ErrorProtocol, "the program wrote before it was sent a message, which would be taken for the reply: %q", phrase.ShortenBytes(string(arrived), 200)).
		About(core.SubjectAnswer).
		WithHint("before the first message it needs greeting: true; after a reply, its end is another one than until says")
}

func (p *linesProtocol) read(a arrival, r *reply) (used int, over bool, err error) {
	if end, next, ok := p.end(a); ok {
		r.add(withoutLineEnd(a.bytes[:end]))
		if p.config.Until == untilQuiet {
			r.finish, r.detail = core.FinishUnconfirmed, "the reply was taken for over since nothing came for "+p.config.Quiet.String()
		}
		p.scanned, p.hasText, p.isWithin = 0, false, false
		return next, true, nil
	}
	if len(a.bytes) <= r.room() {
		return 0, false, nil
	}
	// What is too long is dropped, but for the line that may become its end.
	used = p.scanned
	if used == 0 {
		used, p.isWithin = len(a.bytes), true
	} else {
		p.isWithin = false
	}
	r.add(a.bytes[:used])
	r.isCut = true
	p.scanned = 0
	return used, false, nil
}

func (p *linesProtocol) partial(arrived []byte, r *reply) { r.add(withoutLineEnd(arrived)) }

// end looks for the end of the reply: it ends before end, and what follows begins at
// next.
func (p *linesProtocol) end(a arrival) (end, next int, ok bool) {
	marker := p.config.Marker
	switch p.config.Until {
	case untilQuiet:
		return len(a.bytes), len(a.bytes), a.quiet
	case untilPrompt:
		end = len(a.bytes) - len(marker)
		atLineStart := end > 0 && a.bytes[end-1] == '\n' || end == 0 && !p.isWithin
		return end, len(a.bytes), atLineStart && string(a.bytes[max(end, 0):]) == marker
	}
	for {
		i := bytes.IndexByte(a.bytes[p.scanned:], '\n')
		if i < 0 {
			return 0, 0, false
		}
		start, next := p.scanned, p.scanned+i+1
		line := strings.TrimSuffix(string(a.bytes[start:next-1]), "\r")
		isWhole := start > 0 || !p.isWithin
		switch p.config.Until {
		case untilLine:
			return next, next, true
		case untilMarker:
			if isWhole && line == marker {
				return start, next, true
			}
		case untilEmptyLine:
			if isWhole && line == "" && p.hasText {
				return start, next, true
			}
			p.hasText = p.hasText || line != ""
		}
		p.scanned = next
	}
}

// withoutLineEnd returns text without the line end behind it.
func withoutLineEnd(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}
