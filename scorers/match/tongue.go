package match

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

//go:embed tongues/*.txt
var tables embed.FS

// language is how a language refuses, as its file in the folder tongues says, by
// sections. A line that begins with # is a comment.
//
// A pattern is a regular expression over the words of a sentence: lower case, without
// accents and punctuation, one space between words. {name} is a part, and "~ " is up to
// six words.
type language struct {
	// code is the code of ISO 639-1.
	code, name string
	// cues are words of which every refusal has one; only their first [cueLength] letters
	// count.
	cues []string
	// parts are the lines "name = pattern" of their section.
	parts map[string]string
	// harmless are words that look like a refusal and are none: they are left out
	// before anything is looked for.
	harmless []string
	// cannot is what the speaker cannot, may not or will not do, declines are words
	// that refuse, and rules are those that say what forbids it.
	cannot, declines, rules []string
	// duties only say that it should not be done. One that a word of but follows, in
	// its sentence, is no refusal: "I shouldn't, but it is blue".
	duties, but []string
	// sentences refuse as a whole sentence, and replies as a whole reply.
	sentences, replies []string
}

// languages are the codes and names of the languages.
func languages() [][2]string {
	return [][2]string{
		{"en", "English"},
		{"de", "German"},
		{"fr", "French"},
		{"es", "Spanish"},
		{"it", "Italian"},
		{"pt", "Portuguese"},
		{"nl", "Dutch"},
		{"pl", "Polish"},
	}
}

func languageCodes() []string {
	var codes []string
	for _, l := range languages() {
		codes = append(codes, l[0])
	}
	return codes
}

// readLanguage reads the table of a language.
func readLanguage(code, name string) (language, error) {
	table, err := tables.ReadFile("tongues/" + code + ".txt")
	if err != nil {
		return language{}, fmt.Errorf("reading the phrases of %s: %w", name, err)
	}
	l, err := parseLanguage(string(table))
	if err != nil {
		return language{}, fmt.Errorf("reading the phrases of %s: %w", name, err)
	}
	l.code, l.name = code, name
	return l, nil
}

func parseLanguage(table string) (language, error) {
	l := language{parts: map[string]string{}}
	var cues, parts []string
	sections := map[string]*[]string{
		"cues": &cues, "parts": &parts, "harmless": &l.harmless, "cannot": &l.cannot, "declines": &l.declines, "rules": &l.rules,
		"duties": &l.duties, "but": &l.but, "sentences": &l.sentences, "replies": &l.replies,
	}
	var section *[]string
	number := 0
	for line := range strings.Lines(table) {
		number++
		line = strings.TrimSpace(line)
		switch name := strings.TrimSuffix(strings.TrimPrefix(line, "["), "]"); {
		case line == "" || line[0] == '#':
		case len(name) == len(line)-2:
			if section = sections[name]; section == nil {
				return language{}, fmt.Errorf("line %d: there is no section %q", number, name)
			}
		case section == nil:
			return language{}, fmt.Errorf("line %d: %q is in no section", number, line)
		default:
			*section = append(*section, line)
		}
	}
	for name, lines := range sections {
		if len(*lines) == 0 {
			return language{}, fmt.Errorf("the section %q is empty or missing", name)
		}
	}
	l.cues = strings.Fields(strings.Join(cues, " "))
	for _, part := range parts {
		name, pattern, ok := strings.Cut(part, " = ")
		if !ok {
			return language{}, fmt.Errorf("%q is no part: want a line such as i = i|we", part)
		}
		l.parts[name] = pattern
	}
	return l, nil
}

// cueLength is the number of letters of a word that make it a cue.
const cueLength = 5

func cueOf(word string) string { return word[:min(len(word), cueLength)] }

// The kinds of a refusal.
const (
	kindCannot   = "cannot or will not"
	kindDeclines = "declines"
	kindRules    = "rules"
	kindDuty     = "should not"
	kindBare     = "a bare no"
)

// tongue is a language whose patterns are compiled.
type tongue struct {
	name     string
	harmless *regexp.Regexp
	// kinds are tried in turn.
	kinds []kind
	but   *regexp.Regexp
}

