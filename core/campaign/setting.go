package campaign

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// ParseSetting reads NAME=VALUE, the form of --set. The value may hold further
// equals signs, and be empty.
func ParseSetting(text string) (Setting, error) {
	name, value, ok := strings.Cut(text, "=")
	const hint = "--set NAME=VALUE, such as --set model=gpt-realtime-2.1-mini"
	switch {
	case !ok:
		return Setting{}, core.Errorf(core.ErrorConfig, "--set %s has no value", yamlfile.Quote(text)).WithHint("%s", hint)
	case name == "":
		return Setting{}, core.Errorf(core.ErrorConfig, "--set %s names no parameter", yamlfile.Quote(text)).WithHint("%s", hint)
	}
	if err := checkParameterName(name); err != nil {
		return Setting{}, core.Errorf(core.ErrorConfig, "--set: %w", err).WithHint("%s", hint)
	}
	return Setting{Name: name, Value: value, Source: FromSet}, nil
}

// ParseSettings reads several; the same name twice is an error.
func ParseSettings(texts []string) ([]Setting, error) {
	var all []Setting
	for _, text := range texts {
		s, err := ParseSetting(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other Setting) bool { return other.Name == s.Name }) {
			return nil, core.Errorf(core.ErrorConfig, "--set gives parameter %q twice", s.Name).WithHint("leave one of them out")
		}
		all = append(all, s)
	}
	return all, nil
}

// apply gives parameters their values. block is where parameters: is in the file.
func (g Given) apply(f *yamlfile.File, block yamlfile.Position, all []Parameter) {
	set := map[string]bool{}
	for _, optional := range []bool{false, true} {
		for _, s := range g.Settings {
			if s.Optional != optional || set[s.Name] {
				continue
			}
			i := slices.IndexFunc(all, func(p Parameter) bool { return p.Name == s.Name })
			if i < 0 && !optional {
				unknownSetting(f, block, s, all)
			}
			if i >= 0 {
				set[s.Name] = true
				all[i].set(f, s)
			}
		}
	}
	for i := range all {
		p := &all[i]
		if p.hasValue || p.broken || set[p.Name] {
			continue
		}
		p.Value = p.sample() // with which the rest of the file is checked
		if g.Partial {
			p.hasValue = true
			continue
		}
		f.Problem(p.At, fmt.Sprintf("--set %s=VALUE gives it one, or a default: here", p.Name), "parameter %q has no value", p.Name)
	}
}

// unknownSetting reports a value for a parameter that the campaign does not have.
func unknownSetting(f *yamlfile.File, block yamlfile.Position, s Setting, all []Parameter) {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name
	}
	hint := yamlfile.DidYouMean(schema.Nearest(s.Name, names))
	switch {
	case hint != "":
	case len(names) == 0:
		hint = "it has no parameters: at all"
	default:
		hint = "its parameters are " + strings.Join(names, ", ")
	}
	f.Problem(block, hint, "%s %s: the campaign has no such parameter", s.Source, s.Name)
}

// set gives the parameter a value from outside of the file.
func (p *Parameter) set(f *yamlfile.File, s Setting) {
	p.Source = s.Source
	if looksSecret(p.Name, s.Value) || secret.Prefixed(s.Value) || holdsAddressWithSecret(s.Value) {
		f.SecretProblem(p.At, fmt.Sprintf("write ${NAME} where {{ .params.%s }} is, and put the value into the environment or a file for --env-file", p.Name),
			"%s gives parameter %q what looks like a secret; parameters are printed and recorded", s.Source, p.Name)
		return
	}
	message, hint := p.checkGiven(s.Value)
	if message == "" {
		message, hint = p.limits.check(p.Type, s.Value)
	}
	if message != "" {
		f.Problem(p.At, hint, "%s gives parameter %q: %s", s.Source, p.Name, message)
		return
	}
	p.Value, p.hasValue = s.Value, true
}

// checkGiven returns why a text is no value of the parameter's type.
func (p *Parameter) checkGiven(text string) (message, hint string) {
	quoted := yamlfile.Quote(text)
	switch {
	case len(text) > maxParameter:
		return fmt.Sprintf("a value of %d bytes; at most %d are allowed", len(text), maxParameter), "put long texts into files, and name these"
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "the value is not UTF-8 text", ""
	}
	switch p.Type {
	case TypeInteger:
		if n, err := strconv.Atoi(text); err != nil || strconv.Itoa(n) != text {
			return quoted + " is not a whole number", "in decimal, as digits only"
		}
	case TypeNumber:
		if n, err := strconv.ParseFloat(text, 64); err != nil || !yamlfile.IsNumber(text) || math.IsInf(n, 0) {
			return quoted + " is not a number", "such as 0.5"
		}
	case TypeBoolean:
		if text != "true" && text != "false" {
			return quoted + " is neither true nor false", ""
		}
	case TypeDuration:
		if d, err := time.ParseDuration(text); err != nil || d < 0 {
			return quoted + " is not a duration", "such as 500ms, 30s or 2m"
		}
	}
	return "", ""
}

// sample returns a value that the parameter allows, as far as that is plain.
func (p *Parameter) sample() string {
	switch {
	case len(p.limits.enum) > 0:
		return p.limits.enum[0]
	case p.limits.min != "" && p.Type != TypeString:
		return p.limits.min
	}
	switch p.Type {
	case TypeInteger, TypeNumber:
		return "1"
	case TypeBoolean:
		return "false"
	case TypeDuration:
		return "1s"
	default:
		return p.Name
	}
}
