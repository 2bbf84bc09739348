package access

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// maxPlainText is how much of an error in plain text is shown, in bytes.
const maxPlainText = 300

// Refusal explains an HTTP response that is not what was asked for. said begins
// its message, such as "the service answered with". The body is the beginning of
// the response's; it may hold secrets, so that the error is to be redacted. A
// filter's refusal has the kind core.ErrorInput: a target asks
// [ErrorObject.Filtered] first, and makes a reply of it.
func Refusal(said string, status int, header http.Header, body []byte) *core.Error {
	e, _ := ReadError(body)
	detail := e.Text()
	if detail == "" {
		detail = plainText(header, body)
	}
	if detail != "" {
		detail = ": " + detail
	}
	result := core.Errorf(kindOf(status, e), "%s HTTP %d (%s)%s", said, status, statusText(status), detail)
	result = ComeBack(result, max(RetryAfter(header), e.RetryAfter()))
	if hint := hintFor(status, header, result.Kind, e); hint != "" {
		return result.WithHint("%s", hint)
	}
	return result
}

// plainText returns the first words of an error in plain text. Any other body that
// is not JSON, such as a proxy's error page, is not shown.
func plainText(header http.Header, body []byte) string {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	text := strings.TrimSpace(string(body))
	if err != nil || kind != "text/plain" || strings.HasPrefix(text, "<") || strings.HasPrefix(text, "{") {
		return ""
	}
	return phrase.ShortenBytes(phrase.OneLine(text), maxPlainText)
}

func statusText(status int) string {
	switch text := http.StatusText(status); {
	case status == statusOverloaded:
		return "Overloaded"
	case text == "":
		return "not a status of HTTP"
	default:
		return text
	}
}

// statusOverloaded is what Anthropic answers while it has no capacity.
const statusOverloaded = 529

// RetryAfter returns the wait that the headers of an answer ask for, at most
// [MaxRetryAfter]; 0 for none.
func RetryAfter(header http.Header) time.Duration {
	if ms := header.Get("Retry-After-Ms"); ms != "" { // OpenAI and Azure
		if d, err := time.ParseDuration(ms + "ms"); err == nil {
			return min(max(d, 0), MaxRetryAfter)
		}
	}
	after := header.Get("Retry-After")
	if d, err := time.ParseDuration(after); err == nil { // some gateways write 1m30s
		return min(max(d, 0), MaxRetryAfter)
	}
	wait, _ := core.ParseRetryAfter(after, header.Get("Date"), MaxRetryAfter)
	return wait
}

// kindOf returns what a caller can do about a status with an error object. The
// object tells what a status leaves open: whether a 429 is a rate or a quota, and
// whether a 400 is about the message or about the configuration.
func kindOf(status int, e ErrorObject) core.ErrorKind {
	switch {
	case e.Kind() == core.ErrorAuth:
		return core.ErrorAuth
	case slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusPaymentRequired, http.StatusProxyAuthRequired}, status):
		return core.ErrorAuth
	case status == http.StatusTooManyRequests:
		return core.ErrorRateLimited
	case status == http.StatusNotImplemented:
		return core.ErrorUnsupported
	case status >= 500, slices.Contains([]int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly}, status):
		return core.ErrorUnavailable
	case status == http.StatusRequestEntityTooLarge, status >= 400 && (e.Kind() == core.ErrorInput || e.aboutMessages()):
		return core.ErrorInput
	case status >= 300: // a redirect is not followed: it could send the key to another host
		return core.ErrorConfig
	case e.Kind() != "":
		return e.Kind() // an error object in an answer that is none by its status
	}
	return core.ErrorProtocol
}

// aboutMessages reports whether the error names the conversation, rather than a
// parameter beside it. Anthropic names the parameter at the beginning of the
// message.
func (e ErrorObject) aboutMessages() bool {
	for _, text := range []string{e.Param, e.Message} {
		for _, name := range []string{"messages", "input", "contents"} {
			rest, ok := strings.CutPrefix(text, name)
			if ok && (rest == "" && text == e.Param || strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, ":")) {
				return true
			}
		}
	}
	return false
}

// hintFor says what to do about a response.
func hintFor(status int, header http.Header, kind core.ErrorKind, e ErrorObject) string {
	hint := e.Hint()
	switch {
	case hint != "":
		return hint
	case status == http.StatusPaymentRequired:
		return "the account has no credit left"
	case status == http.StatusProxyAuthRequired:
		return proxyHint()
	case kind == core.ErrorAuth:
		return "check api_key, and that it may use this model"
	case status/100 == 3:
		return redirectHint(header.Get("Location"))
	case kind == core.ErrorConfig:
		return "check endpoint and model"
	}
	return ""
}

// tunnelRefusal explains a proxy's answer to a request for a connection to the service; nil
// where it opened one.
func tunnelRefusal(status int) error {
	refusal := func(kind core.ErrorKind) *core.Error {
		return core.Errorf(kind, "the proxy answered with HTTP %d (%s)", status, statusText(status))
	}
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusProxyAuthRequired:
		return refusal(core.ErrorAuth).WithHint("%s", proxyHint())
	case status/100 == 4:
		return refusal(core.ErrorConfig).WithHint("the proxy does not connect to that service: check proxy and endpoint")
	}
	return refusal(core.ErrorUnavailable)
}

// proxyHint says what to do where a proxy wants credentials.
func proxyHint() string {
	return "give the credentials as proxy_user and proxy_password, as in ${PROXY_PASSWORD}"
}

// redirectHint names where a redirect leads to, without its query.
func redirectHint(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Hostname() == "" {
		return "redirects are not followed; check endpoint and model"
	}
	return fmt.Sprintf("redirects are not followed; the endpoint may be %s", phrase.ShortenBytes(Shown(u), maxPlainText))
}
