package speech

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func openESpeak(ctx context.Context, p programs, c speechConfig) (voice, error) {
	path, err := find(programESpeak, installESpeak)
	if err != nil {
		return voice{}, err
	}
	name := c.Voice
	if name == "" {
		name = "en-us"
	}
	e := &espeak{programs: p, path: path, voice: name, config: c, says: map[rune]bool{}, phonemes: map[rune]string{}}
	isEnglish, err := e.checkVoice(ctx)
	if err != nil {
		return voice{}, err
	}
	check := invocation{argv: []string{path, "-q", "-v", name, "a"}, timeout: c.Timeout.Std(), maxOutput: maxText}
	if _, err := p.run(ctx, check); err != nil {
		if core.KindOf(err) == core.ErrorInput {
			return voice{}, core.Errorf(core.ErrorConfig, "trying the voice %q: %w", name, err).At("voice").WithHint("espeak-ng --voices lists them")
		}
		return voice{}, fmt.Errorf("trying the voice %q: %w", name, err)
	}
	e.speller = newSpeller(nil)
	e.speller.isEnglish = isEnglish
	return voice{spell: e.spell, speak: fileVoice(p, c, path, "-v", name, "-f", textFile, "-w", speechFile)}, nil
}

// espeak asks espeak-ng what it says for letters and signs. It is safe for concurrent
// use.
type espeak struct {
	programs    programs
	path, voice string
	config      speechConfig
	speller     speller

	mu sync.Mutex
	// says and phonemes are what espeak-ng has answered.
	says     map[rune]bool
	phonemes map[rune]string
}

// spell returns a text as espeak-ng can say it, and what of it nobody will hear.
func (e *espeak) spell(ctx context.Context, written string) (string, losses, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var failure error
	s := e.speller
	s.says = func(r rune) bool {
		if failure != nil || !isAsked(r) {
			return true
		}
		says, err := e.isSaid(ctx, r)
		failure = err
		return says || err != nil
	}
	said, lost := s.spell(written)
	if failure != nil {
		return "", nil, fmt.Errorf("asking espeak-ng what it says: %w", failure)
	}
	// What stands between two of them would be phonemes.
	for strings.Contains(said, "[[") {
		said = strings.ReplaceAll(said, "[[", "[ [")
	}
	return said, lost, nil
}

// isAsked reports whether espeak-ng is asked what it says for r. Of letters and digits
// of ASCII, and of marks, that is known; it pauses at punctuation.
func isAsked(r rune) bool {
	if r <= unicode.MaxASCII {
		return strings.ContainsRune("<>^_|", r)
	}
	return !unicode.Is(unicode.M, r) && (!isSilent(r) || unicode.Is(unicode.Po, r))
}

// isSaid reports whether espeak-ng says r, rather than nothing, its number, or a name
// that all letters of its script have.
func (e *espeak) isSaid(ctx context.Context, r rune) (bool, error) {
	if says, isKnown := e.says[r]; isKnown {
		return says, nil
	}
	said, err := e.phonemesOf(ctx, r)
	if err != nil {
		return false, err
	}
	// Letters without a name: what is said before their number is that of all such.
	first, err := e.phonemesOf(ctx, '\U0001D400')
	if err != nil {
		return false, err
	}
	second, err := e.phonemesOf(ctx, '\u24B6')
	if err != nil {
		return false, err
	}
	unnamed := commonPrefix(first, second)
	says := (said != "" || unicode.IsLetter(r)) && (unnamed == "" || !strings.Contains(said, unnamed))
	for _, script := range []struct {
		of   *unicode.RangeTable
		a, b rune
	}{{unicode.Han, '一', '丁'}, {unicode.Hiragana, 'か', 'め'}, {unicode.Katakana, 'カ', 'メ'}} {
		if says && unicode.Is(script.of, r) {
			says, err = e.tellsApart(ctx, script.a, script.b)
		}
	}
	if err == nil {
		e.says[r] = says
	}
	return says, err
}

// tellsApart reports whether espeak-ng says two letters in two ways.
func (e *espeak) tellsApart(ctx context.Context, a, b rune) (bool, error) {
	first, err := e.phonemesOf(ctx, a)
	if err != nil {
		return false, err
	}
	second, err := e.phonemesOf(ctx, b)
	return first != second, err
}

// phonemesOf returns what espeak-ng says for r; "" for nothing.
func (e *espeak) phonemesOf(ctx context.Context, r rune) (string, error) {
	if said, isKnown := e.phonemes[r]; isKnown {
		return said, nil
	}
	out, err := e.run(ctx, "-q", "-x", "-v", e.voice, string(r))
	if err == nil {
		e.phonemes[r] = strings.TrimRight(strings.TrimSpace(out), "_:|")
	}
	return e.phonemes[r], err
}

func (e *espeak) run(ctx context.Context, arguments ...string) (string, error) {
	i := invocation{argv: append([]string{e.path}, arguments...), timeout: e.config.Timeout.Std(), maxOutput: maxText}
	out, err := e.programs.run(ctx, i)
	return string(out), err
}

func commonPrefix(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}
