package chattest

import (
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Open opens the target under test with its configuration, a JSON object.
type Open = clienttest.Open

// TestTarget checks that a target behaves as a client of chat completions has to,
// against a server that works and against one with each of the faults, with streamed
// replies and with whole ones. There is one test for each promise, named for it.
//
// The target's configuration needs the keys of the target "chat".
func TestTarget(t *testing.T, open Open) {
	t.Helper()
	suite().Run(t, open, slices.Concat(
		turnPromises(), memoryPromises(), parameterPromises(), recordPromises(), toolPromises(), mediaPromises(), replyPromises(), countPromises(), shapePromises(), filterPromises(), gatewayPromises(), looseForms(),
		errorPromises(), cutPromises(), networkPromises(),
	))
}

type (
	promise = clienttest.Promise[Agent, *Server]
	stage   = clienttest.Stage[*Server]
)

// stageKey is the API key that the stage's server requires.
const stageKey = "sk-practice-0123456789"

func suite() clienttest.Suite[Agent, *Server] {
	return clienttest.Suite[Agent, *Server]{Key: stageKey, Recall: Recall, Obey: Obey, NewServer: NewServer, ParseFault: ParseFault, FaultNames: FaultNames}
}

const (
	all  = clienttest.All
	half = clienttest.Half
)
