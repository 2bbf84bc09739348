package eventstream_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
)

// read returns the events of a stream, and its end.
func read(r io.Reader, limit int) (events []string, end error) {
	reader := eventstream.NewReader(r, limit)
	for {
		e, err := reader.Next()
		if err != nil {
			if len(e.Data) > 0 {
				events = append(events, "…"+string(e.Data))
			}
			return events, err
		}
		events = append(events, e.Type+"|"+string(e.Data))
	}
}

func TestEventsAreRead(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, test := range map[string]struct {
		stream string
		want   []string
		end    error
	}{
		"nothing":                  {"", nil, io.EOF},
		"two":                      {"data: a\n\ndata: b\n\n", []string{"|a", "|b"}, io.EOF},
		"without a space":          {"data:a\n\n", []string{"|a"}, io.EOF},
		"with more than one":       {"data:  a\n\n", []string{"| a"}, io.EOF},
		"several lines":            {"data: a\ndata:\ndata: b\n\n", []string{"|a\n\nb"}, io.EOF},
		"a name":                   {"event: ping\ndata: a\n\ndata: b\n\n", []string{"ping|a", "|b"}, io.EOF},
		"a name without data":      {"event: ping\n\ndata: b\n\n", []string{"|b"}, io.EOF},
		"carriage returns":         {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"|a", "|b"}, io.EOF},
		"comments and other lines": {": hello\n\nid: 1\nretry: 5\nnonsense\ndata: a\n\n", []string{"|a"}, io.EOF},
		"a line that is an object": {"data: a\n\n{\"error\": \"x: y\"}\n\ndata: b\n\n", []string{"|a", `|{"error": "x: y"}`, "|b"}, io.EOF},
		"an error as a field":      {"error: {}\n\ndata: b\n\n", []string{"error|{}", "|b"}, io.EOF},
		"empty data":               {"data:\n\n", []string{"|"}, io.EOF},
		"longer than the buffer":   {"data: " + long + "\n\ndata: b\n\n", []string{"|" + long, "|b"}, io.EOF},
		"cut after a line":         {"data: a\n\ndata: b\n", []string{"|a", "…b"}, io.ErrUnexpectedEOF},
		"cut within a line":        {"data: a\n\ndata: b", []string{"|a", "…b"}, io.ErrUnexpectedEOF},
		"cut within a name":        {"data: a\n\neve", []string{"|a"}, io.EOF},
		"cut within a comment":     {"data: a\n\n: hel", []string{"|a"}, io.EOF},
		"blank lines":              {"\n\n\ndata: a\n\n\n\n", []string{"|a"}, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.stream), iotest.OneByteReader(strings.NewReader(test.stream))} {
				if got, end := read(r, 20_000); !slices.Equal(got, test.want) || !errors.Is(end, test.end) {
					t.Errorf("read %q until %v, want %q until %v", got, end, test.want, test.end)
				}
			}
		})
	}
}

func TestAnEventBeyondTheLimitIsCut(t *testing.T) {
	for name, stream := range map[string]string{
		"in one line":     "data: 12345678\n\n",
		"in several":      "data: 12345\ndata: 678\n\n",
		"without an end":  "data: " + strings.Repeat("1", 1<<20),
		"behind a buffer": "data: 123456" + strings.Repeat("7", 1<<20) + "\n\n",
	} {
		got, end := read(strings.NewReader(stream), 6)
		if !errors.Is(end, eventstream.ErrTooLarge) || len(got) != 1 || len(got[0]) != len("…")+6 {
			t.Errorf("%s: read %.30q until %v", name, got, end)
		}
	}
}

func TestAnErrorOfTheConnectionComesWithWhatHadArrived(t *testing.T) {
	lost := errors.New("lost")
	got, end := read(io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(lost)), 100)
	if want := []string{"|a", "…b"}; !slices.Equal(got, want) || !errors.Is(end, lost) {
		t.Errorf("read %q until %v, want %q until %v", got, end, want, lost)
	}
}

func FuzzReader(f *testing.F) {
	f.Add("event: a\r\ndata: b\n\n: c\ndata", 3)
	f.Fuzz(func(t *testing.T, stream string, limit int) {
		limit = max(1, limit%1000)
		got, end := read(strings.NewReader(stream), limit)
		again, endAgain := read(iotest.OneByteReader(strings.NewReader(stream)), limit)
		if !slices.Equal(got, again) || !errors.Is(endAgain, end) {
			t.Errorf("read %q until %v, byte by byte %q until %v", got, end, again, endAgain)
		}
	})
}
