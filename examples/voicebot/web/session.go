package web

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

const (
	// idle is how long a session lives without a request.
	idle = 30 * time.Minute
	// maxSessions is how many sessions live at a time; the oldest one ends for a new one.
	maxSessions = 1000
	// maxTokens is how many tokens of a session are valid at a time, one for each page
	// that may be open.
	maxTokens = 16
	// maxMessages is how long a conversation may become.
	maxMessages = 400
)

// session is one visitor. Its fields are guarded by the mutex of its sessions, but for
// talking.
type session struct {
	id       string
	loggedIn bool
	used     time.Time
	tokens   []string // oldest first
	items    []realtimetest.Item

	// talking is held while a message is answered: a conversation has one at a time.
	talking sync.Mutex
}

// sessions are the visitors. Its methods may be called concurrently.
type sessions struct {
	now func() time.Time

	mu    sync.Mutex
	byID  map[string]*session
	order []string // oldest first
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, byID: map[string]*session{}}
}

// find returns a session that lives, or nil.
func (s *sessions) find(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[id]
	if found == nil {
		return nil
	}
	if s.now().Sub(found.used) > idle {
		s.remove(id)
		return nil
	}
	found.used = s.now()
	return found
}

// open returns a new session.
func (s *sessions) open(loggedIn bool) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == maxSessions {
		s.remove(s.order[0])
	}
	opened := &session{id: rand.Text(), loggedIn: loggedIn, used: s.now()}
	s.byID[opened.id] = opened
	s.order = append(s.order, opened.id)
	return opened
}

// end ends a session.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
}

func (s *sessions) remove(id string) {
	delete(s.byID, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
}

// token returns a new token of a session.
func (s *sessions) token(of *session) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := rand.Text()
	of.tokens = append(of.tokens, token)
	of.tokens = of.tokens[max(0, len(of.tokens)-maxTokens):]
	return token
}

// spend reports whether a token of a session is valid, and makes it invalid.
func (s *sessions) spend(of *session, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(of.tokens, token)
	if i < 0 {
		return false
	}
	of.tokens = slices.Delete(of.tokens, i, i+1)
	return true
}

// conversation returns a copy of what was said.
func (s *sessions) conversation(of *session) []realtimetest.Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(of.items)
}

// add continues the conversation.
func (s *sessions) add(to *session, items ...realtimetest.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to.items = append(to.items, items...)
}
