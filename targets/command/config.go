package command

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Program is what a campaign writes under with: to say which program runs, and how.
// All targets of this package have these keys.
type Program struct {
	Command     []string               `json:"command" required:"true" min:"1" format:"command" doc:"Program and its arguments: a name that is on the PATH, or an absolute path. No shell is involved. It needs --allow-commands."`
	Directory   string                 `json:"directory" doc:"Folder in which the program starts, by its absolute path; left out, each conversation has an empty one of its own, which is removed afterwards."`
	Files       []string               `json:"files" format:"local-file" doc:"Files that the program reads beside those of the system, such as its script; their folders need --secret-dir, and may be read as a whole."`
	Environment map[string]string      `json:"environment" doc:"Environment variables of the program, beside PATH, HOME, TMPDIR, the language, the time zone, and those of proxies and certificates."`
	Secrets     map[string]core.Secret `json:"secrets" doc:"Environment variables of the program whose values are secrets, as in API_KEY: ${API_KEY}."`

	MaxReplyBytes int      `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes; what is longer is cut off and marked as truncated."`
	Timeouts      Timeouts `json:"timeouts" doc:"How long to wait for what."`
}

// Timeouts are how long a conversation waits for its program. All are positive.
type Timeouts struct {
	Start core.Duration `json:"start" doc:"For the greeting of a program that has one."`
	Turn  core.Duration `json:"turn" doc:"For a whole reply. The program is killed afterwards: a reply that comes late would be taken for the next one."`
	End   core.Duration `json:"end" doc:"For the program to end by itself once its standard input is closed; then it is killed."`
}

// JSONConfig is the configuration of the target "command".
type JSONConfig struct {
	Program
	Accepts []string `json:"accepts" enum:"text,audio,image,tool_result" doc:"What the program can be sent. A message with anything else is refused before it is sent."`
}

// LinesConfig is the configuration of the target "command/lines".
type LinesConfig struct {
	Program
	Until      string        `json:"until" enum:"line,empty_line,marker,prompt,quiet" doc:"Where a reply ends: after one line; at an empty line; at a line that is the marker; at the marker without a line end, as a prompt has none; or when nothing has come for a while, which leaves the reply unconfirmed."`
	Marker     string        `json:"marker" doc:"The line or prompt that ends a reply, with until: marker or prompt, such as END or '> '."`
	MessageEnd string        `json:"message_end" doc:"Line that follows each message to the program, so that a message may have several lines; left out, a message is one line."`
	Greeting   *bool         `json:"greeting" doc:"Whether the program writes something before the first message, which ends as replies do. It has to be said, but with until: prompt, where the program always does."`
	Quiet      core.Duration `json:"quiet" min:"1ms" doc:"With until: quiet, the time without output after which a reply that has begun is taken for over."`
}

// OnceConfig is the configuration of the target "command/once".
type OnceConfig struct {
	Program
}

func defaultProgram() Program {
	return Program{
		MaxReplyBytes: 4 << 20,
		Timeouts: Timeouts{
			Start: core.Duration(30 * time.Second), Turn: core.Duration(2 * time.Minute), End: core.Duration(time.Second),
		},
	}
}

func defaultJSON() JSONConfig {
	return JSONConfig{Program: defaultProgram(), Accepts: []string{"text"}}
}

func defaultLines() LinesConfig {
	return LinesConfig{Program: defaultProgram(), Until: untilLine, Quiet: core.Duration(2 * time.Second)}
}

func defaultOnce() OnceConfig { return OnceConfig{Program: defaultProgram()} }

// Validate checks what the schema cannot.
func (c *JSONConfig) Validate() error {
	wrong := c.check()
	for _, m := range c.Accepts {
		if !slices.Contains([]string{"text", "audio", "image", "tool_result"}, m) {
			wrong = append(wrong, core.Errorf(core.ErrorConfig, "%q is none of text, audio, image and tool_result", m).At("accepts"))
		}
	}
	return wrong.Err()
}

// Validate checks what the schema cannot.
func (c *LinesConfig) Validate() error {
	wrong := c.check()
	isMarked := c.Until == untilMarker || c.Until == untilPrompt
	switch {
	case !slices.Contains([]string{untilLine, untilEmptyLine, untilMarker, untilPrompt, untilQuiet}, c.Until):
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "%q is no end of a reply", c.Until).At("until").
			WithHint("line, empty_line, marker, prompt or quiet"))
	case isMarked && c.Marker == "":
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "until: %s needs the marker that ends a reply", c.Until).At("marker"))
	case !isMarked && c.Marker != "":
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "a marker without until: marker or prompt, which say what it stands for").At("marker"))
	}
	if c.Greeting == nil && c.Until != untilPrompt {
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "the campaign does not say whether the program writes something before the first message, which would be taken for the reply").At("greeting").
			WithHint("greeting: false, or true if it does"))
	}
	for key, line := range map[string]string{"marker": c.Marker, "message_end": c.MessageEnd} {
		if strings.ContainsAny(line, "\r\n") {
			wrong = append(wrong, core.Errorf(core.ErrorConfig, "a line has no line end within").At(key))
		}
	}
	if c.Quiet <= 0 {
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "%s is not a positive duration", c.Quiet).At("quiet"))
	}
	return wrong.Err()
}

