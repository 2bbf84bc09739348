package wire

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// Limits of a status's texts: it is sent in HTTP/2 headers, which are too small
// for a provider's error page of a megabyte.
const (
	maxText = 16 << 10
	maxHint = 4 << 10
	// maxErrors is how many of several errors are sent.
	maxErrors = 20
	// maxEach is the largest size of each text of several errors.
	maxEach = 1 << 10
)

// EncodeError returns the gRPC status of an error, with its kind, subject, field,
// hint and wait in the details. It returns nil for nil.
func EncodeError(err error) error {
	if err == nil {
		return nil
	}
	kind := core.KindOf(err)
	if errors.Is(err, context.Canceled) && kind == core.ErrorInternal {
		return status.Error(codes.Canceled, phrase.ShortenBytes(err.Error(), maxText))
	}
	if several, ok := errors.AsType[core.Errors](err); ok && len(several) > 1 {
		return encodeErrors(several)
	}
	detail := &pb.ErrorDetail{
		Kind:       encodeErrorKind(kind),
		Subject:    encodeErrorSubject(err),
		Hint:       phrase.ShortenBytes(core.HintOf(err), maxHint),
		RetryAfter: duration(core.RetryAfterOf(err)),
	}
	message := err.Error()
	if e, ok := errors.AsType[*core.Error](err); ok {
		detail.Field = phrase.ShortenBytes(e.Field, maxHint)
		message = strings.Replace(message, e.Error(), e.At("").Error(), 1) // the field has a place of its own
	}
	return statusOf(kind, message, detail)
}

// encodeErrors returns the status of several errors, with a detail for each.
func encodeErrors(several core.Errors) error {
	var details []protoadapt.MessageV1
	for _, d := range EncodeWarnings(several) {
		details = append(details, d)
	}
	return statusOf(core.KindOf(several), several.Error(), details...)
}

// EncodeWarnings returns errors that stop nothing for the wire.
func EncodeWarnings(all core.Errors) []*pb.ErrorDetail {
	var details []*pb.ErrorDetail
	for _, e := range all[:min(len(all), maxErrors)] {
		details = append(details, &pb.ErrorDetail{
			Kind:    encodeErrorKind(e.Kind),
			Subject: encodeErrorSubject(e),
			Field:   phrase.ShortenBytes(e.Field, maxEach),
			Hint:    phrase.ShortenBytes(e.Hint, maxEach),
			Message: phrase.ShortenBytes(e.At("").Error(), maxEach),
		})
	}
	return details
}

// DecodeWarnings returns errors that stop nothing from the wire.
func DecodeWarnings(all []*pb.ErrorDetail) core.Errors {
	var warnings core.Errors
	for _, d := range all[:min(len(all), maxErrors)] {
		warnings = append(warnings, decodeDetail(d, "a warning without words"))
	}
	return warnings
}

func statusOf(kind core.ErrorKind, message string, details ...protoadapt.MessageV1) error {
	s := status.New(codeOf(kind), phrase.ShortenBytes(message, maxText))
	if detailed, err := s.WithDetails(details...); err == nil {
		s = detailed
	}
	return s.Err()
}

// DecodeError returns the error that [EncodeError] put into a status: a
// [core.Error], or [core.Errors] of several. It returns nil for a status
// without these details, which comes from gRPC itself: the process died, the
// message was too large, the call was cancelled.
func DecodeError(err error) error {
	s, ok := status.FromError(err)
	if !ok {
		return nil
	}
	var all core.Errors
	for _, d := range s.Details() {
		if detail, ok := d.(*pb.ErrorDetail); ok {
			all = append(all, decodeDetail(detail, s.Message()))
		}
	}
	return all.Err()
}

// decodeDetail returns one error of a status.
func decodeDetail(detail *pb.ErrorDetail, message string) *core.Error {
	return &core.Error{
		Kind:       decodeErrorKind(detail.GetKind()),
		Subject:    decodeErrorSubject(detail.GetSubject()),
		Field:      detail.GetField(),
		Hint:       detail.GetHint(),
		RetryAfter: max(0, detail.GetRetryAfter().AsDuration()),
		Err:        errors.New(cmp.Or(detail.GetMessage(), message)),
	}
}

// codeOf returns the code that is most informative for a peer that does not
// read the details.
func codeOf(kind core.ErrorKind) codes.Code {
	switch kind {
	case core.ErrorConfig, core.ErrorInput:
		return codes.InvalidArgument
	case core.ErrorAuth:
		return codes.Unauthenticated
	case core.ErrorRateLimited:
		return codes.ResourceExhausted
	case core.ErrorUnavailable:
		return codes.Unavailable
	case core.ErrorTimeout:
		return codes.DeadlineExceeded
	case core.ErrorUnsupported:
		return codes.Unimplemented
	default:
		return codes.Internal
	}
}
