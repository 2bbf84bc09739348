package cli

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// execute carries out spec, and prints the progress and the results.
func execute(ctx context.Context, env Env, flags campaignFlags, dir storeFlag, spec app.Spec, observers ...engine.Observer) (out app.Outcome, err error) {
	surviveBrokenPipes()
	redactor := secret.NewRedactor()
	screen := view.NewProgress(env.Stderr, env.Terminal)
	log := redactor.Writer(screen) // above the progress bar, without secrets
	defer func() { err = errors.Join(err, log.Close()) }()
	planner := &app.Planner{} // a replay plans from the record
	if spec.Kind != app.Replay {
		if planner, err = flags.planner(env, log); err != nil {
			return app.Outcome{}, err
		}
	}
	runner := app.Runner{
		Planner: planner, Store: dir.open, Reporter: report{Progress: screen, out: env.Stdout, dir: dir}, Log: console{log},
		Observers: observers, Redactor: redactor, Version: version(), LogContents: flags.logContents,
	}
	return runner.Run(ctx, spec)
}
