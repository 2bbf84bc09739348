package plugins

import (
	"context"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// guardUnary converts errors to statuses that keep their kind, and panics to
// errors, so that one bad value does not end the process with all its
// conversations.
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

// guarded calls f and returns a panic as an error.
func guarded(doing string, f func() error) (err error) {
	defer recoverAs(&err, doing)
	return f()
}

// recoverAs is deferred; it sets the error from a panic, and logs the stack.
func recoverAs(err *error, doing string) {
	if v := recover(); v != nil {
		slog.Error("panic", "in", doing, "value", v, "stack", string(debug.Stack()))
		*err = core.Errorf(core.ErrorInternal, "panic: %v", v).WithHint("panics are bugs of the plugin; the stack is in the log")
	}
}
