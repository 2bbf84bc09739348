package wire

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// A status travels in HTTP/2 headers, which are no place for a provider's
// error page of a megabyte.
const (
	maxText = 16 << 10
	maxHint = 4 << 10
)

// EncodeError returns the gRPC status of an error, with its kind, field, hint
// and wait in the details. It returns nil for nil.
func EncodeError(err error) error {
	if err == nil {
		return nil
	}
	kind := core.KindOf(err)
	if errors.Is(err, context.Canceled) && kind == core.KindInternal {
		return status.Error(codes.Canceled, clip(err.Error(), maxText))
	}
	detail := &pb.ErrorDetail{Kind: encodeErrorKind(kind), Hint: clip(core.HintOf(err), maxHint)}
	message := err.Error()
	if e, ok := errors.AsType[*core.Error](err); ok {
		detail.Field = clip(e.Field, maxHint)
		detail.RetryAfter = duration(e.RetryAfter)
		message = strings.Replace(message, e.Error(), e.At("").Error(), 1) // the field has a place of its own
	}
	s := status.New(codeOf(kind), clip(message, maxText))
	if detailed, err := s.WithDetails(protoadapt.MessageV1Of(detail)); err == nil {
		s = detailed
	}
	return s.Err()
}

// DecodeError returns the error that [EncodeError] put into a status. It
// reports false for a status without our detail, which is gRPC's own: the
// process died, the message was too large, the call was cancelled.
func DecodeError(err error) (*core.Error, bool) {
	s, ok := status.FromError(err)
	if !ok {
		return nil, false
	}
	for _, d := range s.Details() {
		if detail, ok := d.(*pb.ErrorDetail); ok {
			return &core.Error{
				Kind:       decodeErrorKind(detail.GetKind()),
				Field:      detail.GetField(),
				Hint:       detail.GetHint(),
				RetryAfter: max(0, detail.GetRetryAfter().AsDuration()),
				Err:        errors.New(s.Message()),
			}, true
		}
	}
	return nil, false
}

// codeOf returns the code that tells a peer without our detail most.
func codeOf(kind core.ErrorKind) codes.Code {
	switch kind {
	case core.KindConfig, core.KindInput:
		return codes.InvalidArgument
	case core.KindAuth:
		return codes.Unauthenticated
	case core.KindRateLimited:
		return codes.ResourceExhausted
	case core.KindUnavailable:
		return codes.Unavailable
	case core.KindTimeout:
		return codes.DeadlineExceeded
	case core.KindUnsupported:
		return codes.Unimplemented
	default:
		return codes.Internal
	}
}

// clip makes s valid UTF-8 of at most n bytes.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n-len("…")] + "…"
	}
	return text(s)
}
