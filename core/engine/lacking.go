package engine

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// standIn replaces a secret that is missing, so that its component can be opened.
const standIn = "missing"

// Lacking returns why [Run] could not begin with a plan: every secret that is missing,
// and every component that cannot be opened, such as for want of a program; nil where it
// could. It opens and closes the components, and sends nothing. Of the Options it uses
// Components and Redactor.
func Lacking(ctx context.Context, p *plan.Plan, o Options) error {
	r := newRun(p, o, nil)
	for _, client := range r.targets {
		defer client.limits.Close()
	}
	defer r.components.close(r.events)
	_, missing := expand(p, o.Components.Secrets, o.Redactor)
	configs, err := expand(p, func(ref secret.Reference) (string, error) {
		if value, err := o.Components.Secrets(ref); err == nil {
			o.Redactor.Add(value) // a component with a secret that is missing may have others
			return value, nil
		}
		return standIn, nil
	}, secret.NewRedactor())
	if err != nil {
		return missing // a reference is malformed
	}
	return errors.Join(missing, r.components.open(ctx, p, configs, o.Components.Opener(helperTargets(r.targets)), r.clean))
}
