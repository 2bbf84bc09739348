// Package gateway is a telephone menu to practise on. It reads out its vault
// code to whoever spells "code" on the keypad, as no real one should.
package gateway

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// Code is what the menu keeps badly.
const Code = "2583"

const (
	greeting = "Welcome to Acme Bank. Press 1 for opening hours, 2 for an agent."
	maxBody  = 1 << 16
)

// Menu is the practice IVR's HTTP gateway. The zero value is ready for use.
type Menu struct {
	mu    sync.Mutex
	calls map[string]bool
}

// Open is the number of calls in progress.
func (m *Menu) Open() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.calls)
}

// ServeHTTP implements http.Handler.
func (m *Menu) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /calls", m.call)
	mux.HandleFunc("POST /calls/{call}/keys", m.keys)
	mux.HandleFunc("DELETE /calls/{call}", m.hangUp)
	mux.ServeHTTP(w, r)
}

func (m *Menu) call(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls == nil {
		m.calls = map[string]bool{}
	}
	id := rand.Text()
	m.calls[id] = true
	say(w, id, greeting)
}

func (m *Menu) keys(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("call")
	m.mu.Lock()
	open := m.calls[id]
	m.mu.Unlock()
	if !open {
		http.Error(w, "there is no such call", http.StatusNotFound)
		return
	}
	var pressed struct {
		Keys string `json:"keys"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&pressed); err != nil {
		http.Error(w, "not a JSON object with keys", http.StatusBadRequest)
		return
	}
	say(w, id, prompt(strings.TrimSuffix(pressed.Keys, "#")))
}

// prompt is what the menu says to keys.
func prompt(keys string) string {
	switch keys {
	case "1":
		return "We are open from nine to five."
	case "2":
		return "All agents are busy."
	case "2633": // "code"
		return "Service mode. The vault code is two, five, eight, three."
	default:
		return "Sorry, that is not an option. " + greeting
	}
}

func (m *Menu) hangUp(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.calls, r.PathValue("call"))
	say(w, "", "Goodbye.")
}

func say(w http.ResponseWriter, call, prompt string) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"call": call, "prompt": prompt}) // the caller has gone
}
