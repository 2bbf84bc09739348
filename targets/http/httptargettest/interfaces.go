package httptargettest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

func (s *Server) routes() {
	s.mux.HandleFunc("POST /api/chat", s.chat)
	s.mux.HandleFunc("DELETE /api/chat/{id}", s.close)
	s.mux.HandleFunc("POST /api/messages", s.messages)
	s.mux.HandleFunc("POST /api/new", s.begin)
	s.mux.HandleFunc("POST /stream", s.stream)
	s.mux.HandleFunc("POST /lines", s.lines)
	s.mux.HandleFunc("POST /jobs", s.enqueue)
	s.mux.HandleFunc("GET /jobs/{id}", s.job)
	s.mux.HandleFunc("GET /login", s.loginPage)
	s.mux.HandleFunc("POST /login", s.login)
	s.mux.HandleFunc("GET /form", s.formPage)
	s.mux.HandleFunc("POST /form", s.form)
	s.mux.HandleFunc("POST /upload", s.upload)
	s.mux.HandleFunc("POST /text", s.text)
	s.mux.HandleFunc("POST /speech", s.speech)
	s.mux.HandleFunc("/mirror/", mirror)
	s.mux.HandleFunc("/redirect/{code}", redirect)
	s.mux.HandleFunc("/status/{code}", status)
}

// writeJSON writes an answer.
func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // the client may be gone
}

// problem answers as many services answer what is wrong with a request.
func problem(w http.ResponseWriter, code int, format string, args ...any) {
	writeJSON(w, code, map[string]any{"detail": fmt.Sprintf(format, args...)})
}

// chat takes {"message", "conversation", "system"}, and remembers conversations that
// have an ID.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Message      *string
		Conversation string
		System       string
		Attachment   string
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Message == nil {
		problem(w, http.StatusUnprocessableEntity, "a message is required")
		return
	}
	text, n := s.answer(request.Conversation, *request.Message)
	if request.System != "" {
		text = request.System + ": " + text
	}
	s.write(w, r, n, text)
}

func (s *Server) close(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = append(s.closed, r.PathValue("id"))
}

// begin gives a number to a conversation.
func (s *Server) begin(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("X-Conversation", s.newName("chat"))
	writeJSON(w, http.StatusCreated, map[string]any{"chat": map[string]any{"id": len(s.received), "name": s.newName("chat")}})
}

// messages takes {"messages": [{"role", "content"}]}, and remembers nothing.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Messages []struct{ Role, Content string }
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || len(request.Messages) == 0 {
		problem(w, http.StatusUnprocessableEntity, "messages are required")
		return
	}
	var said []string
	system := ""
	for _, m := range request.Messages {
		switch m.Role {
		case "system":
			system = m.Content + ": "
		case "user":
			said = append(said, m.Content)
		}
	}
	text, n := s.answer("", said...)
	s.write(w, r, n, system+text)
}

// enqueue begins a job.
func (s *Server) enqueue(w http.ResponseWriter, r *http.Request) {
	var request struct{ Message string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		problem(w, http.StatusUnprocessableEntity, "no JSON")
		return
	}
	text, _ := s.answer("", request.Message)
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.newName("job")
	s.jobs[id] = &job{text: text}
	writeJSON(w, http.StatusAccepted, map[string]any{"id": id})
}

// job is done when it is asked for the third time.
func (s *Server) job(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[r.PathValue("id")]
	if j == nil {
		problem(w, http.StatusNotFound, "no such job")
		return
	}
	j.asked++
	if n := s.answers; at(s.faults, JobFailed, n) {
		problem(w, http.StatusInternalServerError, "the job failed")
		return
	} else if at(s.faults, JobLimited, n) && j.asked == 1 {
		w.Header().Set("Retry-After", "0")
		problem(w, http.StatusTooManyRequests, "ask less often")
		return
	} else if j.asked < 3 || at(s.faults, JobStuck, n) {
		writeJSON(w, http.StatusOK, map[string]any{"state": "running"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"state": "done", "answer": j.text})
}

const cookieName = "session"

// loginPage has a form with a CSRF token that belongs to a cookie.
func (s *Server) loginPage(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.newName("session")
	s.sessions[id] = s.newName("csrf") + `"&<`
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", HttpOnly: true}) //nolint:gosec // the test has no TLS
	page(w, `<form method="post" action="/login"><input value='%s' type="hidden" name="csrf"><input name="user"></form>`, html.EscapeString(s.sessions[id]))
}

func page(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html><html><head><title>Support</title></head><body>"+format+"</body></html>", args...)
}

// session returns the ID of the session of a request whose CSRF token is right.
func (s *Server) session(r *http.Request) (string, bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token, ok := s.sessions[c.Value]
	return c.Value, ok && r.FormValue("csrf") == token
}

// login leads to the form, with another session and another token.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	id, ok := s.session(r)
	if !ok {
		http.Error(w, "CSRF token missing or incorrect", http.StatusForbidden)
		return
	}
	if r.FormValue("user") != User || r.FormValue("password") != Password {
		page(w, `<p class="error">Invalid password.</p>`) // with 200, as web forms do
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, id)
	id = s.newName("login")
	s.sessions[id] = s.newName("csrf")
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", HttpOnly: true}) //nolint:gosec // the test has no TLS
	http.Redirect(w, r, "/form", http.StatusSeeOther)
}

