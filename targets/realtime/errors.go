package realtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

const (
	// maxRetryAfter is the longest time that a service can make a run wait.
	maxRetryAfter = 10 * time.Minute
	// maxMessage is how much of a service's message is shown, in bytes.
	maxMessage = 4 << 10
)

// serviceError is the error object of error events, of failed responses and of
// refused handshakes.
type serviceError struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Param   string `json:"param"`
	EventID string `json:"event_id"`
}

// UnmarshalJSON accepts a numeric code, which some services send.
func (e *serviceError) UnmarshalJSON(data []byte) error {
	type plain serviceError
	raw := struct {
		*plain
		Code any `json:"code"`
	}{plain: (*plain)(e)}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if raw.Code != nil {
		e.Code = fmt.Sprint(raw.Code)
	}
	return nil
}

// text is the service's message with its code.
func (e serviceError) text() string {
	text := e.Code
	if text == "" {
		text = e.Type
	}
	switch {
	case text == "":
		text = e.Message
	case e.Message != "":
		text += ": " + e.Message
	}
	return phrase.ShortenBytes(text, maxMessage)
}

// kind returns what a caller can do about the error. The services publish no
// complete list of codes; these are the ones that clients have observed.
func (e serviceError) kind() core.ErrorKind {
	switch {
	case slices.Contains([]string{"invalid_api_key", "account_deactivated", "billing_hard_limit_reached", "insufficient_quota"}, e.Code),
		e.Type == "insufficient_quota", e.Type == "authentication_error", e.Type == "permission_error":
		return core.ErrorAuth
	case e.Code == "rate_limit_exceeded", e.Code == "inference_rate_limit_exceeded", e.Type == "rate_limit_exceeded", e.Type == "rate_limit_error":
		return core.ErrorRateLimited
	case slices.Contains([]string{"session_expired", "server_error", "conversation_already_has_active_response"}, e.Code), e.Type == "server_error":
		return core.ErrorUnavailable
	case e.Code == "model_not_found", e.Code == "cannot_update_voice":
		return core.ErrorConfig
	case e.Code == "beta_api_shape_disabled":
		return core.ErrorUnsupported
	case e.Code == "input_audio_buffer_commit_empty", e.Code == "string_above_max_length", e.filtered(), strings.Contains(e.Code, "context_length"):
		return core.ErrorInput
	}
	return core.ErrorProtocol
}

// filtered reports whether a content filter caused the error.
func (e serviceError) filtered() bool { return strings.Contains(e.Code, "content_filter") }

// grave reports whether the error ends the turn even if it names none of its
// events.
func (e serviceError) grave() bool {
	kind := e.kind()
	return kind != core.ErrorProtocol && kind != core.ErrorInput
}

// benign reports whether the error reports a lost race: the client asked for
// something that was already done.
func (e serviceError) benign() bool {
	return slices.Contains([]string{
		"response_cancel_not_active", "item_truncate_invalid_item_id",
		"item_delete_invalid_item_id", "item_retrieve_invalid_item_id",
	}, e.Code) || strings.Contains(e.Message, "is already shorter than")
}

// err returns the error for a caller; doing says what was being done.
func (e serviceError) err(doing string) *core.Error {
	result := core.Errorf(e.kind(), "%s: the service answered: %s", doing, e.text())
	result = comeBack(result, tryAgainIn(e.Message))
	if hint := e.hint(); hint != "" {
		result = result.WithHint("%s", hint)
	}
	return result
}

// comeBack sets the time after which the service asks to try again; the error
// is then about a limit. A wait of 0, or an error that waiting does not
// resolve, is left unchanged.
func comeBack(err *core.Error, wait time.Duration) *core.Error {
	if wait == 0 || !retryable(err) {
		return err
	}
	return err.After(wait).About(core.SubjectLimit)
}

