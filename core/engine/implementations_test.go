package engine_test

import (
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/metrics"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/telemetry"
)

// Those who keep, watch and trace a run know the engine's nouns and not the engine:
// that they fit is said here.
var (
	_ engine.Journal  = (*store.Journal)(nil)
	_ engine.Resumer  = (*store.Journal)(nil)
	_ engine.Observer = (*eventlog.Log)(nil)
	_ engine.Observer = (*metrics.Observer)(nil)
	_ engine.Tracer   = (*telemetry.Traces)(nil)
)
