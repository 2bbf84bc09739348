package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrorKind says what a caller can do about an [Error].
type ErrorKind string

// The error kinds.
const (
	// ErrorConfig: a component's configuration is wrong; mend the campaign.
	ErrorConfig ErrorKind = "config"
	// ErrorAuth: the credentials were refused.
	ErrorAuth ErrorKind = "auth"
	// ErrorRateLimited: try again, after RetryAfter where it is known.
	ErrorRateLimited ErrorKind = "rate_limited"
	// ErrorUnavailable: the other side cannot be reached or went away.
	ErrorUnavailable ErrorKind = "unavailable"
	// ErrorTimeout: a deadline of ours passed.
	ErrorTimeout ErrorKind = "timeout"
	// ErrorUnsupported: the component cannot do that at all.
	ErrorUnsupported ErrorKind = "unsupported"
	// ErrorInput: this value cannot be processed; another might.
	ErrorInput ErrorKind = "input"
	// ErrorProtocol: the other side broke its protocol.
	ErrorProtocol ErrorKind = "protocol"
	// ErrorInternal: a bug in the component. Errors that carry no kind are
	// taken for internal ones.
	ErrorInternal ErrorKind = "internal"
	// ErrorInterrupted is the kind of a reply that was not waited for, because the run
	// was interrupted, or because the component gave up that had asked for it. It is
	// found in records only: no component fails with it.
	ErrorInterrupted ErrorKind = "interrupted"
)

// ErrorKinds lists every kind that a component may fail with.
func ErrorKinds() []ErrorKind {
	return []ErrorKind{
		ErrorConfig, ErrorAuth, ErrorRateLimited, ErrorUnavailable, ErrorTimeout,
		ErrorUnsupported, ErrorInput, ErrorProtocol, ErrorInternal,
	}
}

// ErrorSubject says what an [Error] speaks of. It tells a caller whether the
// other side is down, which the kind alone does not: a service that closes one
// connection in the middle of a reply is reachable.
type ErrorSubject string

// The error subjects.
const (
	// SubjectReachability: nothing can be asked of the other side, because it is
	// down or cannot be found. A caller may stop asking it for a while, whoever
	// asks, where this is said at the start of a conversation.
	SubjectReachability ErrorSubject = "reachability"
	// SubjectLimit: the other side asks to come back later, after RetryAfter
	// where that is known.
	SubjectLimit ErrorSubject = "limit"
	// SubjectAnswer: this one request or its reply failed. The next one may
	// succeed.
	SubjectAnswer ErrorSubject = "answer"
	// SubjectConfiguration: what was asked for, or how, has to change before it
	// can succeed.
	SubjectConfiguration ErrorSubject = "configuration"
)

// ErrorSubjects lists every subject.
func ErrorSubjects() []ErrorSubject {
	return []ErrorSubject{SubjectReachability, SubjectLimit, SubjectAnswer, SubjectConfiguration}
}

// Error is an error with a kind. It crosses the plugin boundary unharmed.
type Error struct {
	Kind ErrorKind
	// Subject is what the error speaks of; "" if that is what its kind and
	// RetryAfter say. See [SubjectOf].
	Subject ErrorSubject
	// Field is the path of the configuration key at fault, such as
	// "audio.voice", where there is one.
	Field string
	// Hint says what would be right, or what to try.
	Hint string
	// RetryAfter is how long the other side asked us to wait; 0 if it did
	// not say.
	RetryAfter time.Duration
	Err        error
}

// Errorf returns an [Error] of a kind; format works as in [fmt.Errorf].
func Errorf(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// Error returns the message without the hint.
func (e *Error) Error() string {
	msg := string(e.Kind) + " error"
	if e.Err != nil {
		msg = e.Err.Error()
	}
	if e.Field != "" {
		return e.Field + ": " + msg
	}
	return msg
}

// Unwrap returns the error within.
func (e *Error) Unwrap() error { return e.Err }

// WithHint returns a copy of the error with a hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	f := *e
	f.Hint = fmt.Sprintf(format, args...)
	return &f
}

// At returns a copy of the error that names a configuration key.
func (e *Error) At(field string) *Error {
	f := *e
	f.Field = field
	return &f
}

// After returns a copy of the error that says how long to wait.
func (e *Error) After(d time.Duration) *Error {
	f := *e
	f.RetryAfter = d
	return &f
}

