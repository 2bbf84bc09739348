package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// What the site says where there is no reply.
const (
	outdated = "This page is out of date. Load it again."
	loggedIn = "You are not logged in."
	blocked  = "This message was blocked."
	broken   = "Something went wrong on our side."
)

// problem is why there is no reply.
type problem struct {
	status int
	text   string
	// after is the Retry-After header, in seconds; "" for none.
	after string
}

func (p *problem) Error() string { return p.text }

// reply answers a message of a customer, and adds both to the conversation.
func (s *Server) reply(ctx context.Context, who *session, message string) (string, fault.Kind, error) {
	message = strings.ReplaceAll(message, "\r\n", "\n") // as browsers send the line ends of forms
	switch {
	case strings.TrimSpace(message) == "":
		return "", "", &problem{http.StatusBadRequest, "Write a message.", ""}
	case !utf8.ValidString(message):
		return "", "", &problem{http.StatusBadRequest, "The message is not UTF-8.", ""}
	}
	who.talking.Lock()
	defer who.talking.Unlock()
	before := s.sessions.conversation(who)
	if len(before) >= maxMessages {
		return "", "", &problem{http.StatusConflict, "This conversation is too long. Log out and begin another one.", ""}
	}
	kind, err := s.admit()
	if err != nil {
		return "", kind, err
	}
	if kind == realtimetest.SessionExpired {
		s.sessions.end(who.id)
		return "", kind, &problem{http.StatusUnauthorized, loggedIn, ""}
	}
	said := realtimetest.Item{Role: core.User, Text: message}
	text, err := s.agent.Answer(ctx, "", append(before, said))
	if err != nil {
		return "", kind, err
	}
	switch kind {
	case realtimetest.EmptyReply:
		text = ""
	case realtimetest.Truncated:
		text = text[:len(text)/2]
	case realtimetest.ContentFilter, fault.PromptFilter, fault.Refusal:
		text = blocked
	}
	s.sessions.add(who, said, realtimetest.Item{Role: core.Assistant, Text: text})
	return text, kind, nil
}

// admit counts a message, and returns what is planned to go wrong with its reply.
func (s *Server) admit() (fault.Kind, error) {
	if !s.limiter.Allow() {
		refusal := &problem{http.StatusTooManyRequests, "Too many messages. Try again later.", ""}
		if s.options.Allowance.TellsWhen {
			refusal.after = strconv.Itoa(int(time.Duration(float64(time.Second)/float64(s.limiter.Limit())).Seconds()) + 1)
		}
		return "", refusal
	}
	kind := s.faults.Next()
	if status, refuses := fault.Refuses(kind); refuses {
		return kind, &problem{status.HTTP, status.Message, status.After}
	}
	if kind == realtimetest.ErrorEvent {
		return kind, &problem{http.StatusOK, broken, ""} // as sites that say it with a page
	}
	return kind, nil
}

// explain returns the status and text of an error.
func explain(w http.ResponseWriter, err error) (int, string) {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		return http.StatusInternalServerError, broken
	}
	if p.after != "" {
		w.Header().Set("Retry-After", p.after)
	}
	return p.status, p.text
}

// delivery sends a page or an answer, or what a fault makes of it.
func (s *Server) delivery(kind fault.Kind) fault.Delivery {
	return fault.Delivery{Kind: kind, Stop: s.stop}
}
