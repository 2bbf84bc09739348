package plugins

import (
	"context"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// guardUnary turns errors into statuses that keep their kind, and panics into
// errors: one bad value must not end the process and every conversation in it.
func guardUnary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
	defer func() { err = wire.EncodeError(explainRefusal(err)) }()
	defer recoverAs(&err, info.FullMethod)
	return handle(ctx, request)
}

// guardStream does the same for streams.
func guardStream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	defer func() { err = wire.EncodeError(explainRefusal(err)) }()
	defer recoverAs(&err, info.FullMethod)
	return handle(server, stream)
}

// guarded calls f; a panic becomes the error.
func guarded(doing string, f func() error) (err error) {
	defer recoverAs(&err, doing)
	return f()
}

// recoverAs is deferred; a panic becomes the error, and its stack goes to the
// log.
func recoverAs(err *error, doing string) {
	if v := recover(); v != nil {
		slog.Error("panic", "in", doing, "value", v, "stack", string(debug.Stack()))
		*err = core.Errorf(core.ErrorInternal, "panic: %v", v).WithHint("panics are bugs of the plugin; the stack is in the log")
	}
}
