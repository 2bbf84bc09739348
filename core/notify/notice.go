package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/compare"
)

// Version is the version of the JSON form of a [Notice]. Adding fields does not
// change it; existing fields keep their meaning.
const Version = 1

// Notice is the content of a notification. Its JSON form is the body for webhooks of
// the format [JSON].
type Notice struct {
	Version int    `json:"version"`
	Event   string `json:"event"` // "comparison"
	// ID is the same each time that the same comparison is sent, so that a receiver
	// can drop a repetition.
	ID string `json:"id"`
	// Occasions are all reasons for notifying; there may be none.
	Occasions []Occasion `json:"occasions"`
	// Text is the campaign and the result in one line, for people.
	Text       string             `json:"text"`
	Comparison compare.Comparison `json:"comparison"`
}

// New returns the notice of a comparison.
func New(c compare.Comparison) Notice {
	n := Notice{
		Version: Version, Event: "comparison", ID: c.Run.ID + ":" + c.Baseline.ID, Occasions: []Occasion{},
		Text: c.Run.Campaign + ": " + c.Headline(), Comparison: c,
	}
	if len(c.New) > 0 {
		n.Occasions = append(n.Occasions, NewFinding)
	}
	if c.Moved() {
		n.Occasions = append(n.Occasions, ASRMoved)
	}
	if c.Conclusion == compare.NoEvidence {
		n.Occasions = append(n.Occasions, NoEvidence)
	}
	return n
}

// Concerns reports whether the notice has an occasion that the webhook is for.
func (n Notice) Concerns(w Webhook) bool {
	return slices.ContainsFunc(n.Occasions, func(o Occasion) bool { return slices.Contains(w.On, o) })
}

// Body returns the JSON body for webhooks of a format.
func (n Notice) Body(format Format) ([]byte, error) {
	if format == Slack {
		return json.Marshal(map[string]string{"text": n.slack()})
	}
	return json.Marshal(n)
}

// The limits of a message: Slack recommends at most 4,000 characters.
const (
	mostLines      = 10
	mostCharacters = 3_900
)

// slack returns the notice in Slack's markup.
func (n Notice) slack() string {
	c := n.Comparison
	lines := []string{
		fmt.Sprintf("*%s*: %s", escape(c.Run.Campaign), escape(c.Headline())),
		fmt.Sprintf("run `%s`, baseline `%s`", escape(c.Run.ID), escape(c.Baseline.ID)),
	}
	lines = append(lines, listed("new finding", c.New)...)
	var moved []compare.Cell
	for _, cell := range c.Cells {
		if cell.Change == compare.Rose || cell.Change == compare.Fell {
			moved = append(moved, cell)
		}
	}
	lines = append(lines, listed("rate", moved)...)
	for _, note := range c.Notes {
		lines = append(lines, "_"+escape(note)+"_")
	}
	return cut(strings.Join(lines, "\n"))
}

// listed returns a line for each of the first ten things, and one with the number of
// the others.
func listed[T fmt.Stringer](what string, things []T) []string {
	var lines []string
	for _, t := range things[:min(len(things), mostLines)] {
		lines = append(lines, "• "+what+" "+escape(t.String()))
	}
	if more := len(things) - mostLines; more > 0 {
		lines = append(lines, fmt.Sprintf("• and %d more", more))
	}
	return lines
}

// escape escapes a text for Slack's markup, so that it cannot contain a link or a
// mention such as @channel.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@\u200b").Replace(s)
}

// cut shortens a message at the end of a line, so that no escape is split.
func cut(s string) string {
	letters := []rune(s)
	if len(letters) <= mostCharacters {
		return s
	}
	s = string(letters[:mostCharacters])
	if end := strings.LastIndexByte(s, '\n'); end > 0 {
		s = s[:end]
	}
	return s + "\n…"
}