// About returns a copy of the error that says what it speaks of. It is needed
// where that is not what the kind says, such as for an [ErrorUnavailable] of a
// connection that broke in the middle of a reply, which speaks of an answer.
func (e *Error) About(s ErrorSubject) *Error {
	f := *e
	f.Subject = s
	return &f
}

// ErrGone is in the chain of an error of a component whose plugin has died too often:
// no call of it can succeed any more in this run.
var ErrGone = errors.New("the plugin is not started again")

// KindOf returns the kind of the outermost [Error] in err's chain,
// ErrorTimeout for a passed deadline, and ErrorInternal for anything else. It
// returns "" for nil.
func KindOf(err error) ErrorKind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrorTimeout
	}
	return ErrorInternal
}

// SubjectOf returns what an error speaks of: the subject of the outermost
// [Error] in err's chain that has one. Where none has, it is [ImpliedSubject] of
// [KindOf] and [RetryAfterOf]. It returns "" for nil.
func SubjectOf(err error) ErrorSubject {
	if err == nil {
		return ""
	}
	if said := outermost(err, func(e *Error) ErrorSubject { return e.Subject }); said != "" {
		return said
	}
	return ImpliedSubject(KindOf(err), RetryAfterOf(err))
}

// ImpliedSubject returns what an error of a kind speaks of that does not say so
// itself: ErrorRateLimited, and any error that says how long to wait, speak of a
// limit, ErrorUnavailable of reachability, ErrorConfig, ErrorAuth,
// ErrorUnsupported and ErrorInput of the configuration, and all others of an
// answer.
func ImpliedSubject(kind ErrorKind, retryAfter time.Duration) ErrorSubject {
	if retryAfter > 0 {
		return SubjectLimit
	}
	switch kind {
	case ErrorRateLimited:
		return SubjectLimit
	case ErrorUnavailable:
		return SubjectReachability
	case ErrorConfig, ErrorAuth, ErrorUnsupported, ErrorInput:
		return SubjectConfiguration
	default:
		return SubjectAnswer
	}
}

// HintOf returns the hint of the outermost [Error] in err's chain that has one.
func HintOf(err error) string {
	return outermost(err, func(e *Error) string { return e.Hint })
}

// RetryAfterOf returns how long the outermost [Error] in err's chain that says
// so asks to wait, and 0 where none does.
func RetryAfterOf(err error) time.Duration {
	return outermost(err, func(e *Error) time.Duration { return max(0, e.RetryAfter) })
}

// outermost returns a field of the outermost [Error] in err's chain that has it,
// and the zero value where none has.
func outermost[T comparable](err error, field func(*Error) T) T {
	var none T
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return none
		}
		if value := field(e); value != none {
			return value
		}
		err = e.Err
	}
	return none
}

// Errors are several things that are wrong at once, such as the keys of a
// configuration. It is an error if it is not empty, and crosses the plugin
// boundary unharmed.
type Errors []*Error

// Error returns the messages in their order.
func (es Errors) Error() string {
	messages := make([]string, len(es))
	for i, e := range es {
		messages[i] = e.Error()
	}
	return strings.Join(messages, "; ")
}

// Unwrap returns the errors.
func (es Errors) Unwrap() []error {
	all := make([]error, len(es))
	for i, e := range es {
		all[i] = e
	}
	return all
}

// Err returns nil for no errors, the error itself where there is one, and all
// of them otherwise.
func (es Errors) Err() error {
	switch len(es) {
	case 0:
		return nil
	case 1:
		return es[0]
	default:
		return es
	}
}

// configErrors returns what is wrong with a configuration: an [Error] or
// [Errors]. What carries no kind is of [ErrorConfig].
func configErrors(err error) error {
	return flatten(err).Err()
}

// flatten returns the errors that an error joins.
func flatten(err error) Errors {
	switch e := err.(type) { //nolint:errorlint // a wrapped one belongs to the text that wraps it
	case *Error:
		return Errors{e}
	case interface{ Unwrap() []error }:
		var all Errors
		for _, joined := range e.Unwrap() {
			all = append(all, flatten(joined)...)
		}
		return all
	}
	kind := ErrorConfig
	if e, ok := errors.AsType[*Error](err); ok {
		kind = e.Kind
	}
	return Errors{{Kind: kind, Hint: HintOf(err), Err: err}}
}
