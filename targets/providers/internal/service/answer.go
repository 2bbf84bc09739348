package service

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// maxShown is how much of an answer is shown that is none, in bytes.
const maxShown = 400

// Shown is the beginning of an answer that is none, on one line.
func Shown(data []byte) string {
	return phrase.ShortenBytes(phrase.OneLine(string(data)), maxShown)
}

// Nothing is the error of a success without an answer.
func Nothing(why string) *core.Error {
	return core.Errorf(core.ErrorProtocol, "the service answered with success, but there is no reply in it: %s", why).About(core.SubjectAnswer)
}

// Cut explains why the body of a response ended too early.
func Cut(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return err
	}
	return core.Errorf(core.ErrorUnavailable, "the answer was cut off: %w", err)
}

// AboutTheStatus sets what the error of a status speaks of: a service that fails
// with a request can be reached, unless a gateway says that it cannot.
func AboutTheStatus(err *core.Error, status int) *core.Error {
	if core.SubjectOf(err) != core.SubjectReachability || status >= http.StatusBadGateway {
		return err
	}
	return err.About(core.SubjectAnswer)
}

// Failed explains an error object in place of an answer, or after the beginning of
// one.
func Failed(e access.ErrorObject) *core.Error {
	kind := e.Kind()
	if kind == "" {
		kind = kindOfNumber(e.Code)
	}
	err := e.Err("the reply failed", kind)
	if core.SubjectOf(err) == core.SubjectReachability {
		return err.About(core.SubjectAnswer)
	}
	return err
}

// kindOfNumber is the kind of an error whose code is an HTTP status, as gateways
// give it in an answer that is a success by its own status.
func kindOfNumber(code string) core.ErrorKind {
	var status int
	for _, c := range code {
		if c < '0' || c > '9' || status > 999 {
			return core.ErrorUnavailable
		}
		status = 10*status + int(c-'0')
	}
	if status < 400 {
		return core.ErrorUnavailable
	}
	return access.Refusal("", status, nil, nil).Kind
}

// ReadBody reads an answer in one piece, of a length that is announced (-1 for none):
// up to a limit in bytes, without a byte order mark and white space before it. With an
// error, the data is what had come.
func ReadBody(body io.Reader, length int64, limit int) (data []byte, tooLarge bool, err error) {
	var buffer bytes.Buffer
	if length > 0 && length <= int64(limit) {
		buffer.Grow(int(length) + bytes.MinRead)
	}
	_, err = buffer.ReadFrom(io.LimitReader(body, int64(limit)+1))
	data = buffer.Bytes()
	if tooLarge = len(data) > limit; tooLarge {
		data = data[:limit]
	}
	return bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")), " \t\r\n"), tooLarge, err
}
