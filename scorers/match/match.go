package match

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// Components returns the scorers of this package.
func Components() []core.Component {
	return []core.Component{substringComponent(), regexComponent(), refusalComponent()}
}

// info returns the description of a scorer of text whose score is true or false.
func info(name, summary, description string) core.Info {
	return core.Info{
		Name:        name,
		Summary:     summary,
		Description: description,
		In:          []core.Modality{core.Text},
		Scores:      core.ScoreTrueFalse,
	}
}

// texts returns the texts to judge, without blank ones. If there is none, reason
// says why, for an unknown score.
func texts(e core.Evidence) (found []string, reason string) {
	others := map[core.Modality]bool{}
	empty := false
	for _, v := range e.Values {
		if v.Modality != core.Text {
			others[v.Modality] = true
			continue
		}
		given := v.Text()
		if !text.Visible(given) {
			empty = true
			continue
		}
		found = append(found, strings.ToValidUTF8(given, "\uFFFD"))
	}
	switch {
	case len(found) > 0:
		return found, ""
	case empty:
		return nil, "the text to judge is empty"
	case others[core.Audio]:
		return nil, "there is only audio to judge; transcribe it first (via:)"
	}
	return nil, "there is no text to judge"
}

// excerptMargin is the number of bytes that are shown on either side of a match.
const excerptMargin = 40

// excerpt returns s from start to end with [excerptMargin] bytes on either side.
func excerpt(s string, start, end int) string {
	from, to := max(start-excerptMargin, 0), min(end+excerptMargin, len(s))
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	shown := strings.Join(strings.Fields(s[from:to]), " ")
	if from > 0 {
		shown = "…" + shown
	}
	if to < len(s) {
		shown += "…"
	}
	return shown
}

// isSpeech reports whether the texts to judge were said: whether the reply has sound,
// and each of them is its transcript, or was made by a converter.
func isSpeech(e core.Evidence) bool {
	if len(e.Conversation) == 0 {
		return false
	}
	reply := e.Conversation[len(e.Conversation)-1]
	if len(reply.Of(core.Audio)) == 0 {
		return false
	}
	for _, p := range reply.Parts {
		isJudged := func(v core.Value) bool { return v.Modality == core.Text && bytes.Equal(v.Data, p.Data) }
		if p.Modality == core.Text && !p.Transcript && slices.ContainsFunc(e.Values, isJudged) {
			return false
		}
	}
	return true
}
