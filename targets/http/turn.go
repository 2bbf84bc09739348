package httptarget

import (
	"context"
	"errors"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// margin is what is left of the caller's time to hand over what has arrived of a
// reply that takes too long.
const margin = 500 * time.Millisecond

// withMargin returns a context that ends a little before its caller stops waiting.
func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) < 4*margin {
		return ctx, func() {}
	}
	return context.WithDeadlineCause(ctx, deadline.Add(-margin),
		core.Errorf(core.ErrorTimeout, "the service has not answered in time"))
}

// exchange sends the requests of a turn, and reads the reply in the last answer.
func (c *conversation) exchange(ctx context.Context) (core.Reply, error) {
	ctx, cancel := withMargin(ctx)
	defer cancel()
	start := time.Now()
	var first core.Timing
	requests := c.target.plan.turn
	for i, r := range requests[:len(requests)-1] {
		a, o, err := c.ask(ctx, r)
		if err != nil {
			return core.Reply{}, c.sent(i, err)
		}
		if i == 0 {
			first = a.timing
		}
		if o.ends() {
			reply := c.answered(ctx, a, o)
			reply.Timing = a.timing
			return reply, nil
		}
	}
	reply, err := c.last(ctx, requests[len(requests)-1])
	if len(requests) > 1 {
		reply.Timing.Connect, reply.Timing.FirstEvent = first.Connect, first.FirstEvent
		reply.Timing.Total = max(time.Since(start), time.Nanosecond)
		err = c.sent(len(requests)-1, err)
	}
	return reply, err
}

// sent returns the error of a turn's request of a number. Once the first one has
// been answered, the service has the message: it may not be sent again.
func (c *conversation) sent(i int, err error) error {
	if err == nil || i == 0 {
		return err
	}
	kind := core.KindOf(err)
	if kind == core.ErrorRateLimited {
		kind = core.ErrorUnavailable
	}
	e := core.Errorf(kind, "%s: %w", c.target.plan.turn[i].at, withoutWait(err)).About(core.SubjectAnswer)
	e.Hint = core.HintOf(err)
	return e
}

// withoutWait returns an error that asks for no wait.
func withoutWait(err error) error {
	if core.RetryAfterOf(err) == 0 {
		return err
	}
	return errors.New(err.Error())
}

// last sends the request whose answer has the reply.
func (c *conversation) last(ctx context.Context, r *request) (core.Reply, error) {
	if c.target.plan.reply.stream != streamNone && r.until == nil {
		return c.stream(ctx, r)
	}
	a, o, err := c.ask(ctx, r)
	if err != nil {
		return c.brokenReply(ctx, a, err)
	}
	if o.ends() {
		reply := c.answered(ctx, a, o)
		reply.Timing = a.timing
		return reply, nil
	}
	reply, err := c.target.plan.reply.read(ctx, a, c.state)
	if err != nil && o.decided && len(a.body) == 0 { // the campaign says that nothing is the whole answer
		reply, err = core.Reply{Message: core.Message{Role: core.Assistant}, Finish: o.finish}, nil
	}
	reply.Timing = a.timing
	if err != nil {
		return core.Reply{}, err
	}
	return reply, nil
}

// brokenReply returns what arrived of an answer that broke off, or that says a reply
// beside its error.
func (c *conversation) brokenReply(ctx context.Context, a *answer, err error) (core.Reply, error) {
	if a == nil || a.cut != nil && a.status/100 != 2 || a.cut == nil && !c.mayHaveReply(a, err) {
		return core.Reply{}, err
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	reply, failed := c.target.plan.reply.read(ctx, a, c.state)
	if failed != nil || reply.Message.Blank() && len(reply.Message.Of(core.ToolCall)) == 0 {
		return core.Reply{}, err
	}
	if a.cut == nil {
		reply.Finish, reply.Detail = core.FinishBroken, "the answer says that it failed"
	}
	reply.Timing = a.timing
	return reply, err
}

// afterwards returns a context for reading what has arrived, also where ctx is over.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Second)
}

// mayHaveReply reports whether there may be a reply in an answer that is an error: where
// the campaign says where one is, and the message was not refused.
func (c *conversation) mayHaveReply(a *answer, err error) bool {
	r := &c.target.plan.reply
	return (r.jq != nil || r.regex != nil) && a.status/100 != 4 && !isRefusal(err)
}

// isRefusal reports whether an error says that the message may be sent again: what
// stands beside it is no reply.
func isRefusal(err error) bool {
	return core.KindOf(err) == core.ErrorRateLimited || core.RetryAfterOf(err) > 0
}

// answered returns the reply of an answer of which a rule says how it ended, with
// the text that there is.
func (c *conversation) answered(ctx context.Context, a *answer, o outcome) core.Reply {
	reply, err := c.target.plan.reply.read(ctx, a, c.state)
	if err != nil {
		reply = core.Reply{Message: core.Message{Role: core.Assistant}}
	}
	reply.Finish, reply.Detail = o.finish, o.detail
	return reply
}

