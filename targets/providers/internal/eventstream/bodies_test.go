package eventstream_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
)

func TestABodyIsTakenForWhatItBeginsAs(t *testing.T) {
	var bodies eventstream.Bodies
	const told = "in one piece, although"
	for _, test := range []struct {
		body, mediaType string
		streamed        bool
		want, warning   string
	}{
		{"data: {}\n\n", "text/event-stream", true, "stream", ""},
		{"data: {}\n\n", "application/json", true, "stream", ""},
		{"id: 1\ndata: {}\n\n", "", true, "stream", ""},
		{"retry: 5\ndata: {}\n\n", "text/plain", true, "stream", ""},
		{"{}", "application/json", false, "whole", ""},
		{"{}", "text/event-stream", true, "whole", told},
		{"{}", "application/json", true, "whole", ""}, // it has been told
	} {
		response := &http.Response{Header: http.Header{"Content-Type": {test.mediaType}}, Body: io.NopCloser(strings.NewReader(test.body))}
		var as, warning string
		take := func(kind string) func(*bufio.Reader) error {
			return func(body *bufio.Reader) error {
				data, err := io.ReadAll(body)
				if string(data) != test.body {
					t.Errorf("%q is read as %q", test.body, data)
				}
				as = kind
				return err
			}
		}
		err := bodies.Read(response, eventstream.Taker{
			Streamed: test.streamed, Stream: take("stream"), Whole: take("whole"),
			Warn: func(format string, args ...any) { warning += fmt.Sprintf(format, args...) },
		})
		if err != nil || as != test.want || (warning == "") != (test.warning == "") || !strings.Contains(warning, test.warning) {
			t.Errorf("%q (%s) is taken as %s, with the warning %q, %v", test.body, test.mediaType, as, warning, err)
		}
	}
}
