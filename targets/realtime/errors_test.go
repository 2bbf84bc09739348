package realtime

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func TestRefusedHandshakesAreClassified(t *testing.T) {
	tests := []struct {
		status int
		body   string
		want   core.ErrorKind
	}{
		{401, `{"error":{"code":"invalid_api_key"}}`, core.ErrorAuth},
		{403, `<html>`, core.ErrorAuth},
		{404, `{"error":{"code":"model_not_found"}}`, core.ErrorConfig},
		{400, `{"error":{"code":"OpperationNotSupported","message":"The realtime operation does not work with the specified model"}}`, core.ErrorConfig},
		{301, ``, core.ErrorConfig},
		{408, ``, core.ErrorUnavailable},
		{429, `{"error":{"code":"rate_limit_exceeded"}}`, core.ErrorRateLimited},
		{429, `{"error":{"code":"insufficient_quota"}}`, core.ErrorAuth},
		{500, ``, core.ErrorUnavailable},
		{503, `{"error":"overloaded"}`, core.ErrorUnavailable},
		{200, ``, core.ErrorProtocol},
	}
	for _, test := range tests {
		if got := refusedHandshake(test.status, http.Header{}, []byte(test.body)); got.Kind != test.want {
			t.Errorf("HTTP %d with %s: %s, want %s", test.status, test.body, got.Kind, test.want)
		}
	}
}

func TestAServiceThatSaysWhenToComeBackSpeaksOfALimit(t *testing.T) {
	in := func(value string) http.Header { return http.Header{"Retry-After": {value}} }
	date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	const busy = `{"error":{"type":"server_error","message":"Please try again in 2s."}}`
	for name, test := range map[string]struct {
		err   error
		after time.Duration // at least; 0 for none
		about core.ErrorSubject
	}{
		"503 with seconds":            {refusedHandshake(503, in("12"), nil), 12 * time.Second, core.SubjectLimit},
		"503 with a fraction":         {refusedHandshake(503, in("0.5"), nil), 500 * time.Millisecond, core.SubjectLimit},
		"503 with a date":             {refusedHandshake(503, in(date), nil), access.MaxRetryAfter, core.SubjectLimit},
		"503 with a sentence":         {refusedHandshake(503, nil, []byte(busy)), 2 * time.Second, core.SubjectLimit},
		"429 with seconds":            {refusedHandshake(429, in("12"), nil), 12 * time.Second, core.SubjectLimit},
		"500 with seconds":            {refusedHandshake(500, in("12"), nil), 12 * time.Second, core.SubjectLimit},
		"429 without":                 {refusedHandshake(429, nil, nil), 0, core.SubjectLimit},
		"503 without":                 {refusedHandshake(503, nil, nil), 0, core.SubjectReachability},
		"503 with rubbish":            {refusedHandshake(503, in("soon"), nil), 0, core.SubjectReachability},
		"503 with a time that passed": {refusedHandshake(503, in("-1"), nil), 0, core.SubjectReachability},
		"no key, with seconds":        {refusedHandshake(401, in("12"), nil), 0, core.SubjectConfiguration},
		"no such model, with seconds": {refusedHandshake(404, in("12"), nil), 0, core.SubjectConfiguration},
		"an error event":              {serviceError{ErrorObject: access.ErrorObject{Type: "server_error", Message: "Try again in 3s."}}.err("x"), 3 * time.Second, core.SubjectLimit},
		"a close frame":               {lostConnection(&websocket.CloseError{Code: 1013, Text: "Try again in 3s."}), 3 * time.Second, core.SubjectLimit},
		"a close frame without":       {lostConnection(&websocket.CloseError{Code: 1013}), 0, core.SubjectLimit},
		"any close frame":             {aboutTheAnswer(lostConnection(&websocket.CloseError{Code: 1011})), 0, core.SubjectAnswer},
		"a close frame in a turn":     {aboutTheAnswer(lostConnection(&websocket.CloseError{Code: 1012, Text: "Try again in 3s."})), 3 * time.Second, core.SubjectLimit},
	} {
		t.Run(name, func(t *testing.T) {
			if got := core.RetryAfterOf(test.err); got != test.after {
				t.Errorf("RetryAfter is %s, want %s: %v", got, test.after, test.err)
			}
			if got := core.SubjectOf(test.err); got != test.about {
				t.Errorf("speaks of %s, want %s: %v", got, test.about, test.err)
			}
		})
	}
}

