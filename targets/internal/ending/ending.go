package ending

import (
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Cut marks a reply of which more came than is kept.
func Cut(r *core.Reply) {
	r.Finish, r.Detail = core.FinishTruncated, "the reply is longer than max_reply_bytes"
}

// Doubt takes back that a reply is complete where its text says otherwise. A reply with
// calls of tools needs no text. by names who answered, such as "the service".
//
//   - Nothing can be seen, or only U+FFFD, which stands for what could not be read:
//     unconfirmed.
//   - The last character is U+FFFD, as of a character of which a part is missing:
//     truncated.
//   - The text is not UTF-8, or has NUL characters, as text in another encoding has:
//     unconfirmed, since it is read as something else than was meant.
func Doubt(r *core.Reply, by string) {
	if r.Finish != core.FinishComplete {
		return
	}
	text := r.Message.Text()
	switch {
	case len(r.Message.Of(core.ToolCall)) == 0 && r.Message.Blank():
		r.Finish, r.Detail = core.FinishUnconfirmed, by+" answered with nothing"
		if len(text) > 0 {
			r.Detail += " that can be seen"
		}
	case text != "" && isIllegible(text):
		r.Finish, r.Detail = core.FinishUnconfirmed, by+" answered with nothing that can be read"
	case strings.HasSuffix(strings.TrimSpace(text), "\uFFFD"):
		r.Finish, r.Detail = core.FinishTruncated, "the text ends in the middle of a character"
	case !isUTF8(r.Message):
		r.Finish, r.Detail = core.FinishUnconfirmed, "the text is not UTF-8, and may mean something else than can be read"
	case strings.ContainsRune(text, 0):
		r.Finish, r.Detail = core.FinishUnconfirmed, "the text has NUL characters, as one in another encoding has"
	}
}

// isIllegible reports whether a text has U+FFFD, and else nothing that can be seen.
func isIllegible(text string) bool {
	rest := strings.ReplaceAll(text, "\uFFFD", "")
	return len(rest) < len(text) && core.UserText(rest).Blank()
}

func isUTF8(m core.Message) bool {
	for _, v := range m.Of(core.Text) {
		if !utf8.Valid(v.Data) {
			return false
		}
	}
	return true
}
