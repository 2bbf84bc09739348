package host

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
)

func TestALongLineIsCutBetweenItsCharacters(t *testing.T) {
	t.Parallel()
	for offset := range 8 {
		line := strings.Repeat("x", maxShown-6+offset) + strings.Repeat("€", 10)
		l := newPluginLog(hclog.NewNullLogger())
		l.plain(line)
		shown := l.lastLines()[0]
		if !utf8.ValidString(shown) || strings.ContainsRune(shown, utf8.RuneError) || !strings.HasSuffix(shown, "…") {
			t.Errorf("with %d letters before: it ends with %q", maxShown-6+offset, shown[maxShown-10:])
		}
		err := checkHandshake(line)
		if text := err.Error(); !utf8.ValidString(text) || strings.Contains(text, `\x`) || !strings.Contains(text, `…"`) {
			t.Errorf("with %d letters before: %s", maxShown-6+offset, text)
		}
	}
}

func TestTheLastEightLinesAreKeptAndOfACrashTheFirst(t *testing.T) {
	numbered := func(first, last int) []string {
		var lines []string
		for n := first; n <= last; n++ {
			lines = append(lines, fmt.Sprintf("line %d", n))
		}
		return lines
	}
	crash := append([]string{"panic: no"}, numbered(1, 20)...)
	for name, test := range map[string]struct{ lines, want []string }{
		"none":                      {nil, nil},
		"eight":                     {numbered(1, 8), numbered(1, 8)},
		"more":                      {numbered(1, 20), numbered(13, 20)},
		"empty ones do not count":   {append(numbered(1, 8), "", " "), numbered(1, 8)},
		"a crash":                   {crash, crash[:8]},
		"a crash after other lines": {append(numbered(1, 9), crash...), crash[:8]},
		"a fatal error":             {[]string{"line 1", "fatal error: no", "panic: again"}, []string{"fatal error: no", "panic: again"}},
	} {
		l := newPluginLog(hclog.NewNullLogger())
		for _, line := range test.lines {
			l.plain(line)
		}
		if got := l.lastLines(); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// hanging is a log that keeps its writer waiting.
type hanging struct{ writing, release chan struct{} }

func (h hanging) Write(p []byte) (int, error) {
	close(h.writing)
	<-h.release
	return len(p), nil
}

func TestALogThatHangsKeepsNobodyFromThePluginsLastLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hanging{make(chan struct{}), make(chan struct{})}
		l := newPluginLog(hclog.New(&hclog.LoggerOptions{Output: h}))
		l.drop()
		<-h.writing
		l.remember("the disk is full")
		if got := l.lastLines(); len(got) != 1 {
			t.Errorf("the last lines are %q", got)
		}
		close(h.release)
		time.Sleep(time.Second)
		l.drop()
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.dropped != 1 || l.summary == nil {
			t.Errorf("%d lines are counted after a summary, want 1", l.dropped)
		}
		l.summary.Stop()
	})
}