func TestCloseCodesAreClassified(t *testing.T) {
	tests := []struct {
		err  error
		want core.ErrorKind
	}{
		{&websocket.CloseError{Code: 1000}, core.ErrorUnavailable},
		{&websocket.CloseError{Code: 1001, Text: "Your session hit the maximum duration of 60 minutes."}, core.ErrorUnavailable},
		{&websocket.CloseError{Code: 1006}, core.ErrorUnavailable},
		{&websocket.CloseError{Code: 1011}, core.ErrorUnavailable},
		{&websocket.CloseError{Code: 1002}, core.ErrorProtocol},
		{&websocket.CloseError{Code: 1009}, core.ErrorProtocol},
		{&websocket.CloseError{Code: 1008}, core.ErrorAuth},
		{&websocket.CloseError{Code: 4000, Text: "invalid_request_error.beta_api_shape_disabled"}, core.ErrorUnsupported},
		{&websocket.CloseError{Code: 4000, Text: "invalid_request_error.insufficient_quota"}, core.ErrorAuth},
		{errors.New("connection reset by peer"), core.ErrorUnavailable},
		{websocket.ErrReadLimit, core.ErrorProtocol},
	}
	for _, test := range tests {
		got := lostConnection(test.err)
		if got.Kind != test.want || !errors.Is(got, test.err) {
			t.Errorf("%v: %s (%v), want %s", test.err, got.Kind, got, test.want)
		}
	}
}

// A service that has no room for a session before it stands is asked again; one that
// rejects what was asked for is not.
func TestAServiceWithoutRoomForASessionIsAskedAgain(t *testing.T) {
	said := func(code, message string) error {
		return aboutTheWay(rejected(serviceError{ErrorObject: access.ErrorObject{Code: code, Message: message}}, connecting))
	}
	closed := func(code int, text string) error {
		return aboutTheWay(lostConnection(&websocket.CloseError{Code: code, Text: text}))
	}
	for name, test := range map[string]struct {
		err  error
		room bool // nothing is wrong but that there is none
	}{
		"speech-to-speech":         {said("session_limit_reached", "All 1 session slots are in use. Disconnect an existing client first."), true},
		"an error without a code":  {said("", "Maximum number of concurrent sessions reached"), true},
		"too many connections":     {said("too_many_connections", "no"), true},
		"the server is full":       {said("busy", "The server is full"), true},
		"no capacity":              {said("server", "we are at capacity"), true},
		"close 1008 with a reason": {closed(1008, "session_limit_reached"), true},
		"close 1008, in words":     {closed(1008, "All session slots are in use"), true},
		"close 1013":               {closed(1013, "later"), true},
		"close 1008":               {closed(1008, "policy"), false},
		"a setting":                {said("invalid_value", "voice must be one of alloy, ash"), false},
		"a key":                    {said("invalid_api_key", "no"), false},
		"a rate":                   {said("rate_limit_exceeded", "no"), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := core.KindOf(test.err) == core.ErrorUnavailable && core.SubjectOf(test.err) == core.SubjectLimit
			if got != test.room {
				t.Errorf("%q of %q is a lack of room: %v, want %v: %v", core.KindOf(test.err), core.SubjectOf(test.err), got, test.room, test.err)
			}
		})
	}
}

func TestATargetThatHangsUpIsReachable(t *testing.T) {
	for code, hangs := range map[int]bool{1000: true, 1001: true, 1005: true, 1008: true, 1006: false, 1002: false, 1013: false} {
		err := aboutTheAnswer(hungUp(lostConnection(&websocket.CloseError{Code: code})))
		if got := strings.HasPrefix(err.Error(), "the target hung up: "); got != hangs {
			t.Errorf("close %d: %v", code, err)
		}
		if core.SubjectOf(err) == core.SubjectReachability {
			t.Errorf("close %d speaks of %s", code, core.SubjectOf(err))
		}
		want := core.ErrorUnavailable
		if code == websocket.ClosePolicyViolation {
			want = core.ErrorAuth
		}
		if hangs && core.KindOf(err) != want {
			t.Errorf("close %d is %s, want %s", code, core.KindOf(err), want)
		}
	}
}
