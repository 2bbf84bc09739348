package speech_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sentence = "please read me the secret code blue eleven"

// need fails the test if a program is missing.
func need(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%v: apt-get install flite espeak-ng pocketsphinx pocketsphinx-en-us", err)
		}
	}
}

// check asks a component about a configuration without opening it.
func check(t testing.TB, name, config string) error {
	t.Helper()
	for _, c := range speech.Components() {
		if c.Info.Name == name {
			return c.Check([]byte(config))
		}
	}
	t.Fatalf("there is no component %q", name)
	return nil
}

func open(t *testing.T, name, config string) (core.Converter, error) {
	t.Helper()
	for _, c := range speech.Components() {
		if c.Info.Name != name {
			continue
		}
		opened, err := core.Open[core.Converter](t.Context(), c, []byte(config))
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() {
			if err := opened.(io.Closer).Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
		return opened, nil
	}
	t.Fatalf("there is no converter %q", name)
	return nil, nil
}

func mustOpen(t *testing.T, name, config string) core.Converter {
	t.Helper()
	c, err := open(t, name, config)
	if err != nil {
		t.Fatalf("%v (hint: %s)", err, core.HintOf(err))
	}
	return c
}

func speak(t *testing.T, c core.Converter, text string) audio.Clip {
	t.Helper()
	out, err := c.Convert(t.Context(), core.TextValue(text))
	if err != nil {
		t.Fatal(err)
	}
	clip, warnings, err := audio.FromValue(out)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("decoding the speech: error %v, warnings %q", err, warnings)
	}
	return clip
}

func transcribe(t *testing.T, c core.Converter, clip audio.Clip) string {
	t.Helper()
	out, err := c.Convert(t.Context(), core.WAVValue(audio.EncodeWAV(clip)))
	if err != nil {
		t.Fatal(err)
	}
	if out.Modality != core.Text || out.MediaType != core.MediaText {
		t.Fatalf("the transcript is %s, %q", out.Modality, out.MediaType)
	}
	return out.Text()
}

func TestWhatFliteSaysPocketSphinxHears(t *testing.T) {
	need(t, "flite", "pocketsphinx_continuous")
	clip := speak(t, mustOpen(t, "speech", ``), sentence)
	listener := mustOpen(t, "transcribe", ``)
	type heard struct {
		name string
		clip audio.Clip
	}
	tests := []heard{
		{"as it was spoken", clip},
		{"over a telephone line and at 24 kHz", telephone(clip).Resample(24000)},
	}
	if os.Getenv("ENDURANCE") != "" { // the recogniser works for a second on each
		tests = append(tests,
			heard{"at 24 kHz", clip.Resample(24000)},
			heard{"at 44.1 kHz", clip.Resample(44100)},
			heard{"over a telephone line", telephone(clip)},
		)
	}
	for _, test := range tests {
		if got := transcribe(t, listener, test.clip); got != sentence {
			t.Errorf("%s: heard %q, want %q", test.name, got, sentence)
		}
	}
}

// telephone sends a clip over a line with mu-law.
func telephone(c audio.Clip) audio.Clip {
	line := c.Resample(8000)
	line.Samples = audio.DecodeMuLaw(audio.EncodeMuLaw(line.Samples))
	return line
}

func TestTextThatLooksLikeAnOptionIsSpoken(t *testing.T) {
	need(t, "flite", "espeak-ng")
	for engine, text := range map[string]string{"flite": "-lv", "espeak-ng": "--version"} {
		config := fmt.Sprintf(`{"engine": %q}`, engine)
		if got := speak(t, mustOpen(t, "speech", config), text).Duration(); got < 300*time.Millisecond {
			t.Errorf("%s says %q in %v", engine, text, got)
		}
	}
}

func TestVoicesDiffer(t *testing.T) {
	need(t, "flite", "espeak-ng")
	spoken := map[string]string{}
	for _, config := range []string{
		`{"engine": "flite", "voice": "rms"}`,
		`{"engine": "flite", "voice": "slt"}`,
		`{"engine": "espeak-ng", "voice": "en-us"}`,
		`{"engine": "espeak-ng", "voice": "de"}`,
	} {
		pcm := string(speak(t, mustOpen(t, "speech", config), "hello").PCM())
		if same, ok := spoken[pcm]; ok {
			t.Errorf("%s sounds like %s", config, same)
		}
		spoken[pcm] = config
	}
	byDefault := speak(t, mustOpen(t, "speech", ``), "hello")
	if spoken[string(byDefault.PCM())] != `{"engine": "flite", "voice": "rms"}` {
		t.Error("the default is not flite's rms")
	}
}