func (s *Server) formPage(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie(cookieName)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || !strings.HasPrefix(c.Value, "login") {
		http.Redirect(w, r, "/login", http.StatusFound)
		return
	}
	page(w, `<p>Welcome, %s.</p><meta name="csrf-token" content="%s"><form method="post"></form>`, User, s.sessions[c.Value])
}

// form takes a message of a web form, each time with the token of the page before.
func (s *Server) form(w http.ResponseWriter, r *http.Request) {
	id, ok := s.session(r)
	if !ok || !strings.HasPrefix(id, "login") {
		http.Error(w, "CSRF token missing or incorrect", http.StatusForbidden)
		return
	}
	text, n := s.answer(id, r.FormValue("message"))
	s.mu.Lock()
	s.sessions[id] = s.newName("csrf")
	token := s.sessions[id]
	s.mu.Unlock()
	if s.misbehaves(w, r, n, text) {
		return
	}
	page(w, `<div class="bubble answer">an older one</div><script>var x = "no";</script><div class="bubble answer" id="last">%s</div><meta name="csrf-token" content="%s">`,
		strings.ReplaceAll(html.EscapeString(text), "\n", "<br>"), token)
}

// upload says what files it got.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	const most = 8 << 20
	if err := r.ParseMultipartForm(most); err != nil { //nolint:gosec // the test sends it
		problem(w, http.StatusBadRequest, "%v", err)
		return
	}
	said := []string{r.FormValue("message")}
	for _, name := range []string{"sound", "picture"} {
		for _, f := range r.MultipartForm.File[name] {
			opened, err := f.Open()
			if err != nil {
				problem(w, http.StatusBadRequest, "%v", err)
				return
			}
			data, _ := io.ReadAll(opened) // from memory
			said = append(said, fmt.Sprintf("%s %s %s %x", name, f.Filename, f.Header.Get("Content-Type"), sha256.Sum256(data)))
		}
	}
	text, n := s.answer("", said...)
	s.write(w, r, n, text)
}

// text answers in plain text.
func (s *Server) text(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // from memory
	text, n := s.answer("", string(body))
	if s.misbehaves(w, r, n, text) {
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

// speech answers with sound, or with JSON that has it as base64.
func (s *Server) speech(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("json") != "" {
		writeJSON(w, http.StatusOK, map[string]any{"transcript": "good morning", "sound": base64.StdEncoding.EncodeToString(Clip())})
		return
	}
	w.Header().Set("Content-Type", "audio/x-wav")
	_, _ = w.Write(Clip())
}

// Clip returns a short WAV file.
func Clip() []byte {
	const samples, rate = 800, 8000
	data := make([]byte, 44, 44+2*samples)
	copy(data, "RIFF")
	binary.LittleEndian.PutUint32(data[4:], 36+2*samples)
	copy(data[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(data[16:], 16)
	binary.LittleEndian.PutUint16(data[20:], 1)
	binary.LittleEndian.PutUint16(data[22:], 1)
	binary.LittleEndian.PutUint32(data[24:], rate)
	binary.LittleEndian.PutUint32(data[28:], 2*rate)
	binary.LittleEndian.PutUint16(data[32:], 2)
	binary.LittleEndian.PutUint16(data[34:], 16)
	copy(data[36:], "data")
	binary.LittleEndian.PutUint32(data[40:], 2*samples)
	for i := range samples {
		data = binary.LittleEndian.AppendUint16(data, uint16((i%40)*300))
	}
	return data
}

// mirror answers with the request as it arrived, as JSON with its body in base64.
func mirror(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // from memory
	writeJSON(w, http.StatusOK, map[string]any{
		"method": r.Method, "path": r.URL.EscapedPath(), "query": r.URL.RawQuery, "body": base64.StdEncoding.EncodeToString(body),
		"length": r.ContentLength, "type": r.Header.Get("Content-Type"),
	})
}

// redirect leads to the address in the parameter to.
func redirect(w http.ResponseWriter, r *http.Request) {
	code := 0
	_, _ = fmt.Sscan(r.PathValue("code"), &code)
	w.Header().Set("Location", r.URL.Query().Get("to"))
	w.WriteHeader(code)
}

// status answers with a status.
func status(w http.ResponseWriter, r *http.Request) {
	code := 0
	_, _ = fmt.Sscan(r.PathValue("code"), &code)
	problem(w, code, "as asked")
}