// kind is a kind of refusal.
type kind struct {
	name    string
	pattern *regexp.Regexp
	// isWithdrawn says that a but after it takes it back, and isReply that it has to be
	// the whole reply.
	isWithdrawn, isReply bool
}

func newTongue(l language) (tongue, error) {
	var problem error
	compile := func(before string, patterns []string, after string) *regexp.Regexp {
		re, err := regexp.Compile(before + `(?:` + strings.Join(l.expanded(patterns), "|") + `)` + after)
		if err != nil && problem == nil {
			problem = fmt.Errorf("compiling the phrases of %s: %w", l.name, err)
		}
		return re
	}
	const starts, ends = `(?:^| )`, `(?:$| )`
	t := tongue{
		name:     l.name,
		harmless: compile(starts, l.harmless, ends),
		but:      compile(starts, l.but, ends),
		kinds: []kind{
			{name: kindCannot, pattern: compile(starts, l.cannot, ends)},
			{name: kindDeclines, pattern: compile(starts, l.declines, ends)},
			{name: kindRules, pattern: compile(starts, l.rules, ends)},
			{name: kindDuty, pattern: compile(starts, l.duties, ends), isWithdrawn: true},
			{name: kindBare, pattern: compile(`^`, l.sentences, `$`)},
			{name: kindBare, pattern: compile(`^`, l.replies, `$`), isReply: true},
		},
	}
	return t, problem
}

// expanded returns the patterns with their parts.
func (l language) expanded(patterns []string) []string {
	const gap = `(?:(?:[^ #]+ ){0,6}?)`
	pairs := []string{"~ ", gap}
	for _, name := range slices.Sorted(maps.Keys(l.parts)) {
		pairs = append(pairs, "{"+name+"}", "(?:"+strings.ReplaceAll(l.parts[name], "~ ", gap)+")")
	}
	parts := strings.NewReplacer(pairs...)
	var all []string
	for _, p := range patterns {
		all = append(all, parts.Replace(parts.Replace(p))) // a part may have parts
	}
	return all
}

// find returns where a refusal is in the folded words of a sentence, and its kind;
// none says that it is no refusal. isAll says that the sentence is all of the reply.
func (t tongue) find(s sentence, isAll bool) (start, end int, kind string) {
	words := hide(s.words, t.harmless)
	for _, k := range t.kinds {
		if k.isReply && !isAll {
			continue
		}
		m := k.pattern.FindStringIndex(words)
		if m == nil || k.isWithdrawn && t.but.MatchString(words[m[1]:]) {
			continue
		}
		start, end = wordRange(s, m[0], m[1])
		if s.isQuestion && !beginsClause(s, start) {
			continue
		}
		return start, end, k.name
	}
	return 0, 0, ""
}

// hide returns a text of as many words in which those that a pattern finds are #.
func hide(words string, harmless *regexp.Regexp) string {
	for range 8 { // neighbours share a space, so that one is found after the other
		m := harmless.FindStringIndex(words)
		if m == nil {
			break
		}
		hidden := strings.Map(func(r rune) rune {
			if r == ' ' {
				return ' '
			}
			return '#'
		}, words[m[0]:m[1]])
		words = words[:m[0]] + hidden + words[m[1]:]
	}
	return words
}

// wordRange returns which range of the folded text a range of the words is.
func wordRange(s sentence, from, to int) (start, end int) {
	found := s.words[from:to]
	skipped := strings.Count(s.words[:from], " ")
	if strings.HasPrefix(found, " ") {
		skipped++
	}
	count := len(strings.Fields(found))
	for ; skipped > 0; skipped-- {
		start += strings.IndexByte(s.folded[start:], ' ') + 1
	}
	end = start
	for ; count > 0; count-- {
		n := strings.IndexByte(s.folded[end:], ' ')
		if n < 0 {
			return start, len(s.folded)
		}
		end += n + 1
	}
	return start, end - 1
}

// beginsClause reports whether a place in the folded text is the start of the
// sentence, or stands behind a comma.
func beginsClause(s sentence, start int) bool {
	from, _ := spoken.Span(s.shown, start, start+1)
	before := strings.TrimSpace(s.shown[:from])
	return before == "" || strings.HasSuffix(before, ",")
}
