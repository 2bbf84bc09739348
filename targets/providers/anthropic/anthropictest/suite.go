package anthropictest

import (
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Open opens the target under test with its configuration, a JSON object.
type Open = clienttest.Open

// TestTarget checks that a target behaves as a client of the Messages API has to,
// against a server that works and against one with each of the faults, with streamed
// replies and with whole ones. There is one test for each promise, named for it.
//
// The target's configuration needs the keys of the target "anthropic".
func TestTarget(t *testing.T, open Open) {
	t.Helper()
	suite().Run(t, open, slices.Concat(
		turnPromises(), memoryPromises(), parameterPromises(), recordPromises(), callPromises(), resultPromises(), oddCallPromises(), hostedPromises(), replyPromises(), refusalPromises(),
		pausePromises(), thoughtPromises(), shapePromises(), unreadPromises(), errorPromises(), keyPromises(), cutPromises(), networkPromises(),
	))
}

type (
	promise = clienttest.Promise[Agent, *Server]
	stage   = clienttest.Stage[*Server]
)

// stageKey is the API key that the stage's server requires.
const stageKey = "sk-ant-practice-0123456789"

func suite() clienttest.Suite[Agent, *Server] {
	return clienttest.Suite[Agent, *Server]{Key: stageKey, Recall: Recall, Obey: Obey, NewServer: NewServer, ParseFault: ParseFault, FaultNames: FaultNames}
}

const (
	all  = clienttest.All
	half = clienttest.Half
)

// sentRaw checks that the last request has a text in it, as it was sent.
func sentRaw(s *stage, want string) {
	s.Helper()
	all := s.Sent()
	if got := string(all[len(all)-1].Body); !strings.Contains(got, want) {
		s.Errorf("sent was %s, want %s in it", got, want)
	}
}
