package speech

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The placeholders of a command.
const (
	textPlaceholder = "{text}" // the text to speak
	inPlaceholder   = "{in}"   // the path of the WAV file to transcribe
	outPlaceholder  = "{out}"  // the path at which the result is expected
)

// commandLine is a command of the campaign with placeholders. No shell is involved:
// an argument stays one argument, whatever is filled in.
type commandLine []string

// newCommandLine finds the command's program.
func newCommandLine(argv []string) (commandLine, error) {
	path, err := find(argv[0], "install it, or correct the key command")
	if err != nil {
		return nil, err
	}
	return append(commandLine{path}, argv[1:]...), nil
}

// has reports whether the command contains a placeholder.
func (c commandLine) has(placeholder string) bool {
	return slices.ContainsFunc(c, func(arg string) bool { return strings.Contains(arg, placeholder) })
}

// fill returns the command with its placeholders replaced, in one pass: the values
// are not searched for placeholders. A text that begins with "-" gets a space
// before it, so that no program reads it as an option.
func (c commandLine) fill(text, in, out string) []string {
	if strings.HasPrefix(text, "-") {
		text = " " + text
	}
	r := strings.NewReplacer(textPlaceholder, text, inPlaceholder, in, outPlaceholder, out)
	argv := []string{c[0]}
	for _, arg := range c[1:] {
		argv = append(argv, r.Replace(arg))
	}
	return argv
}

// checkCommand checks a command's program and placeholders: needs, unless "", has
// to be among them, and foreign must not.
func checkCommand(argv []string, needs, foreign string) error {
	switch {
	case len(argv) == 0 || argv[0] == "":
		return core.Errorf(core.ErrorConfig, "the engine command needs a program and its arguments").At("command")
	case strings.ContainsAny(argv[0], "{}"):
		return core.Errorf(core.ErrorConfig, "the program %q may not be a placeholder", argv[0]).At("command")
	case strings.ContainsRune(argv[0], filepath.Separator) && !filepath.IsAbs(argv[0]):
		return core.Errorf(core.ErrorConfig, "the program %q is given relative to no known folder", argv[0]).At("command").
			WithHint("write an absolute path, or a name that is on the PATH")
	case commandLine(argv).has(foreign):
		return core.Errorf(core.ErrorConfig, "the placeholder %s has no meaning here", foreign).At("command")
	case needs != "" && !commandLine(argv).has(needs):
		return core.Errorf(core.ErrorConfig, "the command does not say where %s goes", needs).At("command")
	}
	return nil
}
