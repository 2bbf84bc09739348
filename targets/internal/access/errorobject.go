package access

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

const (
	// MaxRetryAfter is the longest time that a service can make a run wait.
	MaxRetryAfter = 10 * time.Minute
	// maxMessage is how much of a service's message is shown, in bytes.
	maxMessage = 4 << 10
)

// ErrorObject is what a service says of an error. Its JSON form is the error
// object of OpenAI; [ReadError] reads the forms of others into it.
type ErrorObject struct {
	// Type is a class of errors, such as "invalid_request_error"; at Google the
	// status, such as "RESOURCE_EXHAUSTED".
	Type string `json:"type"`
	// Code names the error, such as "context_length_exceeded"; some services
	// repeat the HTTP status here.
	Code    string `json:"code"`
	Message string `json:"message"`
	// Param is the parameter at fault, such as "messages[0].content".
	Param string `json:"param"`
	// Wait is how long the service asks to wait in a field of its own; 0 if it
	// does not.
	Wait time.Duration `json:"-"`
}

// UnmarshalJSON reads an error object of any of the forms that services use: a
// text, or an object whose members may have other names or types.
func (e *ErrorObject) UnmarshalJSON(data []byte) error {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	*e = errorOf(value, maxNesting)
	return nil
}

// ReadError reads what the body of a response says of an error: the error objects
// of OpenAI, Azure and LiteLLM, Anthropic, Google, FastAPI and vLLM, and plain
// forms such as {"error": "text"} and {"message": "text"}. ok reports whether it
// says anything.
func ReadError(body []byte) (e ErrorObject, ok bool) {
	if err := json.Unmarshal(body, &e); err != nil {
		return ErrorObject{}, false
	}
	return e, e.Text() != ""
}

// maxNesting is how deep an error may lie within another one.
const maxNesting = 4

// errorOf reads an error from a decoded JSON value.
func errorOf(value any, depth int) ErrorObject {
	switch value := value.(type) {
	case string:
		return ErrorObject{Message: value}
	case []any: // Google's streams, and FastAPI's lists of details
		if len(value) > 0 && depth > 0 {
			return errorOf(value[0], depth-1)
		}
	case map[string]any:
		return errorIn(value, depth)
	}
	return ErrorObject{}
}

// errorIn reads an error from an object. What lies within it, under one of the
// names that services use, is more exact than the object itself.
func errorIn(object map[string]any, depth int) ErrorObject {
	e := ErrorObject{
		Type:    textOf(object, "type", "error_type", "status"),
		Code:    textOf(object, "code", "errorCode"),
		Message: textOf(object, "message", "Message", "msg", "error_description", "detail", "title"),
		Param:   textOf(object, "param"),
		Wait:    waitIn(object["details"]),
	}
	if e.Param == "" {
		e.Param = location(object["loc"])
	}
	if reason := reasonIn(object["details"]); reason != "" {
		e.Code = reason
	}
	if depth == 0 {
		return e
	}
	if inner, ok := object["message"].(map[string]any); ok { // LiteLLM's guardrails
		e = errorOf(inner, depth-1).over(e)
	}
	for _, name := range []string{"error", "errors", "detail"} {
		inner, ok := object[name]
		if name, isText := inner.(string); isText && e.Message != "" && e.Message != name && e.Code == "" {
			e.Code = name // as in OAuth: a name with a description beside it
		} else if ok {
			e = errorOf(inner, depth-1).over(e)
		}
	}
	return e
}

// over returns the error with what it leaves out taken from the one around it. The
// type "error" says nothing.
func (e ErrorObject) over(around ErrorObject) ErrorObject {
	if around.Type == "error" {
		around.Type = ""
	}
	pick := func(own, other string) string {
		if own == "" {
			return other
		}
		return own
	}
	return ErrorObject{
		Type: pick(e.Type, around.Type), Code: pick(e.Code, around.Code), Message: pick(e.Message, around.Message),
		Param: pick(e.Param, around.Param), Wait: max(e.Wait, around.Wait),
	}
}

// textOf returns the first of some members that is a text or a number.
func textOf(object map[string]any, names ...string) string {
	for _, name := range names {
		switch value := object[name].(type) {
		case string:
			if value != "" {
				return value
			}
		case json.Number:
			return value.String()
		}
	}
	return ""
}

// location joins the path that FastAPI gives to what is wrong.
func location(value any) string {
	list, _ := value.([]any)
	var path []string
	for _, step := range list {
		switch step := step.(type) {
		case string:
			path = append(path, step)
		case json.Number:
			path = append(path, step.String())
		}
	}
	return strings.TrimPrefix(strings.Join(path, "."), "body.")
}

// waitIn returns the wait of Google's RetryInfo among the details of an error.
func waitIn(details any) time.Duration {
	list, _ := details.([]any)
	for _, entry := range list {
		object, _ := entry.(map[string]any)
		if delay := textOf(object, "retryDelay"); delay != "" {
			d, err := time.ParseDuration(delay)
			if err == nil {
				return min(max(d, 0), MaxRetryAfter)
			}
		}
	}
	return 0
}

// reasonIn returns the reason of Google's ErrorInfo among the details of an error,
// such as API_KEY_INVALID.
func reasonIn(details any) string {
	list, _ := details.([]any)
	for _, entry := range list {
		object, _ := entry.(map[string]any)
		if reason := textOf(object, "reason"); reason != "" {
			return reason
		}
	}
	return ""
}

