package httptarget

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// unpack has the body of a response read as it was before it was packed. The transport
// asks for gzip, and has unpacked that; some services pack without being asked to. What
// cannot be unpacked is an error where the body matters, and left out otherwise.
func unpack(r *http.Response) error {
	var open func(io.Reader) (io.Reader, error)
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); {
	case encoding == "", encoding == "identity":
		return nil
	case encoding == "gzip", encoding == "x-gzip":
		open = func(in io.Reader) (io.Reader, error) { return gzip.NewReader(in) }
	case encoding == "deflate":
		open = inflater
	case r.StatusCode/100 == 2:
		return core.Errorf(core.ErrorProtocol, "the answer is packed with %q, which was not asked for", encoding).
			WithHint("have the service, or the proxy before it, honour Accept-Encoding")
	default: // the status says enough
		open = func(io.Reader) (io.Reader, error) { return http.NoBody, nil }
	}
	r.Body = &packedBody{open: open, packed: r.Body}
	return nil
}

// inflater unpacks what HTTP calls deflate: zlib, or, as some services send it, the bare
// stream within.
func inflater(in io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(in)
	head, err := buffered.Peek(2)
	const method, isDeflate = 0x0f, 8
	if err == nil && head[0]&method == isDeflate && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(buffered)
	}
	return flate.NewReader(buffered), nil
}

// packedBody unpacks a body once it is read: an empty body is not packed.
type packedBody struct {
	open   func(io.Reader) (io.Reader, error)
	packed io.ReadCloser
	reader io.Reader
}

// Read implements [io.Reader].
func (b *packedBody) Read(p []byte) (int, error) {
	if b.reader == nil {
		var err error
		if b.reader, err = b.open(b.packed); err != nil {
			return 0, err
		}
	}
	return b.reader.Read(p)
}

// Close implements [io.Closer].
func (b *packedBody) Close() error { return b.packed.Close() }
