package plan

import (
	"context"
	"errors"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Check checks a component's configuration, a JSON object, without opening the
// component; host.Host.CheckConfig implements it. It returns what the component's
// description says and does not hold with that configuration; core.Errors where the
// configuration is invalid, and any other error where the check was not possible.
type Check func(ctx context.Context, kind core.Kind, use string, config []byte) (core.Checked, error)

// Restrictions are what components do not do with the configurations of a campaign, by
// definition.
type Restrictions map[Definition][]core.Restriction

// placeholder replaces secrets: a campaign is checked without them.
const placeholder = "placeholder"

// CheckConfigs has the components check their configurations beyond their
// schemas. It returns what they do not do with them, for the [Options] of [New], what
// is likely not meant, and
// the problems, both with their positions in the campaign. It
// leaves out definitions with problems that [New] reports, so that the problems
// of both can be combined. An error means that a component could not be asked,
// for example because its plugin died; the campaign may be valid then.
//
// The components get a placeholder for each secret. v says which settings are the
// environment's.
func CheckConfigs(ctx context.Context, c *campaign.Campaign, catalog Catalog, v Variables, check Check) (_ Restrictions, warnings, problems yamlfile.Problems, _ error) {
	restrictions := Restrictions{}
	p := newPlanner(c, catalog, Options{Environment: v})
	var failures []error
	var doubts yamlfile.Report
	p.definitions(func(d Definition, c campaign.Component) {
		_, schema, ok := catalog.Lookup(d.Kind, c.Use)
		if !ok || len(schema.Check(c.Config.JSON)) > 0 {
			return
		}
		config, _, err := secret.Expand(c.Config.JSON, func(secret.Reference) (string, error) { return placeholder, nil })
		if err != nil {
			return // reported by the reader
		}
		checked, err := check(ctx, d.Kind, c.Use, config)
		restrictions[d] = checked.Restrictions
		for _, w := range checked.Warnings {
			doubts.Problem(c.Config.At(w.Field), w.Hint, "%s: %s", d, w)
		}
		if wrong, ok := errors.AsType[core.Errors](err); ok {
			for _, e := range wrong {
				p.report.Problem(c.Config.At(e.Field), e.Hint, "%s: %s%s", d, e, v.from(d, e.Field))
			}
		} else if err != nil {
			failures = append(failures, fmt.Errorf("checking %s: %w", d, err))
		}
	})
	return restrictions, doubts.Problems(p.campaign.File), p.report.Problems(p.campaign.File), errors.Join(failures...)
}
