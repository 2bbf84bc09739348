package checkup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Campaign plans a campaign as validate does, and looks for the secrets that it
// refers to. Their values are not in the findings.
func Campaign(ctx context.Context, planner *app.Planner, file string) []Finding {
	planned, err := planner.Plan(ctx, file)
	if wrong, ok := errors.AsType[app.CampaignError](err); ok {
		var all []Finding
		for _, p := range wrong.Problems {
			all = append(all, Finding{Problem, "campaign", fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, phrase.OneLine(p.Message)), p.Hint})
		}
		return all
	}
	if err != nil {
		return []Finding{problem("campaign", err, "")}
	}
	all := []Finding{{OK, "campaign", fmt.Sprintf("%s: %s, %s", file,
		phrase.Count(len(planned.Campaign.Attacks), "attack"), phrase.Count(len(planned.Plan.Trials), "trial")), ""}}
	for _, p := range slices.Concat(planned.PassedOver, planned.Unlocked) {
		all = append(all, Finding{Warning, "campaign", fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, phrase.OneLine(p.Message)), p.Hint})
	}
	for _, warning := range planned.Warnings {
		all = append(all, Finding{Warning, "campaign", phrase.OneLine(warning), ""})
	}
	if planned.TooMany != nil {
		all = append(all, problem("campaign", planned.TooMany, ""))
	}
	return append(all, secrets(planned.Plan.Needs().Secrets, planner.Secrets.Lookup(planned.Campaign.File))...)
}

// secrets looks up the needs of a plan, NAME or file:PATH.
func secrets(needs []string, lookup secret.Lookup) []Finding {
	var all []Finding
	for _, need := range needs {
		ref := secret.Reference{Raw: "${" + need + "}", Scheme: secret.SchemeEnv, Name: need}
		if path, ok := strings.CutPrefix(need, secret.SchemeFile+":"); ok {
			ref.Scheme, ref.Name = secret.SchemeFile, path
		}
		value, err := lookup(ref)
		switch {
		case err != nil:
			all = append(all, problem("secrets", err, ""))
		case value == "":
			all = append(all, Finding{Warning, "secrets", ref.Raw + " is empty", "give it a value"})
		default:
			all = append(all, Finding{OK, "secrets", ref.Raw + " is there", ""})
		}
	}
	return all
}
