package clienttest

import (
	"io"
	"net/http"
	"sync"
)

// maxRequest bounds a request, in bytes.
const maxRequest = 64 << 20

// Options configure a server. The zero value is a server without faults and without a
// key.
type Options struct {
	// APIKey is required of clients. Empty requires none.
	APIKey string
	Faults []Fault
	// Observe is called with every request that has the key, before it is answered.
	// It is called concurrently. Nil observes nothing.
	Observe func(header http.Header, url string, body []byte)
}

// Front is what the servers of all protocols have in common.
type Front struct {
	options Options

	mu       sync.Mutex
	turns    int
	redirect string
}

// NewFront returns the front of a server.
func NewFront(o Options) Front { return Front{options: o} }

// Turns counts the requests so far.
func (f *Front) Turns() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.turns
}

// RedirectTo has every request redirected to another address.
func (f *Front) RedirectTo(url string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.redirect = url
}

// Redirected redirects a request if it has to be.
func (f *Front) Redirected(w http.ResponseWriter) bool {
	f.mu.Lock()
	redirect := f.redirect
	f.mu.Unlock()
	if redirect == "" {
		return false
	}
	w.Header().Set("Location", redirect)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return true
}

// Admits says whether a request has the key, as a bearer's or in a header of its own.
func (f *Front) Admits(r *http.Request, header string) bool {
	key := f.options.APIKey
	return key == "" || r.Header.Get("Authorization") == "Bearer "+key || r.Header.Get(header) == key
}

// Read returns a request's body, and has it observed. An error means that the client is
// gone.
func (f *Front) Read(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err == nil && f.options.Observe != nil {
		f.options.Observe(r.Header, r.URL.String(), body)
	}
	return body, err
}

// Planned counts a request, and returns what the faults that are planned for it do. The
// keys of what known returns are the faults that there are.
func Planned[B any](f *Front, known func() map[string]B) []B {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turns++
	var planned []B
	for _, fault := range f.options.Faults {
		if fault.Turn == 0 || fault.Turn == f.turns {
			planned = append(planned, known()[fault.Name])
		}
	}
	return planned
}
