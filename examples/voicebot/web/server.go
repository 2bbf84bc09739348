package web

import (
	"crypto/subtle"
	"embed"
	"html/template"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// User is the only account. Password is its password, unless an API key is demanded,
// which then is the password.
const (
	User     = "caller"
	Password = "practice"
)

const (
	cookieName = "harbour_session"
	maxForm    = 1 << 20 // bytes of a request
)

//go:embed pages
var pages embed.FS

// Options are the settings of a [Server]. The zero value has the account's own
// password, sets no limit and behaves well.
type Options struct {
	// Password is the password of the account; "" means [Password].
	Password string
	// Faults are planned misbehaviours. Their turns count the messages.
	Faults []realtimetest.Fault
	// Allowance limits the messages.
	Allowance realtimetest.Allowance
	// Now is the clock; nil means the system's.
	Now func() time.Time
}

// Server is the web site. It is an [http.Handler].
type Server struct {
	agent    realtimetest.Agent
	options  Options
	sessions *sessions
	faults   *fault.Plan
	limiter  *rate.Limiter
	pages    *template.Template
	mux      *http.ServeMux

	stop    chan struct{}
	stopped sync.Once
}

var _ http.Handler = (*Server)(nil)

// New returns a web site for an agent. Call Stop before its connections are closed.
func New(agent realtimetest.Agent, options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{
		agent: agent, options: options, sessions: newSessions(options.Now), faults: fault.NewPlan(options.Faults),
		limiter: fault.Limiter(options.Allowance.RequestsPerMinute), mux: http.NewServeMux(), stop: make(chan struct{}),
		pages: template.Must(template.ParseFS(pages, "pages/*.html")),
	}
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/chat", http.StatusSeeOther) })
	s.mux.HandleFunc("GET /login", s.loginPage)
	s.mux.HandleFunc("POST /login", s.login)
	s.mux.HandleFunc("POST /logout", s.logout)
	s.mux.HandleFunc("GET /chat", s.chatPage)
	s.mux.HandleFunc("POST /chat", s.chatForm)
	s.mux.HandleFunc("GET /api/session", s.session)
	s.mux.HandleFunc("POST /api/login", s.loginJSON)
	s.mux.HandleFunc("POST /api/chat", s.chatJSON)
	s.mux.HandleFunc("GET /chat.css", file("pages/chat.css", "text/css; charset=utf-8"))
	s.mux.HandleFunc("GET /chat.js", file("pages/chat.js", "text/javascript; charset=utf-8"))
	return s
}

// Stop ends the replies that a fault holds back. It may be called again.
func (s *Server) Stop() { s.stopped.Do(func() { close(s.stop) }) }

// Replies returns the number of messages that were well-formed.
func (s *Server) Replies() int { return s.faults.Replies() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	s.mux.ServeHTTP(w, r)
}

// visitor returns the session of a request, or nil.
func (s *Server) visitor(r *http.Request) *session {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	return s.sessions.find(cookie.Value)
}

// customer returns the session of a request that has logged in, or nil.
func (s *Server) customer(r *http.Request) *session {
	visitor := s.visitor(r)
	if visitor == nil || !visitor.loggedIn {
		return nil
	}
	return visitor
}

// begin opens a session and gives the visitor its cookie.
func (s *Server) begin(w http.ResponseWriter, loggedIn bool) *session {
	opened := s.sessions.open(loggedIn)
	http.SetCookie(w, cookie(opened.id, 0))
	return opened
}

// cookie is the cookie of a session, for an age in seconds; 0 is until the browser ends.
func cookie(value string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // not Secure: the practice target is reached over plain HTTP
		Name: cookieName, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

func (s *Server) password() string {
	if s.options.Password != "" {
		return s.options.Password
	}
	return Password
}

func (s *Server) knows(user, password string) bool {
	return user == User && subtle.ConstantTimeCompare([]byte(password), []byte(s.password())) == 1
}

func file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		data, err := pages.ReadFile(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(data) // the client may be gone
	}
}
