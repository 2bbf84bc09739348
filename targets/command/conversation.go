package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// noteBytes is how much of a program's output is quoted in a note, in bytes.
const noteBytes = 4 << 10

// conversation is a conversation with one process of the program.
type conversation struct {
	target   *target
	process  *process
	protocol protocol
	// messages counts those that were sent.
	messages int
	// connected is how long the program took to be ready; it is told with the first
	// reply.
	connected time.Duration
	// notes are told with the next reply.
	notes []string
	// over is why nothing can be sent any more; nil where something can.
	over error
}

var _ core.Conversation = (*conversation)(nil)

// open writes what comes before the first message, and reads the greeting.
func (c *conversation) open(ctx context.Context, opening []byte) error {
	limit := time.NewTimer(time.Duration(c.target.program.Timeouts.Start))
	defer limit.Stop()
	greeting := &reply{limit: noteBytes}
	var written <-chan error
	if len(opening) > 0 {
		written = c.process.write(opening, false)
	}
	if err := c.await(ctx, waiting{written: written, limit: limit.C, isGreeting: true}, greeting); err != nil {
		err = c.explain(err)
		if e, ok := errors.AsType[*core.Error](err); ok && e.Kind == core.ErrorUnavailable {
			err = e.About(core.SubjectReachability)
		}
		c.process.kill()
		err = fmt.Errorf("starting %s: %w", c.process.name, err)
		if said := c.complaint(); said != "" {
			err = fmt.Errorf("%w; %s", err, said)
		}
		return err
	}
	if said := string(greeting.text); said != "" {
		c.notes = append(c.notes, "before the first message the program said: "+phrase.ShortenBytes(said, noteBytes))
	}
	c.connected = time.Since(c.process.started)
	return nil
}

// Send writes a message and waits for the end of the reply. The program is killed
// where that does not come, and nothing can be sent afterwards.
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if c.over != nil {
		return core.Reply{}, c.over
	}
	if ctx.Err() != nil {
		return core.Reply{}, context.Cause(ctx)
	}
	data, last, err := c.protocol.encode(c.messages+1, m)
	if err != nil {
		return core.Reply{}, err
	}
	if err := c.ready(); err != nil {
		c.abandon(err)
		return core.Reply{}, err
	}
	c.messages++
	limit := time.NewTimer(time.Duration(c.target.program.Timeouts.Turn))
	defer limit.Stop()
	r, began := &reply{number: c.messages, limit: c.target.program.MaxReplyBytes}, time.Now()
	err = c.await(ctx, waiting{written: c.process.write(data, last), limit: limit.C}, r)
	if err != nil {
		err = c.explain(err) // meanwhile the output arrives that was written before
		arrived, _, _ := c.process.out.peek()
		c.protocol.partial(arrived, r)
	}
	out := c.finish(r, began)
	switch {
	case err != nil:
		c.abandon(err)
	case r.failure != nil:
		err = r.failure
	default:
		if said := c.complaint(); said != "" {
			out.Warnings = append(out.Warnings, said)
		}
		return out, nil
	}
	if said := c.complaint(); said != "" {
		err = fmt.Errorf("%w; %s", err, said)
	}
	if out.Message.Empty() {
		return core.Reply{}, err
	}
	out.Finish, out.Detail = core.FinishBroken, ""
	return out, err
}

// finish returns the reply, with what else there is to tell.
func (c *conversation) finish(r *reply, began time.Time) core.Reply {
	out := r.result()
	out.Timing.Total = time.Since(began)
	if !r.over.IsZero() {
		out.Timing.Total = r.over.Sub(began)
	}
	out.Timing.Connect, c.connected = c.connected, 0
	if !r.first.IsZero() {
		out.Timing.FirstEvent = r.first.Sub(began)
	}
	out.Warnings, c.notes = append(c.notes, out.Warnings...), nil
	if r.isCut && out.Finish != core.FinishTruncated {
		out.Warnings = append(out.Warnings, "the reply is longer than max_reply_bytes")
	}
	return out
}

// complaint is what the program has written to standard error since the last turn;
// "" for nothing.
func (c *conversation) complaint() string {
	said := c.process.stderr.take()
	if said == "" {
		return ""
	}
	return "standard error of " + c.process.name + ": " + said
}

// ready reads what the program wrote without being asked. A program that ends with
// its reply is started again for each message after the first.
func (c *conversation) ready() (err error) {
	if c.protocol.manner().ends && c.messages > 0 {
		c.process.kill()
		fresh, err := c.target.start()
		if err != nil {
			return err
		}
		c.process = fresh
	}
	arrived, _, _ := c.process.out.peek()
	used, notes, err := c.protocol.unasked(arrived)
	c.process.out.use(used)
	c.notes = append(c.notes, notes...)
	return err
}

// waiting is what ends the wait for a reply, beside the reply.
type waiting struct {
	// written gets the result of writing the message. nil where nothing is written.
	written <-chan error
	limit   <-chan time.Time
	// isGreeting says that the reply is one that comes before the first message. It
	// is waited for only where the program greets.
	isGreeting bool
}

