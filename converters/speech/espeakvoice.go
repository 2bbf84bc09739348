package speech

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// checkVoice refuses voices that espeak-ng does not have: it takes a variant that does
// not exist for none, and an unknown "en-zz" for "en". isEnglish says that the voice
// speaks English.
func (e *espeak) checkVoice(ctx context.Context) (isEnglish bool, err error) {
	language, variant, hasVariant := strings.Cut(e.voice, "+")
	voices, err := e.voices(ctx, "--voices")
	if err != nil {
		return false, err
	}
	found, names := known(voices, language)
	if found == nil { // not in the list of all
		voices, err := e.voices(ctx, "--voices=mb")
		if err != nil {
			return false, err
		}
		for _, v := range voices {
			v.others = nil
			if slices.Contains(v.names()[1:], strings.ToLower(language)) {
				found = &v
			}
		}
	}
	if found == nil {
		return false, core.Errorf(core.ErrorConfig, "espeak-ng has no voice %q", language).At("voice").
			WithHint("%sespeak-ng --voices lists them", orFamily(language, names))
	}
	isEnglish = found.language == "en" || strings.HasPrefix(found.language, "en-")
	if !hasVariant {
		return isEnglish, nil
	}
	return isEnglish, e.checkVariant(ctx, variant)
}

// orFamily returns which voice may be meant: the nearest, or all with the same language.
func orFamily(name string, known []string) string {
	if near := didYouMean(name, known); near != "" {
		return near
	}
	language, _, isRegional := strings.Cut(strings.ToLower(name), "-")
	var family []string
	for _, k := range known {
		if isRegional && (k == language || strings.HasPrefix(k, language+"-")) && !slices.Contains(family, k) {
			family = append(family, k)
		}
	}
	if len(family) == 0 {
		return ""
	}
	return fmt.Sprintf("did you mean one of %s? ", strings.Join(family, ", "))
}

// checkVariant refuses a variant, the name of a file, that espeak-ng does not have. A
// number stands for one: 3 for m3, 13 for f3.
func (e *espeak) checkVariant(ctx context.Context, variant string) error {
	listed, err := e.voices(ctx, "--voices=variant")
	if err != nil {
		return err
	}
	names := make([]string, len(listed))
	for i, v := range listed {
		names[i] = path.Base(v.file)
	}
	file := variant
	switch n, err := strconv.Atoi(variant); {
	case err != nil:
	case n > 10:
		file = "f" + strconv.Itoa(n-10)
	default:
		file = "m" + strconv.Itoa(n)
	}
	if !slices.Contains(names, strings.TrimPrefix(file, "!v/")) {
		return core.Errorf(core.ErrorConfig, "espeak-ng has no variant %q of a voice", variant).At("voice").
			WithHint("%sespeak-ng --voices=variant lists them, by their files", didYouMean(variant, names))
	}
	return nil
}

// listedVoice is a voice of espeak-ng.
type listedVoice struct {
	language, name, file string
	others               []string
}

// names returns what a voice may be called by, in lower case: its language comes first.
func (v listedVoice) names() []string {
	names := append([]string{v.language, v.file, path.Base(v.file), strings.ReplaceAll(v.name, "_", " ")}, v.others...)
	for i, name := range names {
		names[i] = strings.ToLower(name)
	}
	return names
}

// known returns the voice with a name, nil for none, and the names of all.
func known(voices []listedVoice, name string) (*listedVoice, []string) {
	var all []string
	for _, v := range voices {
		names := v.names()
		if slices.Contains(names, strings.ToLower(name)) {
			return &v, nil
		}
		all = append(all, names...)
	}
	return nil, all
}

var (
	// voiceLine is a line of espeak-ng's lists: priority, language, age and gender, name,
	// file, which may have spaces, and further languages.
	voiceLine = regexp.MustCompile(`^\s*\d+\s+(\S+)\s+\S+\s+(\S+)\s+(.+?)\s*((?:\([^()]*\))*)\s*$`)
	other     = regexp.MustCompile(`\((\S+)[^()]*\)`)
)

// voices asks espeak-ng for one of its lists.
func (e *espeak) voices(ctx context.Context, list string) ([]listedVoice, error) {
	out, err := e.run(ctx, list)
	if err != nil {
		return nil, fmt.Errorf("listing the voices: %w", err)
	}
	var voices []listedVoice
	for line := range strings.Lines(out) {
		fields := voiceLine.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if fields == nil {
			continue // the head
		}
		v := listedVoice{language: fields[1], name: fields[2], file: fields[3]}
		for _, found := range other.FindAllStringSubmatch(fields[4], -1) {
			v.others = append(v.others, found[1])
		}
		voices = append(voices, v)
	}
	return voices, nil
}
