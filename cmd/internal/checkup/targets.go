package checkup

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// Targets reports how targets answered a harmless message.
func Targets(greetings []app.Greeting) []Finding {
	var all []Finding
	for _, g := range greetings {
		all = append(all, target(g))
		for _, warning := range g.Reply.Warnings {
			all = append(all, Finding{Warning, CheckTarget, g.Target + ": " + phrase.OneLine(warning), ""})
		}
	}
	return all
}

// CheckTarget is the name of the check of Targets.
const CheckTarget = "target"

func target(g app.Greeting) Finding {
	name := g.Target + " (" + strings.Join(nonempty(g.Use, g.Model, g.Place), ", ") + "): "
	if g.Unasked != "" {
		return Finding{Warning, CheckTarget, name + "not asked: " + g.Unasked, ""}
	}
	if g.Err != nil {
		f := problem(CheckTarget, g.Err, "")
		if core.KindOf(g.Err) == core.ErrorInterrupted {
			f.Level = Warning
		}
		f.What = name + strings.TrimPrefix(f.What, fmt.Sprintf("target %q: ", g.Target))
		return f
	}
	r := g.Reply
	said := name + string(r.Finish)
	if r.Detail != "" {
		said += " (" + phrase.OneLine(r.Detail) + ")"
	}
	first := "unknown"
	if r.Timing.FirstEvent > 0 {
		first = round(r.Timing.FirstEvent)
	}
	f := Finding{OK, CheckTarget, said + ", first event " + first + ", total " + round(cmp.Or(r.Timing.Total, g.Took)), ""}
	switch {
	case r.Finish == core.FinishBlocked:
		f.Level, f.Do = Warning, "a filter stops what is harmless: every attack would look defended"
	case !r.Finish.Conclusive():
		f.Level, f.Do = Warning, "such a reply never proves a defence: trials would be undetermined"
	case g.Blank:
		f.Level, f.Do = Warning, "the reply is empty, and such a one never proves a defence: trials would be undetermined"
	}
	return f
}

func nonempty(all ...string) []string {
	var some []string
	for _, one := range all {
		if one != "" {
			some = append(some, one)
		}
	}
	return some
}

func round(d time.Duration) string { return max(d.Round(time.Millisecond), time.Millisecond).String() }
