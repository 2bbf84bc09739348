package conformance

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// Components checks components where they are opened. infos are their
// descriptions, by the names that the source has for them.
func Components(t T, s Source, infos []core.Info, cases []Case) {
	for _, info := range infos {
		group := string(info.Kind) + " " + info.Name
		found, err := find(t.Context(), s, info.Kind, info.Name, cases)
		if err != nil {
			t.Group(group, func(t T) { untested(t, err) })
			continue
		}
		t.Group(group, func(t T) { found.check(t, s) })
	}
}

func untested(t T, err error) {
	t.Run("can be tested", func(t T) { t.Errorf("%v\n%s", err, core.HintOf(err)) })
}

// check checks everything that does not depend on where a component runs.
func (s subject) check(t T, from Source) {
	t.Run("is described", s.describes)
	t.Run("takes its configuration before it is opened", func(t T) { s.checksConfiguration(t, from) })
	t.Run("refuses an unknown key", func(t T) { s.refusesUnknownKey(t, from) })
	t.Run("refuses to do without a required key", func(t T) { s.refusesMissingKeys(t, from) })
	t.Run("refuses values of the wrong type", func(t T) { s.refusesWrongTypes(t, from) })
	t.Run("outlives the context it was opened with", func(t T) { s.outlivesItsOpening(t, from) })
	t.Run("can be closed twice", func(t T) { s.closesTwice(t, from) })
	t.Run("works concurrently", func(t T) { s.use(t, from, func(o opened) { s.worksConcurrently(t, o) }) })
	t.Run("takes what it says it takes", func(t T) { s.use(t, from, func(o opened) { s.takes(t, o) }) })
	t.Run("refuses what it does not say it takes", func(t T) { s.use(t, from, func(o opened) { s.refuses(t, o) }) })
	t.Run("takes 8 MiB, or refuses them as input", func(t T) { s.takesLarge(t, from) })
	t.Run("honours cancellation", func(t T) { s.honours(t, from, cancelled) })
	t.Run("honours a deadline", func(t T) { s.honours(t, from, expired) })
	switch s.Kind {
	case core.KindConverter:
		t.Run("gives the same for the same seed", func(t T) { s.use(t, from, func(o opened) { s.repeats(t, o) }) })
	case core.KindScorer:
		t.Run("never judges nothing", func(t T) { s.use(t, from, func(o opened) { neverJudgesNothing(t, o) }) })
	case core.KindTarget:
		s.checkConversations(t, from)
	}
}

// checksConfiguration checks that the case's configuration is taken, and that it
// restricts nothing but what the component says of itself.
func (s subject) checksConfiguration(t T, from Source) {
	checked, err := from.CheckConfig(t.Context(), s.Kind, s.Use, []byte(s.Config))
	if err != nil {
		t.Errorf("checking %s: %v", orDefaults(s.Config), err)
	}
	for _, r := range checked.Restrictions {
		if !r.Valid() || r.In != "" && !s.declared.Takes(r.In) || r.Out != "" && !slices.Contains(s.declared.Out, r.Out) ||
			r.Capability != "" && !s.declared.Can(r.Capability) {
			t.Errorf("checking %s: the restriction %+v takes away what the component does not say it has", orDefaults(s.Config), r)
		}
	}
}

func (s subject) describes(t T) {
	if s.declared.Summary == "" {
		t.Errorf("the component has no summary, want a sentence")
	}
	if s.Kind != core.KindScorer && (len(s.declared.In) == 0 || len(s.declared.Out) == 0) {
		t.Errorf("the component takes %v and gives %v; both have to be said", s.declared.In, s.declared.Out)
	}
	for _, m := range slices.Concat(s.declared.In, s.declared.Out) {
		if !slices.Contains(core.Modalities(), m) {
			t.Errorf("modality %q is not one of %v", m, core.Modalities())
		}
	}
	known := core.Capabilities()
	if s.Kind == core.KindConverter {
		known = []string{core.CapabilityNondeterministic}
	}
	for _, c := range s.declared.Capabilities {
		if !slices.Contains(known, c) {
			t.Errorf("capability %q is not one of %v", c, known)
		}
	}
	encoded, err := json.Marshal(s.schema)
	if err != nil {
		t.Fatalf("the schema: %v", err)
	}
	if _, err := schema.Parse(encoded); err != nil {
		t.Errorf("the schema: %v\n%s", err, encoded)
	}
	for _, c := range s.schema.Check([]byte(s.Config)) {
		t.Errorf("the schema refuses %s: %s: %s", orDefaults(s.Config), c.Path, c.Message)
	}
}

// outlivesItsOpening uses the component after the context with which it was
// opened has ended.
func (s subject) outlivesItsOpening(t T, from Source) {
	ctx, cancel := context.WithCancel(t.Context())
	o, err := s.open(ctx, from, s.Config)
	cancel()
	if err != nil {
		t.Fatalf("the component cannot be opened with %s: %v", orDefaults(s.Config), err)
	}
	if err := o.call(t.Context(), s.Input); err != nil {
		t.Errorf("a call, once the context is over that it was opened with: %v", err)
	}
	if err := o.close(); err != nil {
		t.Errorf("closing it: %v", err)
	}
}

func (s subject) closesTwice(t T, from Source) {
	o, err := s.open(t.Context(), from, s.Config)
	if err != nil {
		t.Fatalf("the component cannot be opened with %s: %v", orDefaults(s.Config), err)
	}
	for _, time := range []string{"first", "second"} {
		if err := o.close(); err != nil {
			t.Errorf("closing it for the %s time: %v", time, err)
		}
	}
}