// Text is the service's message with its code, in at most 4 KiB.
func (e ErrorObject) Text() string {
	text := e.Code
	if _, err := strconv.Atoi(text); text == "" || err == nil {
		text = e.Type // a number repeats the HTTP status
	}
	if text == "" {
		text = e.Code
	}
	switch {
	case text == "":
		text = e.Message
	case e.Message != "":
		text += ": " + e.Message
	}
	return phrase.ShortenBytes(text, maxMessage)
}

// Kind returns what a caller can do about the error, and "" where neither its code
// nor its type says. The services publish no complete list of codes; these are
// those of their documents and SDKs, and those that clients have observed.
func (e ErrorObject) Kind() core.ErrorKind {
	for _, name := range []string{e.Code, e.Type} {
		for _, group := range kindsOfNames() {
			if slices.Contains(group.names, name) {
				return group.kind
			}
		}
	}
	switch {
	case e.Filtered(), strings.Contains(e.Code, "context_length"):
		return core.ErrorInput
	case strings.Contains(e.Message, "insufficient_quota"): // a gateway repeats the error of the service behind it
		return core.ErrorAuth
	}
	return ""
}

// kindsOfNames lists the codes and types of errors that say what to do.
func kindsOfNames() []struct {
	kind  core.ErrorKind
	names []string
} {
	return []struct {
		kind  core.ErrorKind
		names []string
	}{
		{core.ErrorAuth, []string{
			"invalid_api_key", "account_deactivated", "billing_hard_limit_reached", "insufficient_quota", "exceeded_current_quota_error", "authentication_error",
			"permission_error", "billing_error", "API_KEY_INVALID", "PERMISSION_DENIED", "UNAUTHENTICATED",
		}},
		{core.ErrorRateLimited, []string{
			"rate_limit_exceeded", "inference_rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED",
		}},
		{core.ErrorUnavailable, []string{
			"server_error", "overloaded_error", "api_error", "timeout_error", "engine_overloaded", "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED",
		}},
		{core.ErrorConfig, []string{"model_not_found", "DeploymentNotFound", "not_found_error", "NOT_FOUND"}},
		{core.ErrorInput, []string{"string_above_max_length", "exceed_context_size_error", "request_too_large"}},
	}
}

// Filtered reports whether a content filter caused the error. A filter that did not run,
// Azure's content_filter_error, did not.
func (e ErrorObject) Filtered() bool {
	return slices.ContainsFunc([]string{e.Code, e.Type}, func(name string) bool {
		return strings.Contains(name, "content_filter") && name != "content_filter_error"
	})
}

// Hint says what to do about the error; "" where nothing general can be said.
func (e ErrorObject) Hint() string {
	switch e.Code {
	case "invalid_api_key", "API_KEY_INVALID":
		return "check api_key"
	case "insufficient_quota", "billing_hard_limit_reached":
		return "the account has no credit left"
	case "model_not_found", "DeploymentNotFound":
		return "check model; on Azure it is the name of the deployment"
	}
	return ""
}

// RetryAfter is how long the service asks to wait, in a field or in its message;
// 0 if it does not.
func (e ErrorObject) RetryAfter() time.Duration { return max(e.Wait, TryAgainIn(e.Message)) }

// inProse matches a wait in the text of a message: 1.5s, 20ms, 1m26.4s, 58 seconds.
var inProse = regexp.MustCompile(`(?i)(?:try again in|retry after|retry in) ((?:[0-9]+(?:\.[0-9]+)? ?(?:milliseconds?|ms|hours?|h|minutes?|m|seconds?|s)\b ?)+|(?:[0-9]+(?:\.[0-9]+)?(?:ms|h|m|s))+)`)

// quantity matches one number with its unit.
var quantity = regexp.MustCompile(`(?i)([0-9]+(?:\.[0-9]+)?) ?(milliseconds?|ms|hours?|h|minutes?|m|seconds?|s)`)

// TryAgainIn reads the wait from a message; 0 if it has none.
func TryAgainIn(message string) time.Duration {
	match := inProse.FindStringSubmatch(message)
	if match == nil {
		return 0
	}
	total := 0.0
	for _, part := range quantity.FindAllStringSubmatch(match[1], -1) {
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0
		}
		total += n * unit(strings.ToLower(part[2]))
	}
	if math.IsInf(total, 0) || total >= math.MaxInt64 {
		return 0
	}
	return min(time.Duration(math.Round(total)), MaxRetryAfter)
}

// unit returns the nanoseconds of a unit of time.
func unit(name string) float64 {
	switch {
	case strings.HasPrefix(name, "milli"), name == "ms":
		return float64(time.Millisecond)
	case strings.HasPrefix(name, "m"):
		return float64(time.Minute)
	case strings.HasPrefix(name, "h"):
		return float64(time.Hour)
	}
	return float64(time.Second)
}

// Err returns the error of a kind for a caller; doing says what was being done.
// [ErrorObject.Kind] gives the kind, unless the caller knows better.
func (e ErrorObject) Err(doing string, kind core.ErrorKind) *core.Error {
	result := ComeBack(core.Errorf(kind, "%s: the service answered: %s", doing, e.Text()), e.RetryAfter())
	if hint := e.Hint(); hint != "" {
		return result.WithHint("%s", hint)
	}
	return result
}

// ComeBack sets the time after which the service asks to try again; the error is
// then about a limit. A wait of 0, or an error that waiting does not resolve, is
// left unchanged.
func ComeBack(err *core.Error, wait time.Duration) *core.Error {
	if wait == 0 || !Retryable(err) {
		return err
	}
	return err.After(wait).About(core.SubjectLimit)
}

// Retryable reports whether another attempt can succeed.
func Retryable(err error) bool {
	return slices.Contains([]core.ErrorKind{core.ErrorUnavailable, core.ErrorTimeout, core.ErrorRateLimited}, core.KindOf(err))
}