func (e serviceError) hint() string {
	switch e.Code {
	case "invalid_api_key":
		return "check api_key"
	case "insufficient_quota", "billing_hard_limit_reached":
		return "the account has no credit left"
	case "model_not_found":
		return "check model; on Azure it is the name of the deployment"
	case "session_expired":
		return "services end a conversation after an hour; use fewer or shorter turns"
	}
	return ""
}

// inProse matches a wait in the text of a message: 1.5s, 20ms, 1m26.4s.
var inProse = regexp.MustCompile(`(?i)try again in ((?:[0-9]+(?:\.[0-9]+)?(?:ms|h|m|s))+)`)

// tryAgainIn reads the wait from a message; 0 if it has none.
func tryAgainIn(message string) time.Duration {
	match := inProse.FindStringSubmatch(message)
	if match == nil {
		return 0
	}
	d, err := time.ParseDuration(strings.ToLower(match[1]))
	if err != nil {
		return 0
	}
	return min(max(d, 0), maxRetryAfter)
}

// refusedHandshake explains an HTTP response that is not a websocket. The body
// is the beginning of the response's, as far as the websocket library keeps it.
func refusedHandshake(status int, header http.Header, body []byte) *core.Error {
	var answer struct {
		Error serviceError `json:"error"`
	}
	detail := ""
	// A body that is not JSON of the protocol, such as a proxy's error page, is
	// not shown.
	if err := json.Unmarshal(body, &answer); err == nil && answer.Error.text() != "" {
		detail = ": " + answer.Error.text()
	}
	result := core.Errorf(handshakeKind(status, answer.Error), "the service refused the connection with HTTP %d (%s)%s",
		status, http.StatusText(status), detail)
	wait, _ := core.ParseRetryAfter(header.Get("Retry-After"), header.Get("Date"), maxRetryAfter)
	result = comeBack(result, max(wait, tryAgainIn(answer.Error.Message)))
	switch {
	case answer.Error.hint() != "":
		return result.WithHint("%s", answer.Error.hint())
	case result.Kind == core.ErrorAuth:
		return result.WithHint("check api_key, and that it may use this model")
	case result.Kind == core.ErrorConfig:
		return result.WithHint("check endpoint and model")
	}
	return result
}

func handshakeKind(status int, e serviceError) core.ErrorKind {
	switch {
	case e.kind() == core.ErrorAuth, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return core.ErrorAuth
	case status == http.StatusTooManyRequests:
		return core.ErrorRateLimited
	case status >= 500, status == http.StatusRequestTimeout:
		return core.ErrorUnavailable
	case status >= 300 && status < 500: // a redirect is not followed: it could send the key to another host
		return core.ErrorConfig
	}
	return core.ErrorProtocol
}

// lostConnection explains why a socket ended.
func lostConnection(err error) *core.Error {
	if errors.Is(err, websocket.ErrReadLimit) {
		return core.Errorf(core.ErrorProtocol, "the service sent an event of more than %d MiB: %w", maxFrame>>20, err)
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return core.Errorf(core.ErrorUnavailable, "the connection was lost: the service answers no ping")
	}
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || closed.Code == websocket.CloseAbnormalClosure {
		return core.Errorf(core.ErrorUnavailable, "the connection was lost: %w", err)
	}
	kind := core.ErrorUnavailable
	switch closed.Code {
	case websocket.CloseProtocolError, websocket.CloseUnsupportedData, websocket.CloseInvalidFramePayloadData,
		websocket.CloseMandatoryExtension, websocket.CloseMessageTooBig, websocket.CloseTLSHandshake:
		kind = core.ErrorProtocol
	case websocket.ClosePolicyViolation:
		kind = core.ErrorAuth
	case 4000: // the API's own rejection; its text is <type>.<code>
		if _, code, ok := strings.Cut(closed.Text, "."); ok {
			kind = serviceError{Code: code}.kind()
		}
	}
	result := comeBack(core.Errorf(kind, "the service closed the connection: %w", err), tryAgainIn(closed.Text))
	if closed.Code == websocket.CloseTryAgainLater {
		result = result.About(core.SubjectLimit)
	}
	return result
}
