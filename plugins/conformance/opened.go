package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// prompt is how long a call may take to end after it was cancelled.
const prompt = slowness * time.Second

// opened is an open component of any kind.
type opened struct {
	// value is the result of opening.
	value any
	// call calls the component with a value. The error is the component's, or
	// describes an invalid result.
	call func(ctx context.Context, in core.Value) error
}

// open opens the component with a configuration.
func (s subject) open(ctx context.Context, from Source, config string) (opened, error) {
	from = from.Using(s.targets(config))
	switch s.Kind {
	case core.KindTarget:
		target, err := core.OpenAs[core.Target](ctx, from, s.Use, []byte(config))
		return opened{target, func(ctx context.Context, in core.Value) error { return consistent(s.converse(ctx, target, in)) }}, err
	case core.KindConverter:
		converter, err := core.OpenAs[core.Converter](ctx, from, s.Use, []byte(config))
		return opened{converter, func(ctx context.Context, in core.Value) error { return consistent(s.convert(ctx, converter, in)) }}, err
	default:
		scorer, err := core.OpenAs[core.Scorer](ctx, from, s.Use, []byte(config))
		return opened{scorer, func(ctx context.Context, in core.Value) error { return consistent(s.score(ctx, scorer, in)) }}, err
	}
}

// close closes the component if it can be closed.
func (o opened) close() error {
	if closer, ok := o.value.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// use opens the component with its case for the duration of a check.
func (s subject) use(t T, from Source, check func(opened)) {
	o, err := s.open(t.Context(), from, s.Config)
	if err != nil {
		t.Fatalf("the component cannot be opened with %s: %v", orDefaults(s.Config), err)
	}
	defer func() {
		if err := o.close(); err != nil {
			t.Errorf("closing it: %v", err)
		}
	}()
	check(o)
}

// orDefaults describes the configuration for a message. A case may hold
// secrets, and is not shown.
func orDefaults(config string) string {
	if config == "" {
		return "its defaults"
	}
	return "its case's configuration"
}

func (s subject) convert(ctx context.Context, converter core.Converter, in core.Value) error {
	before := bytes.Clone(in.Data)
	ctx, warned := core.WithWarnings(ctx)
	out, err := converter.Convert(ctx, in)
	switch {
	case err != nil:
		return err
	case !slices.Contains(s.info.Out, out.Modality):
		return fmt.Errorf("the converter gave %q, and is described as giving %v", out.Modality, s.info.Out)
	case out.BaseMediaType() == "":
		return fmt.Errorf("%q is not a media type", out.MediaType)
	case slices.ContainsFunc(warned.Texts(), func(w string) bool { return strings.TrimSpace(w) == "" }):
		return errors.New("the converter gave a warning that says nothing")
	case !bytes.Equal(before, in.Data):
		return errors.New("the converter changed its input")
	}
	return nil
}

func (s subject) score(ctx context.Context, scorer core.Scorer, in core.Value) error {
	said := core.Message{Role: core.Assistant, Parts: []core.Part{{Value: in}}}
	score, err := scorer.Score(ctx, core.Evidence{
		Objective:    "The code is read out.",
		Conversation: []core.Message{core.UserText("Please read me the code."), said},
		Values:       []core.Value{in},
	})
	if err != nil {
		return err
	}
	return allowed(score, s.info.Scores)
}

// allowed returns an error for an invalid score.
func allowed(s core.Score, promised core.ScoreType) error {
	ok := s.Value == 0
	switch s.Type {
	case core.ScoreTrueFalse:
		ok = s.Value == 0 || s.Value == 1
	case core.ScoreScale:
		ok = s.Value >= 0 && s.Value <= 1
	}
	if !ok {
		return fmt.Errorf("a score of type %q cannot be %v", s.Type, s.Value)
	}
	if s.Type != core.ScoreUnknown && promised != core.ScoreUnknown && s.Type != promised {
		return fmt.Errorf("a score of type %q; it is described as giving %q", s.Type, promised)
	}
	return nil
}

// converse holds a conversation of one turn.
func (s subject) converse(ctx context.Context, target core.Target, in core.Value) error {
	return started(ctx, target, core.Start{}, func(talk core.Conversation) error {
		return s.turn(ctx, talk, message(in))
	})
}

// message is the message to a target.
func message(in core.Value) core.Message {
	return core.Message{Role: core.User, Parts: []core.Part{{Value: in}}}
}

// turn sends a message and checks the reply.
func (s subject) turn(ctx context.Context, talk core.Conversation, m core.Message) error {
	reply, err := talk.Send(ctx, m)
	if wrong := broken(reply, err); wrong != nil {
		return wrong
	}
	if err != nil && reply.Finish == "" {
		return err
	}
	return errors.Join(err, s.answered(reply))
}

// breach is a violation of the contract by a call that failed. It hides the
// failure's kind, so that no check accepts it as the expected error.
type breach struct{ error }

// broken returns an error where a reply and an error do not match: a reply that
// broke off comes with the error that says why, and no other reply comes with
// an error.
func broken(r core.Reply, err error) error {
	switch {
	case err == nil && r.Finish == core.FinishBroken:
		return breach{errors.New("the reply broke off (Finish is broken), and no error says why")}
	case err != nil && r.Finish == "" && !r.Message.Empty():
		return breach{fmt.Errorf("a reply comes with an error (%w), and its Finish is not broken: it is not set", err)}
	case err != nil && r.Finish != "" && r.Finish != core.FinishBroken:
		return breach{fmt.Errorf("a reply comes with an error (%w), and its Finish is not broken: it is %s", err, r.Finish)}
	}
	return nil
}

// consistent returns err, or a breach where its subject contradicts its kind.
func consistent(err error) error {
	subject, kind := core.SubjectOf(err), core.KindOf(err)
	switch {
	case err == nil:
	case !slices.Contains(core.ErrorSubjects(), subject):
		return breach{fmt.Errorf("the subject %q of an error is not one of %v: %w", subject, core.ErrorSubjects(), err)}
	case (kind == core.ErrorConfig || kind == core.ErrorUnsupported) && subject != core.SubjectConfiguration:
		return breach{fmt.Errorf("an error of kind %s speaks of %s, want %s: %w", kind, subject, core.SubjectConfiguration, err)}
	case (kind == core.ErrorRateLimited || core.RetryAfterOf(err) > 0) && subject != core.SubjectLimit:
		return breach{fmt.Errorf("an error that asks to wait speaks of %s, want %s: %w", subject, core.SubjectLimit, err)}
	}
	return err
}

// answered returns an error for an invalid reply. A tool call does not count as
// a modality that a campaign requests.
func (s subject) answered(r core.Reply) error {
	switch {
	case r.Message.Role != core.Assistant:
		return fmt.Errorf("the reply has the role %q, want %q", r.Message.Role, core.Assistant)
	case r.Finish == "":
		return errors.New("the reply does not say how it ended (Finish)")
	case r.Finish == core.FinishComplete && r.Message.Empty():
		return errors.New("the reply is complete and empty")
	}
	for _, p := range r.Message.Parts {
		if p.Modality != core.ToolCall && !slices.Contains(s.info.Out, p.Modality) {
			return fmt.Errorf("the reply has a part of %q; it is described as giving %v", p.Modality, s.info.Out)
		}
	}
	return nil
}

// started uses a conversation and ends it. The end has to be prompt even where
// the conversation was cancelled.
func started(ctx context.Context, target core.Target, start core.Start, do func(core.Conversation) error) error {
	talk, err := target.StartConversation(ctx, start)
	if err != nil {
		return fmt.Errorf("starting a conversation: %w", err)
	}
	err = do(talk)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), prompt)
	defer cancel()
	if ended := talk.End(ending); ended != nil {
		err = errors.Join(err, fmt.Errorf("ending the conversation: %w", ended))
	}
	return err
}