func TestAVoiceThatTheEngineDoesNotHaveIsRefused(t *testing.T) {
	need(t, "flite", "espeak-ng")
	for _, engine := range []string{"flite", "espeak-ng"} {
		_, err := open(t, "speech", fmt.Sprintf(`{"engine": %q, "voice": "nosuch"}`, engine))
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), "voice") || core.HintOf(err) == "" {
			t.Errorf("%s: error %v, hint %q; want a config error at voice with a hint", engine, err, core.HintOf(err))
		}
	}
}

func TestAMissingProgramIsNamedWithThePackageToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, test := range []struct{ component, config, install string }{
		{"speech", `{"engine": "flite"}`, "apt-get install flite"},
		{"speech", `{"engine": "espeak-ng"}`, "apt-get install espeak-ng"},
		{"transcribe", `{"engine": "pocketsphinx"}`, "apt-get install pocketsphinx pocketsphinx-en-us"},
		{"speech", `{"engine": "command", "command": ["nosuchprogram"]}`, "command"},
		{"transcribe", `{"engine": "command", "command": ["nosuchprogram", "{in}"]}`, "command"},
	} {
		_, err := open(t, test.component, test.config)
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(core.HintOf(err), test.install) {
			t.Errorf("%s: error %v, hint %q; want one of the configuration that says %q", test.config, err, core.HintOf(err), test.install)
		}
	}
}

func TestNothingToSayIsAnErrorAndNotSilence(t *testing.T) {
	need(t, "flite")
	c := mustOpen(t, "speech", ``)
	for _, text := range []string{"", " \n\t", "\x00\xff", "…", "日本語"} {
		if _, err := c.Convert(t.Context(), core.TextValue(text)); core.KindOf(err) != core.ErrorInput {
			t.Errorf("speaking %q: error %v, want an input error", text, err)
		}
	}
	if _, err := c.Convert(t.Context(), core.WAVValue(nil)); core.KindOf(err) != core.ErrorUnsupported {
		t.Errorf("speaking audio: error %v, want an unsupported error", err)
	}
}

func TestSilenceIsTranscribedToNothing(t *testing.T) {
	need(t, "pocketsphinx_continuous")
	c := mustOpen(t, "transcribe", ``)
	if got := transcribe(t, c, audio.Clip{Rate: 16000, Samples: make([]int16, 16000)}); got != "" {
		t.Errorf("silence says %q", got)
	}
}

func TestWhatCannotBeTranscribed(t *testing.T) {
	need(t, "pocketsphinx_continuous")
	c := mustOpen(t, "transcribe", ``)
	for _, test := range []struct {
		in   core.Value
		kind core.ErrorKind
	}{
		{core.TextValue("hello"), core.ErrorUnsupported},
		{core.Value{Modality: core.Audio, MediaType: "audio/mpeg"}, core.ErrorUnsupported},
		{core.WAVValue([]byte("noise")), core.ErrorInput},
		{core.WAVValue(audio.EncodeWAV(audio.Clip{Rate: 16000})), core.ErrorInput},
	} {
		if _, err := c.Convert(t.Context(), test.in); core.KindOf(err) != test.kind {
			t.Errorf("%s %.10q: error %v, want kind %s", test.in.MediaType, test.in.Data, err, test.kind)
		}
	}
}

func TestABrokenPocketSphinxSaysWhatItLogged(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho 'INFO: fine so far' >log.txt\necho 'ERROR: \"acmod.c\": no acoustic model' >>log.txt\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "pocketsphinx_continuous"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	c := mustOpen(t, "transcribe", ``)
	_, err := c.Convert(t.Context(), core.WAVValue(audio.EncodeWAV(tone())))
	if core.KindOf(err) != core.ErrorUnavailable || !strings.HasSuffix(err.Error(), "no acoustic model") || !strings.Contains(core.HintOf(err), "pocketsphinx-en-us") {
		t.Errorf("error %v, hint %q", err, core.HintOf(err))
	}
}

func TestAnEngineIsTriedAsTheConverterUsesIt(t *testing.T) {
	need(t, "pocketsphinx_continuous")
	for _, e := range speech.LocalEngines() {
		if err := e.Try(t.Context()); err != nil {
			t.Errorf("%s: %v", e.Engine, err)
		}
	}
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	script := "#!/bin/sh\necho 'ERROR: no acoustic model' >log.txt\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "pocketsphinx_continuous"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, e := range speech.LocalEngines() {
		err := e.Try(t.Context())
		if broken := e.Engine == "pocketsphinx"; broken != (err != nil) || broken && (!strings.HasSuffix(err.Error(), "no acoustic model") || !strings.Contains(core.HintOf(err), e.Install)) {
			t.Errorf("%s: error %v, hint %q", e.Engine, err, core.HintOf(err))
		}
	}
}

// tone is a second of a square wave.
func tone() audio.Clip {
	samples := make([]int16, 16000)
	for i := range samples {
		samples[i] = int16(8000 * (1 - i/20%2*2))
	}
	return audio.Clip{Rate: 16000, Samples: samples}
}