// stream sends the request whose answer is a stream.
func (c *conversation) stream(ctx context.Context, r *request) (core.Reply, error) {
	filled, err := r.render(ctx, c.state)
	if err != nil {
		return core.Reply{}, template.About(err, r.at)
	}
	if filled.header.Get("Accept") == "" && c.target.plan.reply.stream == streamSSE {
		filled.header.Set("Accept", "text/event-stream")
	}
	response, t, err := c.client.open(ctx, filled)
	if err != nil {
		return core.Reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := newAnswer(response)
	isStream := a.status/100 == 2 && (c.target.plan.reply.stream == streamLines || !a.isJSON() && a.mediaType != "text/html")
	if !isStream {
		a.read(response.Body, c.target.config.MaxReplyBytes)
		a.timing = t.timing()
		o, err := c.target.plan.judge(ctx, a, c.state)
		switch {
		case err != nil:
			return core.Reply{}, err
		case o.ends():
			reply := c.answered(ctx, a, o)
			reply.Timing = a.timing
			return reply, nil
		}
		return core.Reply{}, core.Errorf(core.ErrorProtocol, "the answer is %s and no stream: %s", a.mediaType, a.describe())
	}
	s := &streamed{plan: c.target.plan, state: c.state, whole: a, each: func(piece *answer) { c.takeFromPiece(ctx, r, piece) }}
	reply, err := s.read(ctx, response.Body, c.target.config.MaxReplyBytes)
	if err != nil && core.KindOf(err) == core.ErrorInternal || ctx.Err() != nil && err != nil {
		err = c.cut(ctx, err)
	}
	reply.Timing = t.timing()
	if err == nil {
		err = c.takeFromStream(ctx, r, a)
	}
	return reply, err
}

// cut explains why an answer broke off.
func (c *conversation) cut(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return core.Errorf(core.ErrorUnavailable, "the answer broke off: %w", err).About(core.SubjectAnswer)
}

// ask sends a request, again where it is sent until something holds, and takes what
// is taken from its answer. With the error of an answer that broke off, the answer
// is returned as well.
func (c *conversation) ask(ctx context.Context, r *request) (*answer, outcome, error) {
	for try := 1; ; try++ {
		a, o, err := c.once(ctx, r)
		pause := r.every
		if r.until != nil && core.KindOf(err) == core.ErrorRateLimited && try < r.tries {
			pause = max(pause, core.RetryAfterOf(err))
		} else if err != nil {
			return a, o, err
		} else if o.ends() {
			return a, o, nil
		} else if done, err := c.done(ctx, r, a); err != nil || done {
			if err == nil {
				err = c.take(ctx, r, a)
			}
			return a, o, err
		}
		if try >= r.tries {
			return nil, o, core.Errorf(core.ErrorTimeout, "%s: %d answers, and until holds for none; the last was %s", r.at, try, a.describe()).
				WithHint("raise tries or every")
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, o, context.Cause(ctx)
		}
	}
}

// done reports whether a request need not be sent again.
func (c *conversation) done(ctx context.Context, r *request, a *answer) (bool, error) {
	if r.until == nil {
		return true, nil
	}
	holds, err := r.until.holds(ctx, a, c.state)
	if err != nil {
		return false, template.About(err, r.at+".until")
	}
	return holds, nil
}

// once sends a request once, and judges its answer.
func (c *conversation) once(ctx context.Context, r *request) (*answer, outcome, error) {
	filled, err := r.render(ctx, c.state)
	if err != nil {
		return nil, outcome{}, template.About(err, r.at)
	}
	response, t, err := c.client.open(ctx, filled)
	if err != nil {
		return nil, outcome{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := newAnswer(response)
	a.read(response.Body, c.target.config.MaxReplyBytes)
	a.timing = t.timing()
	if a.cut != nil {
		return a, outcome{}, c.cut(ctx, a.cut)
	}
	o, err := c.target.plan.judge(ctx, a, c.state)
	if err != nil {
		return a, o, err
	}
	if r.expect != nil && !o.ends() {
		holds, err := r.expect.holds(ctx, a, c.state)
		if err == nil && !holds {
			err = core.Errorf(core.ErrorProtocol, "%s: the answer is not what expect says: %s", r.at, a.describe())
		}
		return a, o, err
	}
	return a, o, nil
}

// keep keeps a value that was taken. A long text may be a token, and is redacted in
// errors.
func (c *conversation) keep(name string, v any) {
	const shortest = 8
	c.state.taken[name] = v
	if s, isText := v.(string); isText && len(s) >= shortest {
		c.target.access.Remember(s)
	}
}

// takeFromPiece keeps the values that are taken from a piece of a stream, as far as
// they are in it.
func (c *conversation) takeFromPiece(ctx context.Context, r *request, a *answer) {
	for _, t := range r.take {
		if t.jq == nil && t.regex == nil {
			continue
		}
		if v, ok, err := t.from(ctx, a, c.state, nil); ok && err == nil { // other pieces have another form
			c.keep(t.name, v)
		}
	}
}

// takeFromStream keeps the values that are taken from the header of a stream. Those
// that no piece had are missing.
func (c *conversation) takeFromStream(ctx context.Context, r *request, a *answer) error {
	rest := *r
	rest.take = nil
	for _, t := range r.take {
		if _, had := c.state.taken[t.name]; !had || t.jq == nil && t.regex == nil {
			rest.take = append(rest.take, t)
		}
	}
	return c.take(ctx, &rest, a)
}

// take keeps the values that are taken from an answer.
func (c *conversation) take(ctx context.Context, r *request, a *answer) error {
	for _, t := range r.take {
		v, ok, err := t.from(ctx, a, c.state, c.client.cookies())
		if err != nil {
			return template.About(err, r.at+".take."+t.name)
		}
		_, had := c.state.taken[t.name]
		switch {
		case ok:
			c.keep(t.name, v)
		case !had:
			return core.Errorf(core.ErrorProtocol, "%s.take.%s: not found in the answer: %s", r.at, t.name, a.describe())
		}
	}
	return nil
}
