package telemetry

import (
	"context"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// UploadTraces sends spans. It always returns nil: spans that cannot be sent are
// lost, with a warning, and the run goes on.
func (u *uploader) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	defer context.AfterFunc(u.over, cancel)()
	if err := u.Client.UploadTraces(ctx, spans); err != nil {
		u.warn(err)
	}
	return nil
}
