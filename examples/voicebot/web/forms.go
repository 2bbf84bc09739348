package web

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
)

// message is a line of the conversation on a page.
type message struct {
	Role, Text string
	// Last marks the newest reply.
	Last bool
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	visitor := s.visitor(r)
	if visitor == nil {
		visitor = s.begin(w, false)
	}
	s.showLogin(w, r, visitor, http.StatusOK, "")
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, visitor *session, status int, problem string) {
	hint := Password
	if s.options.Password != "" {
		hint = "that you were given"
	}
	s.show(w, r, "", status, "login", map[string]any{"Token": s.sessions.token(visitor), "Problem": problem, "User": User, "Hint": hint})
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	visitor := s.visitor(r)
	switch {
	case !isForm(r):
		s.show(w, r, "", http.StatusUnsupportedMediaType, "error", "Expected a form.")
	case visitor == nil || !s.sessions.spend(visitor, r.PostFormValue("csrf_token")):
		s.show(w, r, "", http.StatusForbidden, "error", outdated)
	case !s.knows(r.PostFormValue("username"), r.PostFormValue("password")):
		s.showLogin(w, r, visitor, http.StatusUnauthorized, "The user or the password is wrong.")
	default:
		s.sessions.end(visitor.id) // so that nobody else knows the new one
		s.begin(w, true)
		http.Redirect(w, r, "/chat", http.StatusSeeOther)
	}
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	who := s.customer(r)
	if who != nil && !s.sessions.spend(who, r.PostFormValue("csrf_token")) {
		s.show(w, r, "", http.StatusForbidden, "error", outdated)
		return
	}
	if who != nil {
		s.sessions.end(who.id)
	}
	http.SetCookie(w, cookie("", -1))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (s *Server) chatPage(w http.ResponseWriter, r *http.Request) {
	who := s.customer(r)
	if who == nil {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	s.showChat(w, r, "", who, http.StatusOK, "")
}

func (s *Server) showChat(w http.ResponseWriter, r *http.Request, kind fault.Kind, who *session, status int, problem string) {
	var messages []message
	for _, item := range s.sessions.conversation(who) {
		messages = append(messages, message{Role: string(item.Role), Text: item.Text})
	}
	if n := len(messages); n > 0 {
		messages[n-1].Last = messages[n-1].Role == string(core.Assistant)
	}
	s.show(w, r, kind, status, "chat", map[string]any{"Token": s.sessions.token(who), "Messages": messages, "Problem": problem})
}

// chatForm answers a message with the page that has the reply.
func (s *Server) chatForm(w http.ResponseWriter, r *http.Request) {
	who := s.customer(r)
	switch {
	case !isForm(r):
		s.show(w, r, "", http.StatusUnsupportedMediaType, "error", "Expected a form.")
		return
	case who == nil:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	case !s.sessions.spend(who, r.PostFormValue("csrf_token")):
		s.show(w, r, "", http.StatusForbidden, "error", outdated)
		return
	}
	for key := range r.PostForm {
		if key != "csrf_token" && key != "message" {
			s.show(w, r, "", http.StatusBadRequest, "error", "The form does not know: "+key)
			return
		}
	}
	_, kind, err := s.reply(r.Context(), who, r.PostFormValue("message"))
	if err != nil {
		status, text := explain(w, err)
		if status == http.StatusUnauthorized {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		s.showChat(w, r, "", who, status, text)
		return
	}
	s.showChat(w, r, kind, who, http.StatusOK, "")
}

// isForm reports whether a request has a form that can be read.
func isForm(r *http.Request) bool {
	kind := r.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "multipart/form-data") {
		return r.ParseMultipartForm(maxForm) == nil //nolint:gosec // the body is bounded, see ServeHTTP
	}
	return strings.HasPrefix(kind, "application/x-www-form-urlencoded") && r.ParseForm() == nil
}

// show sends a page.
func (s *Server) show(w http.ResponseWriter, r *http.Request, kind fault.Kind, status int, name string, data any) {
	var page bytes.Buffer
	if err := s.pages.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, broken, http.StatusInternalServerError)
		return
	}
	s.delivery(kind).Send(w, r, status, "text/html; charset=utf-8", page.Bytes())
}
