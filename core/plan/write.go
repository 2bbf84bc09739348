package plan

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// Turns is how many turns the plan's trials have. It is the most that a run
// sends: a conversation may end early.
func (p *Plan) Turns() int {
	turns := 0
	for _, t := range p.Trials {
		turns += len(t.Turns)
	}
	return turns
}

// Write describes the plan for people. The same plan gives the same text.
func (p *Plan) Write(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "campaign %s: %s, %s, at most %s\n", p.Campaign.Name,
		count(len(p.Campaign.Attacks), "attack"), count(len(p.Trials), "trial"), count(p.Turns(), "turn"))
	if p.Campaign.Scope.Authorization != "" {
		fmt.Fprintf(&b, "authorization: %s\n", oneLine(p.Campaign.Scope.Authorization))
	}
	b.WriteByte('\n')
	p.writeComponents(&b)
	for _, a := range p.Campaign.Attacks {
		p.writeAttack(&b, a)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (p *Plan) writeComponents(b *bytes.Buffer) {
	// What is written goes to a buffer, which takes everything.
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, t := range p.Targets {
		_, _ = fmt.Fprintf(table, "target\t%s\t%s\tat most %s at a time, %s for a reply\n",
			t.Name, t.Use, count(t.Limits.Concurrency, "conversation"), t.Limits.Timeout)
	}
	for _, c := range p.Converters {
		_, _ = fmt.Fprintf(table, "converter\t%s\t%s\n", c.Name, c.Use)
	}
	for _, s := range p.Scorers {
		_, _ = fmt.Fprintf(table, "scorer\t%s\t%s\ton %s%s\n", s.Name, s.Use, onOf(s), viaOf(s))
	}
	_ = table.Flush()
}

func viaOf(s campaign.Scorer) string {
	if len(s.Via) == 0 {
		return ""
	}
	names := make([]string, len(s.Via))
	for i, n := range s.Via {
		names[i] = n.Name
	}
	return " via " + strings.Join(names, ", ")
}

// writeAttack describes an attack by the first trial of each of its variants.
func (p *Plan) writeAttack(b *bytes.Buffer, a campaign.Attack) {
	var firsts []Trial
	trials, rows := 0, 0
	for _, t := range p.Trials {
		if t.Attack != a.Name {
			continue
		}
		trials++
		rows = max(rows, t.Row)
		if t.Number == 1 && t.Row <= 1 {
			firsts = append(firsts, t)
		}
	}
	fmt.Fprintf(b, "\nattack %s: %s of %s", a.Name, count(trials, "trial"), count(len(a.Turns), "turn"))
	if len(a.Variants) > 0 || rows > 0 {
		fmt.Fprintf(b, " (%d", a.Trials)
		if len(a.Variants) > 0 {
			fmt.Fprintf(b, " × %s", count(len(a.Variants), "variant"))
		}
		if rows > 0 {
			fmt.Fprintf(b, " × %s", count(rows, "row"))
		}
		b.WriteByte(')')
	}
	fmt.Fprintf(b, "\n  objective: %s\n  target: %s\n", oneLine(a.Objective), a.Target.Name)
	for _, t := range firsts {
		fmt.Fprintf(b, "  %s:\n", t.ID)
		for i, turn := range t.Turns {
			fmt.Fprintf(b, "    %d. %s%s\n", i+1, describe(turn.Value), arrows(turn.Converters))
		}
		if i := len(firsts) - 1; t.ID == firsts[i].ID {
			fmt.Fprintf(b, "  success: %s, %s\n", oneLine(t.Success.String()), stops(t.StopOn))
		}
	}
}

// describe shows the beginning of a text, and the size of anything else.
func describe(v core.Value) string {
	const most = 60
	if v.Modality != core.Text {
		return fmt.Sprintf("%s (%s, %d bytes)", v.Modality, v.BaseMediaType(), len(v.Data))
	}
	text := []rune(v.Text())
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return fmt.Sprintf("%q", string(text))
}

// oneLine makes a text fit for one line of a terminal: white space becomes a
// space, and what cannot be printed a question mark.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.Join(strings.Fields(s), " "))
}

func arrows(converters []string) string {
	var b strings.Builder
	for _, c := range converters {
		b.WriteString(" → " + c)
	}
	return b.String()
}

func stops(s campaign.StopOn) string {
	if s == campaign.StopNever {
		return "every turn is held"
	}
	return "the conversation ends with it"
}

// count words a number of things: "1 turn", "3 turns".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