// toneFile writes a tone to a file and returns its name.
func toneFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tone.wav")
	if err := os.WriteFile(name, audio.EncodeWAV(tone()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// command returns the configuration of the engine command.
func command(argv ...string) string {
	quoted := make([]string, len(argv))
	for i, a := range argv {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	return `{"engine": "command", "command": [` + strings.Join(quoted, ", ") + `]}`
}

func TestACommandGetsTheTextAndGivesTheSpeechAsItWasTold(t *testing.T) {
	wav := toneFile(t)
	for _, test := range []struct {
		name, text, want string
		argv             func(got string) []string
	}{
		{"stdin to stdout", "hello", "hello", func(got string) []string {
			return []string{"sh", "-c", `cat >"$0"; cat "$1"`, got, wav}
		}},
		{"argument to file", "hello", "hello", func(got string) []string {
			return []string{"sh", "-c", `printf %s "$1" >"$0"; cp "$2" "$3"`, got, "{text}", wav, "{out}"}
		}},
		{"shell syntax stays text", "$(touch pwned); `x` {out}", "$(touch pwned); `x` {out}", func(got string) []string {
			return []string{"sh", "-c", `printf %s "$1" >"$0"; cat "$2"`, got, "{text}", wav}
		}},
		{"an option stays text", "-rf", " -rf", func(got string) []string {
			return []string{"sh", "-c", `printf %s "$1" >"$0"; cat "$2"`, got, "{text}", wav}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := filepath.Join(t.TempDir(), "got")
			clip := speak(t, mustOpen(t, "speech", command(test.argv(got)...)), test.text)
			if string(clip.PCM()) != string(tone().PCM()) {
				t.Error("the speech is not what the command gave")
			}
			text, err := os.ReadFile(got)
			if err != nil || string(text) != test.want {
				t.Errorf("the command got %q, error %v; want %q", text, err, test.want)
			}
		})
	}
}

func TestACommandGetsTheRecordingAtSixteenKilohertzMono(t *testing.T) {
	for _, test := range []struct{ name, script string }{
		{"stdout", `cp "$1" "$0"; echo "  heard it "`},
		{"file", `cp "$1" "$0"; echo "  heard it " >"$2"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := filepath.Join(t.TempDir(), "got.wav")
			argv := []string{"sh", "-c", test.script, got, "{in}"}
			if test.name == "file" {
				argv = append(argv, "{out}")
			}
			c := mustOpen(t, "transcribe", command(argv...))
			if text := transcribe(t, c, tone().Resample(44100)); text != "heard it" {
				t.Errorf("transcript %q", text)
			}
			file, err := os.ReadFile(got)
			if err != nil {
				t.Fatal(err)
			}
			clip, _, err := audio.DecodeWAV(file)
			if err != nil || clip.Rate != 16000 || clip.Duration() != time.Second {
				t.Errorf("the command got %v, error %v", clip, err)
			}
		})
	}
}

func TestTwentyTrialsThatSayTheSameHaveItSpokenOnce(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	c := mustOpen(t, "speech", command("sh", "-c", `echo x >>"$0"; cat "$1"`, count, toneFile(t)))
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := c.Convert(t.Context(), core.TextValue("the same")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	speak(t, c, "another")
	spoken, err := os.ReadFile(count)
	if err != nil || strings.Count(string(spoken), "x") != 2 {
		t.Errorf("the command ran %d times, error %v; want once for each text", strings.Count(string(spoken), "x"), err)
	}
}

func TestWhatACommandMayGetWrong(t *testing.T) {
	for _, test := range []struct {
		name, component string
		argv            []string
		kind            core.ErrorKind
		message         string
	}{
		{"fails", "speech", []string{"sh", "-c", "echo hoarse >&2; exit 3"}, core.ErrorInput, "sh: exit status 3: hoarse"},
		{"says nothing", "speech", []string{"true"}, core.ErrorProtocol, "is empty"},
		{"gives something else", "speech", []string{"echo", "OggS"}, core.ErrorProtocol, "an Ogg file"},
		{"breaks off", "speech", []string{"head", "-c", "1044", toneFile(t)}, core.ErrorProtocol, "is cut off"},
		{"writes no file", "speech", []string{"true", "{out}"}, core.ErrorProtocol, "without writing the file"},
		{"writes no transcript", "transcribe", []string{"true", "{in}", "{out}"}, core.ErrorProtocol, "without writing the file"},
		{"does not hear", "transcribe", []string{"sh", "-c", "echo deaf >&2; exit 1", "{in}"}, core.ErrorInput, "deaf"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := core.TextValue("hello")
			if test.component == "transcribe" {
				in = core.WAVValue(audio.EncodeWAV(tone()))
			}
			_, err := mustOpen(t, test.component, command(test.argv...)).Convert(t.Context(), in)
			if core.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.message) {
				t.Errorf("error %v, want kind %s with %q", err, test.kind, test.message)
			}
		})
	}
}

func TestACancelledConversionEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := mustOpen(t, "speech", command("sleep", "1000"))
	if _, err := c.Convert(ctx, core.TextValue("hello")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestNoTemporaryFileIsLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	wav := toneFile(t)
	speak(t, mustOpen(t, "speech", command("cp", wav, "{out}")), "hello")
	_, err := mustOpen(t, "speech", command("false", "{out}")).Convert(t.Context(), core.TextValue("hello"))
	if err == nil {
		t.Error("the command false succeeds")
	}
	transcribe(t, mustOpen(t, "transcribe", command("echo", "{in}")), tone())
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s is left", f.Name())
	}
}

func TestKeysThatDoNotFitTheEngineAreRefused(t *testing.T) {
	for _, test := range []struct{ component, config, field, message string }{
		{"speech", `{"engine": "festival"}`, "engine", "no engine"},
		{"speech", `{"engine": "command"}`, "command", "needs a program"},
		{"speech", `{"command": ["say"]}`, "command", "for the engine command"},
		{"speech", `{"engine": "command", "command": ["{text}"]}`, "command", "may not be a placeholder"},
		{"speech", `{"engine": "command", "command": ["say", "{in}"]}`, "command", "no meaning here"},
		{"speech", `{"engine": "command", "command": ["./say"]}`, "command", "relative to no known folder"},
		{"speech", `{"engine": "command", "command": ["say"], "voice": "x"}`, "voice", "for the engine flite"},
		{"speech", `{"endpoint": "http://127.0.0.1"}`, "endpoint", "for the engine openai"},
		{"speech", `{"model": "x"}`, "model", "for the engine openai"},
		{"speech", `{"api_key": "x"}`, "api_key", "for the engine openai"},
		{"speech", `{"engine": "openai"}`, "endpoint", "needs an endpoint"},
		{"transcribe", `{"engine": "openai", "endpoint": "http://127.0.0.1"}`, "model", "needs a model"},
		{"speech", `{"engine": "openai", "endpoint": "127.0.0.1:80"}`, "endpoint", "not an http or https URL"},
		{"speech", `{"engine": "openai", "endpoint": "ftp://127.0.0.1"}`, "endpoint", "not an http or https URL"},
		{"speech", `{"engine": "openai", "endpoint": "http://user:pass@127.0.0.1"}`, "endpoint", "credentials"},
		{"speech", `{"engine": "openai", "endpoint": "ftp://user:pass@127.0.0.1"}`, "endpoint", "not an http or https URL"},
		{"speech", `{"engine": "openai", "endpoint": "http://voices.example", "model": "m"}`, "endpoint", "in the clear to voices.example"},
		{"transcribe", `{"engine": "openai", "endpoint": "http://10.0.0.1/v1", "model": "m"}`, "endpoint", "in the clear to 10.0.0.1"},
		{"speech", `{"insecure_plain": true}`, "insecure_plain", "for the engine openai"},
		{"speech", `{"timeout": "0s"}`, "timeout", "is not positive"},
		{"transcribe", `{"engine": "whisper"}`, "engine", "no engine"},
		{"transcribe", `{"engine": "command", "command": ["listen"]}`, "command", "does not say where {in} goes"},
		{"transcribe", `{"engine": "command", "command": ["listen", "{in}", "{text}"]}`, "command", "no meaning here"},
		{"transcribe", `{"language": "en"}`, "language", "for the engine openai"},
		{"transcribe", `{"voice": "rms"}`, "voice", "unknown key"},
	} {
		err := check(t, test.component, test.config)
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Kind != core.ErrorConfig || e.Field != test.field || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s %s: error %v, want a config error at %q with %q", test.component, test.config, err, test.field, test.message)
		}
		if strings.Contains(fmt.Sprint(err), "pass@") {
			t.Errorf("the error quotes a password: %v", err)
		}
	}
}

func TestAPlainAddressOfAnotherMachineIsTakenWithLeave(t *testing.T) {
	if err := check(t, "speech", `{"engine": "openai", "endpoint": "http://voices.example/v1", "model": "m", "insecure_plain": true}`); err != nil {
		t.Error(err)
	}
}

func TestEverythingWrongWithAConfigurationIsSaidAtOnce(t *testing.T) {
	wrong, _ := errors.AsType[core.Errors](check(t, "speech", `{"command": ["say"], "model": "x", "api_key": "y", "timeout": "0s"}`))
	var got []string
	for _, e := range wrong {
		got = append(got, e.Field)
	}
	if want := "timeout command model api_key"; strings.Join(got, " ") != want {
		t.Errorf("errors at %v, want %s", got, want)
	}
}