// Validate checks what the schema cannot.
func (c *OnceConfig) Validate() error { return c.check().Err() }

func (p Program) check() core.Errors {
	var wrong core.Errors
	switch {
	case len(p.Command) == 0 || p.Command[0] == "":
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "there is no program").At("command").WithHint("a list of the program and its arguments"))
	case strings.ContainsRune(p.Command[0], filepath.Separator) && !filepath.IsAbs(p.Command[0]):
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "the program %q is given relative to no known folder", p.Command[0]).At("command").
			WithHint("write an absolute path, or a name that is on the PATH"))
	}
	if p.Directory != "" && !filepath.IsAbs(p.Directory) {
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "%q is not an absolute path", p.Directory).At("directory"))
	}
	for i, argument := range p.Command {
		if strings.ContainsRune(argument, 0) {
			wrong = append(wrong, core.Errorf(core.ErrorConfig, "an argument has a NUL character, which no program can be given").At(fmt.Sprintf("command[%d]", i)))
		}
	}
	wrong = append(wrong, p.checkEnvironment()...)
	if p.MaxReplyBytes < 1 {
		wrong = append(wrong, core.Errorf(core.ErrorConfig, "%d is not a positive number of bytes", p.MaxReplyBytes).At("max_reply_bytes"))
	}
	for _, t := range []struct {
		name  string
		value core.Duration
	}{{"start", p.Timeouts.Start}, {"turn", p.Timeouts.Turn}, {"end", p.Timeouts.End}} {
		if t.value <= 0 {
			wrong = append(wrong, core.Errorf(core.ErrorConfig, "%s is not a positive duration", t.value).At("timeouts."+t.name))
		}
	}
	return wrong
}

func (p Program) checkEnvironment() core.Errors {
	var wrong core.Errors
	for key, names := range map[string][]string{"environment": slices.Sorted(maps.Keys(p.Environment)), "secrets": slices.Sorted(maps.Keys(p.Secrets))} {
		for _, name := range names {
			if name == "" || strings.ContainsAny(name, "=\x00") {
				wrong = append(wrong, core.Errorf(core.ErrorConfig, "%q cannot be the name of an environment variable", name).At(key))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Environment)) {
		if strings.ContainsRune(p.Environment[name], 0) {
			wrong = append(wrong, hasNUL("environment."+name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Secrets)) {
		if strings.ContainsRune(p.Secrets[name].Reveal(), 0) {
			wrong = append(wrong, hasNUL("secrets."+name))
		}
		if _, twice := p.Environment[name]; twice {
			wrong = append(wrong, core.Errorf(core.ErrorConfig, "%s is in environment, too", name).At("secrets."+name).WithHint("keep the one that holds"))
		}
	}
	return wrong
}

func hasNUL(key string) *core.Error {
	return core.Errorf(core.ErrorConfig, "the value has a NUL character, which no environment variable can have").At(key)
}

// find returns the absolute path of the program.
func (p Program) find() (string, error) {
	path, err := exec.LookPath(p.Command[0])
	if err != nil {
		return "", core.Errorf(core.ErrorConfig, "there is no program %s: %w", p.Command[0], err).At("command").
			WithHint("install it, or correct the key command")
	}
	if p.Directory != "" {
		if info, err := os.Stat(p.Directory); err != nil || !info.IsDir() {
			return "", core.Errorf(core.ErrorConfig, "%s is not a folder: %w", p.Directory, orNotAFolder(err)).At("directory")
		}
	}
	return path, nil
}

func orNotAFolder(err error) error {
	if err == nil {
		return fmt.Errorf("a file of another kind is there")
	}
	return err
}

// inherited are the environment variables that a program gets from this process.
// None of them is the orchestrator's own.
func inherited(name string) bool {
	return strings.HasPrefix(name, "LC_") || slices.Contains([]string{
		"PATH", "HOME", "TMPDIR", "LANG", "LANGUAGE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	}, name)
}

// environment returns the program's environment, given this process's.
func (p Program) environment(own []string) []string {
	var env []string
	for _, entry := range own {
		if name, _, _ := strings.Cut(entry, "="); inherited(name) {
			env = append(env, entry)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Environment)) {
		env = append(env, name+"="+p.Environment[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.Secrets)) {
		env = append(env, name+"="+p.Secrets[name].Reveal())
	}
	return env
}
