package realtime

import (
	"cmp"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// serviceError is the error object of error events and of failed responses.
type serviceError struct {
	access.ErrorObject
	// EventID is the client event that the error is about; "" if it names none.
	EventID string
}

// UnmarshalJSON reads the error object with its event.
func (e *serviceError) UnmarshalJSON(data []byte) error {
	if err := e.ErrorObject.UnmarshalJSON(data); err != nil {
		return err
	}
	own := struct {
		EventID string `json:"event_id"`
	}{}
	if err := json.Unmarshal(data, &own); err == nil { // it may be a text
		e.EventID = own.EventID
	}
	return nil
}

// kind returns what a caller can do about the error, by the codes that only this
// protocol has, and by those of any service.
func (e serviceError) kind() core.ErrorKind {
	switch e.Code {
	case "session_expired", "conversation_already_has_active_response":
		return core.ErrorUnavailable
	case "cannot_update_voice":
		return core.ErrorConfig
	case "beta_api_shape_disabled":
		return core.ErrorUnsupported
	case "input_audio_buffer_commit_empty":
		return core.ErrorInput
	}
	return cmp.Or(e.Kind(), core.ErrorProtocol)
}

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
	err := e.Err(doing, e.kind())
	if e.Code == "session_expired" {
		return err.WithHint("services end a conversation after an hour; use fewer or shorter turns")
	}
	return err
}

// noRoom matches what services say that take no further session for now, such as
// session_limit_reached of Hugging Face's speech-to-speech.
var noRoom = regexp.MustCompile(`(?i)session_?limit|(?:session|connection|client|slot|capacity|concurren)\w*(?: \w+){0,3} (?:limit|in use|full|busy|exceeded|reached)|too[_ ]many[_ ](?:sessions|connections|clients)|(?:at|no|over|out of) (?:capacity|free slots?|room)|server (?:is )?(?:full|busy)|max(?:imum)?[_ ](?:number of )?(?:concurrent )?(?:sessions|connections)`)

// full returns the error of a service that has no room for a session before it opened
// one. Nothing was said, so that the start may be tried again.
func full(err *core.Error) *core.Error {
	f := *err
	f.Kind, f.Hint = core.ErrorUnavailable, ""
	return f.About(core.SubjectLimit)
}

// hungUp returns the error of a turn whose connection the service closed in order: the
// target could be reached, and left. Any other error is returned unchanged.
func hungUp(err error) error {
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || core.SubjectOf(err) == core.SubjectLimit {
		return err
	}
	switch closed.Code {
	case websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived, websocket.ClosePolicyViolation:
		return core.Errorf(core.KindOf(err), "the target hung up: %w", err).About(core.SubjectAnswer)
	}
	return err
}

// refusedHandshake explains an HTTP response that is not a websocket. The body
// is the beginning of the response's, as far as the websocket library keeps it.
func refusedHandshake(status int, header http.Header, body []byte) *core.Error {
	return access.Refusal("the service refused the connection with", status, header, body)
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
			kind = serviceError{ErrorObject: access.ErrorObject{Code: code}}.kind()
		}
	}
	result := access.ComeBack(core.Errorf(kind, "the service closed the connection: %w", err), access.TryAgainIn(closed.Text))
	switch {
	case closed.Code == websocket.CloseTryAgainLater:
		result = result.About(core.SubjectLimit)
	case closed.Code == websocket.ClosePolicyViolation && noRoom.MatchString(closed.Text):
		result = full(result)
	}
	return result
}
