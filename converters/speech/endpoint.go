package speech

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// endpointConfig are the keys of the engine openai in both directions.
type endpointConfig struct {
	Endpoint string      `json:"endpoint" doc:"Engine openai: the base URL, such as https://api.openai.com/v1." format:"uri"`
	Model    string      `json:"model" doc:"Engine openai: the model, such as gpt-4o-mini-tts to speak or gpt-transcribe to transcribe. There is no default: services retire their models."`
	APIKey   core.Secret `json:"api_key" doc:"Engine openai: the key, sent as a bearer token if there is one."`

	InsecurePlain bool `json:"insecure_plain" doc:"Engine openai: whether an http:// address may name another machine; the key and the speech then travel in the clear."`
}

// check returns what is wrong with the keys if the engine is openai.
func (c endpointConfig) check() []error {
	var problems []error
	if err := c.checkEndpoint(); err != nil {
		problems = append(problems, err)
	}
	if c.Model == "" {
		problems = append(problems, core.Errorf(core.ErrorConfig, "the engine openai needs a model").At("model").
			WithHint("such as gpt-4o-mini-tts to speak, or gpt-transcribe to transcribe"))
	}
	return problems
}

func (c endpointConfig) checkEndpoint() error {
	if c.Endpoint == "" {
		return core.Errorf(core.ErrorConfig, "the engine openai needs an endpoint").At("endpoint").WithHint("such as https://api.openai.com/v1")
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return core.Errorf(core.ErrorConfig, "not an http or https URL").At("endpoint").WithHint("such as https://api.openai.com/v1") // it may hold a password
	}
	if secret.InAddress(c.Endpoint) {
		return core.Errorf(core.ErrorConfig, "a URL may not hold credentials").At("endpoint").WithHint("use the key api_key")
	}
	if scope.Plain(u) && !c.InsecurePlain {
		return core.Errorf(core.ErrorConfig, "http:// would send the key and the speech in the clear to %s", u.Hostname()).At("endpoint").
			WithHint("use https://; where the service has no TLS and the network between is trusted, set insecure_plain: true")
	}
	return nil
}

// keys returns the names of the keys that are set.
func (c endpointConfig) keys() []string {
	var given []string
	for _, key := range []struct {
		name string
		set  bool
	}{{"endpoint", c.Endpoint != ""}, {"model", c.Model != ""}, {"api_key", c.APIKey != ""}, {"insecure_plain", c.InsecurePlain}} {
		if key.set {
			given = append(given, key.name)
		}
	}
	return given
}

// endpoint is a server with the OpenAI audio API.
type endpoint struct {
	base    string
	key     core.Secret
	timeout time.Duration
	client  *http.Client
}

func newEndpoint(c endpointConfig, timeout core.Duration, client *http.Client) endpoint {
	return endpoint{base: strings.TrimRight(c.Endpoint, "/"), key: c.APIKey, timeout: timeout.Std(), client: client}
}

// idleConnections is the number of idle connections to one server that are kept
// open: about as many as a campaign has concurrent trials.
const idleConnections = 16

// newClient returns a client with its own connection pool. The caller closes its
// idle connections.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = idleConnections
	return &http.Client{
		Transport: transport,
		// A redirect would send the key to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends a body and returns the body of a 200 response. One of more than limit
// bytes is an error.
func (e endpoint) post(ctx context.Context, path, contentType string, body []byte, limit int64) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, e.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "making the request: %w", err).At("endpoint")
	}
	req.Header.Set("Content-Type", contentType)
	if e.key != "" {
		req.Header.Set("Authorization", "Bearer "+e.key.Reveal())
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, e.broken(ctx, limited, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, e.refusal(resp)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, e.broken(ctx, limited, err)
	}
	if int64(len(answer)) > limit {
		return nil, core.Errorf(core.ErrorProtocol, "%s answers with more than %d bytes", e.base, limit)
	}
	return answer, nil
}

// broken returns the error for a request that failed or a response that was not
// read whole. parent is the caller's context, limited its child with the timeout.
func (e endpoint) broken(parent, limited context.Context, err error) error {
	switch {
	case parent.Err() != nil:
		return context.Cause(parent)
	case limited.Err() != nil:
		return core.Errorf(core.ErrorTimeout, "%s did not answer within %v", e.base, e.timeout)
	}
	// url.Error would repeat the URL.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return fmt.Errorf("%s: %w", e.base, err) // an error of the egress proxy has its own kind
	}
	return core.Errorf(core.ErrorUnavailable, "%s: %w", e.base, err)
}

// apiError is the body of a response whose status is not 200.
type apiError struct {
	Error struct {
		Message string `json:"message"`
		Code    string `json:"code"`
		Param   string `json:"param"`
	} `json:"error"`
}

// refusal returns the error for a response whose status is not 200.
func (e endpoint) refusal(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // a part of the explanation is enough
	var explained apiError
	_ = json.Unmarshal(body, &explained) // a body that is not JSON is quoted as text
	message := cmp.Or(explained.Error.Message, strings.TrimSpace(strings.ToValidUTF8(string(body), "\uFFFD")))
	if e.key != "" { // some servers repeat a refused key in their message
		message = strings.ReplaceAll(message, e.key.Reveal(), e.key.String())
	}
	if message != "" {
		message = ": " + message
	}
	wait, _ := core.ParseRetryAfter(resp.Header.Get("Retry-After"), resp.Header.Get("Date"), maxRetryAfter)
	err := core.Errorf(kindOfStatus(resp.StatusCode, explained), "%s answers %s%s", e.base, resp.Status, message).After(wait)
	if resp.StatusCode/100 == 3 {
		return err.WithHint("redirects are not followed; the endpoint may be %s", resp.Header.Get("Location"))
	}
	return err
}

func kindOfStatus(status int, explained apiError) core.ErrorKind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return core.ErrorAuth
	case explained.Error.Code == "insufficient_quota", explained.Error.Code == "billing_hard_limit_reached":
		return core.ErrorAuth // waiting does not help
	case status == http.StatusTooManyRequests:
		return core.ErrorRateLimited
	case status == http.StatusRequestTimeout, status >= 500:
		return core.ErrorUnavailable
	case status == http.StatusRequestEntityTooLarge, explained.Error.Param == "input", explained.Error.Param == "file":
		return core.ErrorInput
	case status >= 300:
		return core.ErrorConfig
	}
	return core.ErrorProtocol
}

// maxRetryAfter is the longest wait that a server can ask for; longer ones are cut.
const maxRetryAfter = time.Hour

// unexpected returns the error for a 200 response that cannot be decoded.
func (e endpoint) unexpected(what string, err error) error {
	return core.Errorf(core.ErrorProtocol, "%s: %w", e.base, fmt.Errorf("%s: %w", what, err))
}
