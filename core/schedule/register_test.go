package schedule_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

// states is a Store that keeps states in memory.
type states struct {
	all    map[string]schedule.State
	broken error
}

func (s states) Schedule(_ context.Context, name string) (schedule.State, error) {
	state := s.all[name]
	state.Name = name
	return state, s.broken
}

func (s states) SaveSchedule(_ context.Context, c schedule.Change) error {
	s.all[c.Name] = schedule.State{Name: c.Name, File: c.File, Spec: c.Spec, LastEvaluated: c.LastEvaluated, Alive: c.Alive}
	return nil
}

func (states) PreviousRun(context.Context, string, string) (string, error) { return "", nil }

func TestAScheduleIsKnownBeforeItIsEvaluated(t *testing.T) {
	cron, err := schedule.ParseCron("0 22 * * *")
	if err != nil {
		t.Fatal(err)
	}
	spec := schedule.Spec{Cron: cron, Zone: time.UTC, Overlap: schedule.Skip}
	before, now := time.Unix(1000, 0), time.Unix(2000, 0)
	kept := states{all: map[string]schedule.State{"old.yaml": {LastEvaluated: before, Alive: before}}}
	options := schedule.Options{
		Store: kept, Now: func() time.Time { return now },
		Read: func(file string) (string, schedule.Spec, error) { return file, spec, nil },
	}
	s, err := schedule.New([]string{"old.yaml", "new.yaml"}, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := kept.all["new.yaml"]; got.File != "new.yaml" || got.Spec.String() != spec.String() || !got.LastEvaluated.Equal(now) {
		t.Errorf("the new schedule is kept as %+v", got)
	}
	if got := kept.all["old.yaml"]; !got.LastEvaluated.Equal(before) || !got.Alive.Equal(before) {
		t.Errorf("the schedule that was known is changed: %+v", got)
	}

	options.Store = states{broken: errors.New("the disk is full")}
	if s, err = schedule.New([]string{"new.yaml"}, options); err != nil {
		t.Fatal(err)
	}
	if err := s.Register(t.Context()); err == nil {
		t.Error("a schedule that cannot be kept is no error")
	}
}
