package command

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/ending"
)

// protocol is how a program is talked to in one conversation. It does no input or
// output.
type protocol interface {
	// opening returns what is written before the first message; nil for nothing. It
	// fails with ErrorUnsupported for a start that the program cannot be told.
	opening(core.Start) ([]byte, error)
	// manner is how the program goes about a conversation.
	manner() manner
	// encode returns a message as it is written, and whether it is the last that the
	// program can be sent. Messages are numbered from 1.
	encode(number int, m core.Message) (data []byte, last bool, err error)
	// unasked returns how much it has used of what the program wrote before it was
	// sent a message, with what there is to tell a reader of the record. It fails
	// where that could be taken for a reply.
	unasked(arrived []byte) (used int, notes []string, err error)
	// read returns how much it has used of what has arrived, and whether the reply is
	// over.
	read(a arrival, r *reply) (used int, over bool, err error)
	// partial takes what has arrived of a reply that does not become whole.
	partial(arrived []byte, r *reply)
}

// manner is how a program goes about a conversation.
type manner struct {
	// greets says that the program has to write something before the first message,
	// which ends as a reply does.
	greets bool
	// ends says that the program ends with its reply, with status 0.
	ends bool
	// quiet is the time without output that ends a reply; 0 for none.
	quiet time.Duration
	// settles is how long nothing may come after the end of a reply, or of the
	// greeting, for it to be all; 0 where the end says so by itself.
	settles time.Duration
}

// arrival is what a program has written and was not used.
type arrival struct {
	bytes []byte
	// ended says that nothing comes any more, quiet that nothing has come for as long
	// as ends a reply.
	ended, quiet bool
	// held says that the output was not at its end when the program was.
	held bool
}

// reply collects the reply to one message.
type reply struct {
	// number is that of the message; 0 for a greeting.
	number int
	// limit is how many bytes are kept.
	limit int
	// isCut says that more was written, isBroken that a message was not UTF-8.
	isCut, isBroken bool

	text     []byte
	parts    []core.Part
	finish   core.Finish
	detail   string
	usage    core.Usage
	warnings []string
	// failure is the error that the program reports in place of a reply, or of its
	// rest.
	failure *core.Error
	// first is when the first of it was read; zero where there is none.
	first time.Time
	// over is when its end was read; zero while there is none.
	over time.Time
}

// mostWarnings is how many warnings are kept, and mostWarning how much of each, in bytes.
const (
	mostWarnings = 20
	mostWarning  = 4 << 10
)

// warn keeps a warning, as far as there are not too many.
func (r *reply) warn(text string) {
	switch n := len(r.warnings); {
	case n < mostWarnings:
		r.warnings = append(r.warnings, phrase.ShortenBytes(text, mostWarning))
	case n == mostWarnings:
		r.warnings = append(r.warnings, "there are more warnings")
	}
}

// room returns how many bytes can be kept beside those that are.
func (r *reply) room() int {
	room := r.limit - len(r.text)
	for _, p := range r.parts {
		room -= len(p.Data)
	}
	return max(room, 0)
}

// add adds text, as far as there is room.
func (r *reply) add(text []byte) {
	if room := r.room(); len(text) > room {
		text, r.isCut = text[:room], true
	}
	r.text = append(r.text, text...)
}

// addPart adds a part, unless there is no room for it.
func (r *reply) addPart(v core.Value) {
	if len(v.Data) > r.room() {
		r.isCut = true
		return
	}
	r.parts = append(r.parts, core.Part{Value: v})
}

// result returns the reply. Its finish is that which the program or the protocol
// says, where nothing speaks against it.
func (r *reply) result() core.Reply {
	out := core.Reply{
		Message: core.Message{Role: core.Assistant}, Finish: r.finish, Detail: r.detail, Usage: r.usage, Warnings: r.warnings,
	}
	if len(r.text) > 0 {
		out.Message.Parts = append(out.Message.Parts, core.Part{Value: core.TextValue(string(r.text))})
	}
	out.Message.Parts = append(out.Message.Parts, r.parts...)
	if out.Finish == "" {
		out.Finish = core.FinishComplete
	}
	switch {
	case r.isCut:
		ending.Cut(&out)
	case r.isBroken && out.Finish == core.FinishComplete:
		out.Finish, out.Detail = core.FinishUnconfirmed, "a message of the program is not UTF-8, and may mean something else than can be read"
	}
	ending.Doubt(&out, "the program")
	return out
}

// sendable checks that a message is to be sent in the only way there is.
func sendable(m core.Message) error {
	if m.Delivery.IsZero() {
		return nil
	}
	return core.Errorf(core.ErrorUnsupported, "a program is sent messages one after the other, in no other way")
}