// await reads until the reply is over and the message was written.
func (c *conversation) await(ctx context.Context, w waiting, r *reply) error {
	manner := c.protocol.manner()
	over := w.isGreeting && !manner.greets
	quiet := time.NewTimer(0)
	defer quiet.Stop()
	for {
		out := progress{over: over}
		if !over {
			var err error
			if out, err = c.read(r, manner.quiet); err != nil {
				return err
			}
		}
		over = out.over
		switch {
		case over && w.written == nil:
			return c.ended(ctx, r)
		case out.ended && !over:
			return errEnded
		case !over && out.wait > 0:
			quiet.Reset(out.wait)
		}
		select {
		case <-c.process.out.more:
		case <-quiet.C:
		case err := <-w.written:
			if err != nil {
				return errNotRead
			}
			w.written = nil
		case <-w.limit:
			return c.late(w)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settle waits until nothing has come for a time after the end of a reply, which is all
// of it then. What comes is left unread: it makes the reply unconfirmed, and is an error
// where a further message is to be sent.
func (c *conversation) settle(ctx context.Context, within time.Duration, r *reply) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		arrived, _, ended := c.process.out.peek()
		switch {
		case len(arrived) > 0:
			r.finish, r.detail = core.FinishUnconfirmed, "the program wrote on after the line that is to be the reply"
			return nil
		case ended:
			return nil
		}
		select {
		case <-c.process.out.more:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// progress is how far the reading of a reply is.
type progress struct {
	over  bool // the reply
	ended bool // the output
	// wait is the time after which the reply is over if nothing comes; 0 where that
	// does not end it.
	wait time.Duration
}

// read reads what has arrived.
func (c *conversation) read(r *reply, quiet time.Duration) (progress, error) {
	arrived, last, ended := c.process.out.peek()
	hasBegun := len(arrived) > 0
	since := time.Since(last)
	used, over, err := c.protocol.read(arrival{
		bytes: arrived, ended: ended, quiet: hasBegun && quiet > 0 && since >= quiet, held: ended && c.process.out.isHeld(),
	}, r)
	if r.first.IsZero() && hasBegun {
		r.first = last
	}
	if over {
		r.over = time.Now()
	}
	c.process.out.use(used)
	p := progress{over: over, ended: ended}
	if hasBegun && quiet > 0 {
		p.wait = max(quiet-since, time.Nanosecond)
	}
	return p, err
}

// The reasons why there is no whole reply. They are explained when it is known how
// the program has ended.
var (
	errEnded   = errors.New("the output ended before the reply did")
	errNotRead = errors.New("the program does not read the message")
)

// ended waits for what may follow a reply that is over, and checks that a program that
// ends with its reply has ended with status 0.
func (c *conversation) ended(ctx context.Context, r *reply) error {
	if within := c.protocol.manner().settles; within > 0 && !r.over.IsZero() {
		if err := c.settle(ctx, within, r); err != nil {
			return err
		}
	}
	if !c.protocol.manner().ends || c.messages == 0 {
		return nil
	}
	how := c.process.exit(ctx)
	if c.process.hasEnded() && c.process.cmd.ProcessState.Success() {
		return nil
	}
	return core.Errorf(core.ErrorUnavailable, "%s", how).About(core.SubjectAnswer)
}

func (c *conversation) late(w waiting) error {
	t := c.target.program.Timeouts
	if w.isGreeting {
		return core.Errorf(core.ErrorTimeout, "the program was not ready within %s", t.Start).WithHint("timeouts.start, or until and greeting")
	}
	return core.Errorf(core.ErrorTimeout, "%s gave no whole reply within %s", c.process.name, t.Turn).
		WithHint("timeouts.turn; or the reply has another end than the campaign says")
}

// explain adds to an error how the program has ended, and what it wrote to standard
// error.
func (c *conversation) explain(err error) error {
	if errors.Is(err, errEnded) || errors.Is(err, errNotRead) {
		ctx, cancel := context.WithTimeout(context.Background(), drainDelay)
		defer cancel()
		how, doing := c.process.exit(ctx), "before its reply was whole"
		switch {
		case errors.Is(err, errNotRead):
			doing = "before it had read the message"
			if !c.process.hasEnded() {
				how = c.process.name + " closed its standard input"
			}
		case c.messages == 0:
			doing = "before the first message"
		}
		err = core.Errorf(core.ErrorUnavailable, "%s %s", how, doing).About(core.SubjectAnswer)
	}
	return err
}

// abandon kills the program: nothing can be said to it any more.
func (c *conversation) abandon(why error) {
	c.process.kill()
	c.over = core.Errorf(core.ErrorUnavailable, "the conversation is over since an earlier message failed: %w", why).About(core.SubjectAnswer)
}

// End closes the program's standard input, and kills the program where it does not
// end by itself.
func (c *conversation) End(ctx context.Context) error {
	c.process.end(ctx, time.Duration(c.target.program.Timeouts.End))
	if c.over == nil {
		c.over = core.Errorf(core.ErrorInternal, "the conversation has ended")
	}
	return nil
}
