package speech_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// warnings converts a value and returns what the converter warns of.
func warnings(t *testing.T, c core.Converter, in core.Value) []string {
	t.Helper()
	ctx, warned := core.WithWarnings(t.Context())
	if _, err := c.Convert(ctx, in); err != nil {
		t.Fatal(err)
	}
	return warned.Texts()
}

func TestWhatAnEngineCannotSayIsAWarningEachTime(t *testing.T) {
	need(t, "flite", "espeak-ng")
	for _, test := range []struct {
		config, text string
		want         []string
	}{
		{``, "Meet me at the café. I pay £5 for ½ an hour – привет 🙂", []string{`flite cannot say "привет", "🙂": the sound is without it`}},
		{``, "Meet me at the café. I pay £5 for ½ an hour…", nil},
		{``, "hello \xff", []string{`flite cannot say "bytes that are not UTF-8": the sound is without it`}},
		{`{"engine": "espeak-ng"}`, "hello 🙂 ─ 漢字", []string{`espeak-ng cannot say "─", "漢字": the sound is without it`}},
		{command("sh", "-c", `cat >/dev/null; cat "$0"`, toneFile(t)), "привет 🙂 [[x]]", nil},
		{command("sh", "-c", `cat >/dev/null; cat "$0"`, toneFile(t)), "привет\xff", []string{`command cannot say "bytes that are not UTF-8": the sound is without it`}},
	} {
		c := mustOpen(t, "speech", test.config)
		for range 2 { // the second time from the cache
			if got := warnings(t, c, core.TextValue(test.text)); !slices.Equal(got, test.want) {
				t.Errorf("%s: %q warns of %q, want %q", test.config, test.text, got, test.want)
			}
		}
	}
}

func TestACommandGetsTheTextAsItIsWritten(t *testing.T) {
	const text = "café £5 [[dog]] va\u200bult привет … <b>"
	c := mustOpen(t, "speech", command("sh", "-c", `test "$1" = "$2" && cat "$0"`, toneFile(t), "{text}", text))
	if _, err := c.Convert(t.Context(), core.TextValue(text)); err != nil {
		t.Errorf("it got another text: %v", err)
	}
}

func TestATextThatIsTooLongToBeSpokenIsRefused(t *testing.T) {
	c := mustOpen(t, "speech", command("cp", toneFile(t), "{out}"))
	if _, err := c.Convert(t.Context(), core.TextValue(strings.Repeat("a", 1<<20))); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	if _, err := c.Convert(t.Context(), core.TextValue(strings.Repeat("a", 1<<20+1))); core.KindOf(err) != core.ErrorInput {
		t.Errorf("more than 1 MiB: error %v, want an input error", err)
	}
}

func TestARecordingThatIsCutOffIsAWarning(t *testing.T) {
	file := audio.EncodeWAV(tone())
	c := mustOpen(t, "transcribe", command("echo", "heard", "{in}"))
	if got := warnings(t, c, core.WAVValue(file)); len(got) != 0 {
		t.Errorf("a whole file warns of %q", got)
	}
	if got := warnings(t, c, core.WAVValue(file[:len(file)-100])); len(got) != 1 || !strings.Contains(got[0], "is cut off") {
		t.Errorf("a file that is cut off warns of %q", got)
	}
}
