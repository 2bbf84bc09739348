package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

// session tells a script whether it has logged in, and a token.
func (s *Server) session(w http.ResponseWriter, r *http.Request) {
	visitor := s.visitor(r)
	if visitor == nil {
		visitor = s.begin(w, false)
	}
	s.send(w, r, "", http.StatusOK, map[string]any{"logged_in": visitor.loggedIn, "csrf_token": s.sessions.token(visitor)})
}

func (s *Server) loginJSON(w http.ResponseWriter, r *http.Request) {
	var given struct{ Username, Password string }
	schema := strict.Object(strict.Keys{"username": strict.Text, "password": strict.Text}, "username", "password")
	visitor := s.visitor(r)
	switch err := s.read(w, r, visitor, schema, &given); {
	case err != nil:
		s.refuse(w, r, visitor, err)
	case !s.knows(given.Username, given.Password):
		s.refuse(w, r, visitor, &problem{http.StatusUnauthorized, "The user or the password is wrong.", ""})
	default:
		s.sessions.end(visitor.id) // so that nobody else knows the new one
		opened := s.begin(w, true)
		s.send(w, r, "", http.StatusOK, map[string]any{"logged_in": true, "csrf_token": s.sessions.token(opened)})
	}
}

func (s *Server) chatJSON(w http.ResponseWriter, r *http.Request) {
	var given struct{ Message string }
	who := s.customer(r)
	if who == nil {
		s.refuse(w, r, nil, &problem{http.StatusUnauthorized, loggedIn, ""})
		return
	}
	if err := s.read(w, r, who, strict.Object(strict.Keys{"message": strict.Text}, "message"), &given); err != nil {
		s.refuse(w, r, who, err)
		return
	}
	text, kind, err := s.reply(r.Context(), who, given.Message)
	if err != nil {
		s.refuse(w, r, who, err)
		return
	}
	s.send(w, r, kind, http.StatusOK, map[string]any{"reply": text, "csrf_token": s.sessions.token(who)})
}

// read checks the token of a request and decodes its JSON.
func (s *Server) read(w http.ResponseWriter, r *http.Request, who *session, schema strict.Check, into any) error {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return &problem{http.StatusUnsupportedMediaType, "Expected JSON.", ""}
	}
	if who == nil || !s.sessions.spend(who, r.Header.Get("X-Csrf-Token")) {
		return &problem{http.StatusForbidden, outdated, ""}
	}
	err := strict.Decode(w, r, maxForm, schema, into)
	if wrong, ok := errors.AsType[*strict.Problem](err); ok {
		return &problem{http.StatusBadRequest, wrong.Message, ""}
	}
	return err
}

// refuse sends an error. Who sent a valid token gets another one.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, who *session, err error) {
	status, text := explain(w, err)
	body := map[string]any{"error": text}
	if who != nil && status != http.StatusForbidden {
		body["csrf_token"] = s.sessions.token(who)
	}
	s.send(w, r, "", status, body)
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, kind fault.Kind, status int, body map[string]any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, broken, http.StatusInternalServerError)
		return
	}
	s.delivery(kind).Send(w, r, status, "application/json", data)
}
