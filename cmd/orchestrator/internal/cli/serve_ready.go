package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// checkAll returns what the runs of campaigns would lack, with --check; otherwise nil.
func (s *server) checkAll(ctx context.Context, files []string) error {
	if !s.check {
		return nil
	}
	var lacking []error
	for _, file := range files {
		lacking = append(lacking, s.ready(ctx, "", file))
	}
	return errors.Join(lacking...)
}

// look warns of what the runs of a schedule would lack on this machine, and records it
// for schedule list.
func (s *server) look(ctx context.Context, name, file string) {
	lacks := lines(s.ready(ctx, name, file))
	if ctx.Err() != nil {
		return
	}
	for _, lack := range lacks {
		s.log.Line(name, "warning: a run would lack what it needs: "+lack)
	}
	if err := s.kept.Schedules().RecordLacks(ctx, name, strings.Join(lacks, "\n")); err != nil {
		s.log.Line(name, "error: "+err.Error())
	}
}

// ready returns what the runs of a campaign would lack on this machine.
func (s *server) ready(ctx context.Context, name, file string) (err error) {
	redactor := secret.NewRedactor()
	log := redactor.Writer(s.log.Writer(name))
	defer func() { err = errors.Join(err, log.Close()) }()
	planner, err := s.flags.planner(s.env, log)
	if err != nil {
		return err
	}
	runner := &app.Runner{Planner: planner, Log: console{log}, Redactor: redactor}
	return runner.Ready(ctx, file)
}

// lines returns the errors that are joined in one, a line each, with their hints.
func lines(err error) []string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, one := range joined.Unwrap() {
			all = append(all, lines(one)...)
		}
		return all
	}
	if wrong, ok := errors.AsType[app.CampaignError](err); ok {
		var all []string
		for _, p := range wrong.Problems {
			all = append(all, phrase.OneLine(p.Error()))
		}
		return all
	}
	switch hint := core.HintOf(err); {
	case err == nil:
		return nil
	case hint != "":
		return []string{phrase.OneLine(fmt.Sprintf("%v (%s)", err, hint))}
	}
	return []string{phrase.OneLine(err.Error())}
}
