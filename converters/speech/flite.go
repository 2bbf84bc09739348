package speech

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

func openFlite(ctx context.Context, p programs, c speechConfig) (voice, error) {
	path, err := find(programFlite, installFlite)
	if err != nil {
		return voice{}, err
	}
	name := c.Voice
	if name == "" {
		name = "rms" // the voice that recognisers understand best
	}
	// Flite does not report an unknown voice and speaks with another one, so its
	// list of voices is checked.
	listed, err := p.run(ctx, invocation{argv: []string{path, "-lv"}, timeout: c.Timeout.Std(), maxOutput: maxText})
	if err != nil {
		return voice{}, fmt.Errorf("listing the voices: %w", err)
	}
	_, names, _ := strings.Cut(string(listed), ":")
	if voices := strings.Fields(names); !slices.Contains(voices, name) {
		return voice{}, core.Errorf(core.ErrorConfig, "flite has no voice %q", name).At("voice").
			WithHint("%sthe voices of flite are %s", didYouMean(name, voices), strings.Join(voices, ", "))
	}
	ascii := newSpeller(saidByFlite)
	return voice{
		spell: func(_ context.Context, written string) (string, losses, error) {
			text, lost := ascii.spell(written)
			return text, lost, nil
		},
		speak: fileVoice(p, c, path, "-voice", name, "-f", textFile, "-o", speechFile),
	}, nil
}

// saidByFlite reports whether flite says r as it is, or need not. It leaves out every
// byte that is not ASCII and, depending on the words around it, any sign: the bar of
// "word | tree ~ go".
func saidByFlite(r rune) bool {
	return r <= unicode.MaxASCII && !strings.ContainsRune(`#$%&*+/<=>@\^_|~`, r)
}

// didYouMean returns "did you mean …? " for the nearest of the known names; "" if none
// is near.
func didYouMean(name string, known []string) string {
	if near := schema.Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q? ", near)
	}
	return ""
}
