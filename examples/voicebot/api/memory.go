package api

import (
	"sync"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// maxRemembered is how many replies a server remembers; older ones are forgotten.
const maxRemembered = 256

// memory holds what later requests may refer to. The zero value is empty. Its methods
// may be called concurrently.
type memory struct {
	mu          sync.Mutex
	transcripts recent[string]
	responses   recent[stored]
}

// stored is a response that was made with "store".
type stored struct {
	// items are the whole conversation, the reply included.
	items []realtimetest.Item
	// body is the response as it was sent.
	body map[string]any
}

func (m *memory) keepTranscript(id, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.transcripts.put(id, text)
}

func (m *memory) transcript(id string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, known := m.transcripts.byID[id]
	return text, known
}

func (m *memory) keepResponse(id string, s stored) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.responses.put(id, s)
}

func (m *memory) response(id string) (stored, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, known := m.responses.byID[id]
	return s, known
}

// forgetResponse reports whether there was one.
func (m *memory) forgetResponse(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.responses.byID[id]
	delete(m.responses.byID, id)
	return known
}

// recent holds the last [maxRemembered] values.
type recent[T any] struct {
	byID  map[string]T
	order []string // oldest first
}

func (r *recent[T]) put(id string, v T) {
	if r.byID == nil {
		r.byID = map[string]T{}
	}
	r.byID[id] = v
	r.order = append(r.order, id)
	if len(r.order) > maxRemembered {
		delete(r.byID, r.order[0])
		r.order = r.order[1:]
	}
}
