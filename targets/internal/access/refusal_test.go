package access_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func TestTimesToWaitAreReadOutOfProseAndClamped(t *testing.T) {
	tests := map[string]time.Duration{
		"Rate limit reached. Please try again in 1.5s.":                   1500 * time.Millisecond,
		"Please try again in 1m26.4s. Visit our website":                  86400 * time.Millisecond,
		"please Try Again In 20ms":                                        20 * time.Millisecond,
		"Requests have exceeded the rate. Please retry after 58 seconds.": 58 * time.Second,
		"Please retry in 34.074824224s.":                                  34074824224 * time.Nanosecond,
		"Try again in 1 minute 5 seconds":                                 65 * time.Second,
		"try again in 250 milliseconds":                                   250 * time.Millisecond,
		"try again in 2 minutes":                                          2 * time.Minute,
		"try again in 5h":                                                 access.MaxRetryAfter,
		"try again in a while":                                            0,
		"try again in 3 moments":                                          0,
		"":                                                                0,
		"try again in " + strings.Repeat("9", 400) + "s":                  0,
		"try again in 99999999999999999999s":                              0,
	}
	for message, want := range tests {
		if got := access.TryAgainIn(message); got != want {
			t.Errorf("%q: %s, want %s", message, got, want)
		}
	}
}

func TestErrorObjectsOfEveryServiceAreRead(t *testing.T) {
	for name, test := range map[string]struct {
		body, want string
		param      string
		kind       core.ErrorKind
	}{
		"OpenAI": {
			`{"error":{"message":"No such model","type":"invalid_request_error","param":"model","code":"model_not_found"}}`,
			"model_not_found: No such model", "model", core.ErrorConfig,
		},
		"a code that is null":     {`{"error":{"message":"No","type":"invalid_request_error","param":null,"code":null}}`, "invalid_request_error: No", "", ""},
		"a number as code":        {`{"error":{"message":"Bad","type":"BadRequestError","code":400}}`, "BadRequestError: Bad", "", ""},
		"a number and no type":    {`{"error":{"message":"Bad","code":1000000}}`, "1000000: Bad", "", ""},
		"LiteLLM":                 {`{"error":{"message":"litellm.RateLimitError: slow","type":"throttling_error","param":null,"code":"429"}}`, "throttling_error: litellm.RateLimitError: slow", "", ""},
		"Azure's content filter":  {`{"error":{"message":"Filtered","param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, "content_filter: Filtered", "prompt", core.ErrorInput},
		"Azure's API management":  {`{"statusCode":429,"message":"Rate limit is exceeded. Try again in 10 seconds."}`, "Rate limit is exceeded. Try again in 10 seconds.", "", ""},
		"Anthropic":               {`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`, "overloaded_error: Overloaded", "", core.ErrorUnavailable},
		"Anthropic without type":  {`{"type":"error","error":{"message":"m"}}`, "m", "", ""},
		"Google":                  {`{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}`, "RESOURCE_EXHAUSTED: Quota", "", core.ErrorRateLimited},
		"Google's reasons":        {`{"error":{"code":400,"message":"Bad key","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`, "API_KEY_INVALID: Bad key", "", core.ErrorAuth},
		"Google in a stream":      {`[{"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}}]`, "UNAVAILABLE: Busy", "", core.ErrorUnavailable},
		"FastAPI":                 {`{"detail":"Not Found"}`, "Not Found", "", ""},
		"FastAPI's validation":    {`{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"}]}`, "missing: Field required", "messages.0.role", ""},
		"an object as detail":     {`{"detail":{"error":{"message":"deep","code":"x"}}}`, "x: deep", "", ""},
		"vLLM":                    {`{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}`, "BadRequestError: too long", "", ""},
		"llama.cpp":               {`{"error":{"code":400,"message":"exceeds","type":"exceed_context_size_error","n_ctx":4096}}`, "exceed_context_size_error: exceeds", "", core.ErrorInput},
		"Ollama":                  {`{"error":"model 'x' not found"}`, "model 'x' not found", "", ""},
		"Hugging Face":            {`{"error":"bad input","error_type":"validation"}`, "validation: bad input", "", ""},
		"a message":               {`{"message":"no"}`, "no", "", ""},
		"AWS":                     {`{"Message":"no"}`, "no", "", ""},
		"OAuth":                   {`{"error":"invalid_client","error_description":"no such client"}`, "invalid_client: no such client", "", ""},
		"Spring":                  {`{"status":400,"error":"Bad Request","message":"no text"}`, "Bad Request: no text", "", ""},
		"LiteLLM's guardrail":     {`{"error":{"message":{"error":"Violated guardrail policy","response":{"action":"block"}},"type":"None","param":"None","code":"400"}}`, "None: Violated guardrail policy", "None", ""},
		"Moonshot's filter":       {`{"error":{"message":"high risk","type":"content_filter"}}`, "content_filter: high risk", "", core.ErrorInput},
		"a filter that failed":    {`{"error":{"message":"not filtered","code":"content_filter_error"}}`, "content_filter_error: not filtered", "", ""},
		"a quota behind LiteLLM":  {`{"error":{"message":"litellm.RateLimitError: {'code': 'insufficient_quota'}","type":"throttling_error","code":"429"}}`, "throttling_error: litellm.RateLimitError: {'code': 'insufficient_quota'}", "", core.ErrorAuth},
		"Moonshot's quota":        {`{"error":{"message":"no","type":"exceeded_current_quota_error"}}`, "exceeded_current_quota_error: no", "", core.ErrorAuth},
		"a list of errors":        {`{"errors":[{"message":"first"},{"message":"second"}]}`, "first", "", ""},
		"problem details":         {`{"type":"https://example/quota","title":"No quota","status":403}`, "https://example/quota: No quota", "", ""},
		"an error that is null":   {`{"error":null,"message":"still"}`, "still", "", ""},
		"nothing in an object":    {`{}`, "", "", ""},
		"no object":               {`17`, "", "", ""},
		"HTML":                    {`<html>`, "", "", ""},
		"nothing":                 {``, "", "", ""},
		"an endless nesting":      {strings.Repeat(`{"error":`, 100) + `{"message":"deep"}` + strings.Repeat(`}`, 100), "", "", ""},
		"a message of other type": {`{"error":{"message":{"a":1},"type":["x"]}}`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, ok := access.ReadError([]byte(test.body))
			if got := e.Text(); got != test.want || ok != (test.want != "") {
				t.Errorf("reads %q (%v), want %q", got, ok, test.want)
			}
			if e.Param != test.param || e.Kind() != test.kind {
				t.Errorf("param %q, kind %q; want %q, %q", e.Param, e.Kind(), test.param, test.kind)
			}
		})
	}
}

func TestALongMessageIsCut(t *testing.T) {
	e, _ := access.ReadError([]byte(`{"error":"` + strings.Repeat("x", 1<<20) + `"}`))
	if n := len(e.Text()); n > 4<<10 {
		t.Errorf("%d bytes are shown", n)
	}
}

func TestResponsesAreClassified(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   core.ErrorKind
		hint   string // a part of it
	}{
		{401, `{"error":{"code":"invalid_api_key"}}`, core.ErrorAuth, "check api_key"},
		{403, `<html>`, core.ErrorAuth, "check api_key"},
		{402, `{"error":{"message":"Insufficient Balance","type":"unknown_error"}}`, core.ErrorAuth, "no credit"},
		{407, ``, core.ErrorAuth, "proxy"},
		{400, `{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`, core.ErrorAuth, "check api_key"},
		{429, `{"error":{"code":"insufficient_quota"}}`, core.ErrorAuth, "no credit"},
		{429, `{"error":{"code":"rate_limit_exceeded"}}`, core.ErrorRateLimited, ""},
		{429, ``, core.ErrorRateLimited, ""},
		{404, `{"error":{"code":"model_not_found"}}`, core.ErrorConfig, "check model"},
		{404, `{"detail":"Not Found"}`, core.ErrorConfig, "check endpoint"},
		{400, `{"error":{"code":"unsupported_value","param":"temperature"}}`, core.ErrorConfig, "check endpoint and model"},
		{400, `{"error":{"code":"context_length_exceeded","param":"messages"}}`, core.ErrorInput, ""},
		{400, `{"error":{"code":"invalid_value","param":"messages[1].content"}}`, core.ErrorInput, ""},
		{400, `{"error":{"code":"invalid_value","param":"input"}}`, core.ErrorInput, ""},
		{400, `{"error":{"code":"invalid_value","param":"input_audio_format"}}`, core.ErrorConfig, ""},
		{400, `{"type":"error","error":{"type":"invalid_request_error","message":"messages.0.content: too long"}}`, core.ErrorInput, ""},
		{400, `{"type":"error","error":{"type":"invalid_request_error","message":"messages are fun"}}`, core.ErrorConfig, ""},
		{400, `{"error":{"message":"input"}}`, core.ErrorConfig, ""},
		{400, `{"error":{"code":"content_filter"}}`, core.ErrorInput, ""},
		{413, `<html>`, core.ErrorInput, ""},
		{422, `{"detail":[{"loc":["body","messages",0],"msg":"x"}]}`, core.ErrorInput, ""},
		{422, `{"detail":[{"loc":["body","n"],"msg":"x"}]}`, core.ErrorConfig, ""},
		{301, ``, core.ErrorConfig, "redirects are not followed"},
		{408, ``, core.ErrorUnavailable, ""},
		{409, ``, core.ErrorUnavailable, ""},
		{500, ``, core.ErrorUnavailable, ""},
		{501, ``, core.ErrorUnsupported, ""},
		{503, `{"error":"overloaded"}`, core.ErrorUnavailable, ""},
		{529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, core.ErrorUnavailable, ""},
		{200, ``, core.ErrorProtocol, ""},
		{200, `{"error":{"code":"server_error"}}`, core.ErrorUnavailable, ""},
		{200, `{"error":{"code":"rate_limit_exceeded"}}`, core.ErrorRateLimited, ""},
	} {
		got := access.Refusal("the service answered with", test.status, http.Header{}, []byte(test.body))
		if got.Kind != test.want || !strings.Contains(got.Hint, test.hint) {
			t.Errorf("HTTP %d with %s: %s, hint %q; want %s, %q", test.status, test.body, got.Kind, got.Hint, test.want, test.hint)
		}
	}
}

func TestAServiceThatSaysWhenToComeBackSpeaksOfALimit(t *testing.T) {
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for name, test := range map[string]struct {
		status int
		header http.Header
		body   string
		after  time.Duration
		about  core.ErrorSubject
	}{
		"seconds":               {503, header("Retry-After", "12"), ``, 12 * time.Second, core.SubjectLimit},
		"a fraction":            {503, header("Retry-After", "0.5"), ``, 500 * time.Millisecond, core.SubjectLimit},
		"milliseconds":          {429, header("Retry-After-Ms", "1500"), ``, 1500 * time.Millisecond, core.SubjectLimit},
		"a lie in milliseconds": {429, header("Retry-After-Ms", "99999999999"), ``, access.MaxRetryAfter, core.SubjectLimit},
		"less than nothing":     {503, header("Retry-After-Ms", "-5"), ``, 0, core.SubjectReachability},
		"with units":            {503, header("Retry-After", "1m30s"), ``, 90 * time.Second, core.SubjectLimit},
		"a lie with units":      {503, header("Retry-After", "900h"), ``, access.MaxRetryAfter, core.SubjectLimit},
		"less than none":        {503, header("Retry-After", "-3s"), ``, 0, core.SubjectReachability},
		"a date":                {503, header("Retry-After", date), ``, access.MaxRetryAfter, core.SubjectLimit},
		"a sentence":            {503, nil, `{"error":{"type":"server_error","message":"Please try again in 2s."}}`, 2 * time.Second, core.SubjectLimit},
		"a field of Google's":   {429, nil, `{"error":{"code":429,"details":[{"retryDelay":"34s"}]}}`, 34 * time.Second, core.SubjectLimit},
		"nothing with a 429":    {429, nil, ``, 0, core.SubjectLimit},
		"nothing":               {503, nil, ``, 0, core.SubjectReachability},
		"rubbish":               {503, header("Retry-After", "soon"), ``, 0, core.SubjectReachability},
		"no key":                {401, header("Retry-After", "12"), ``, 0, core.SubjectConfiguration},
	} {
		t.Run(name, func(t *testing.T) {
			err := access.Refusal("the service answered with", test.status, test.header, []byte(test.body))
			if got := core.RetryAfterOf(err); got != test.after {
				t.Errorf("RetryAfter is %s, want %s: %v", got, test.after, err)
			}
			if got := core.SubjectOf(err); got != test.about {
				t.Errorf("speaks of %s, want %s: %v", got, test.about, err)
			}
		})
	}
}

func TestARefusalSaysWhatTheServiceSaid(t *testing.T) {
	plain := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	for name, test := range map[string]struct {
		status int
		header http.Header
		body   string
		want   string
	}{
		"an error object":     {400, nil, `{"error":{"code":"c","message":"m"}}`, "the service answered with HTTP 400 (Bad Request): c: m"},
		"no words":            {502, nil, ``, "the service answered with HTTP 502 (Bad Gateway)"},
		"a page":              {502, http.Header{"Content-Type": {"text/html"}}, `<h1>oh`, "the service answered with HTTP 502 (Bad Gateway)"},
		"a page of words":     {502, http.Header{"Content-Type": {"text/html"}}, `oh`, "the service answered with HTTP 502 (Bad Gateway)"},
		"words of no type":    {502, nil, `oh`, "the service answered with HTTP 502 (Bad Gateway)"},
		"a page as text":      {502, plain, `<h1>oh`, "the service answered with HTTP 502 (Bad Gateway)"},
		"plain text":          {404, plain, "no such\nmodel\n", "the service answered with HTTP 404 (Not Found): no such model"},
		"overloaded":          {529, nil, ``, "the service answered with HTTP 529 (Overloaded)"},
		"a status of its own": {599, nil, ``, "the service answered with HTTP 599 (not a status of HTTP)"},
	} {
		if got := access.Refusal("the service answered with", test.status, test.header, []byte(test.body)).Error(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	long := access.Refusal("x", 400, plain, []byte(strings.Repeat("y", 1<<20))).Error()
	if len(long) > 500 {
		t.Errorf("%d bytes are shown", len(long))
	}
}

func TestARedirectNamesWhereItLeadsTo(t *testing.T) {
	for location, want := range map[string]string{
		"https://eu.api.example/v1?token=hunter2": "the endpoint may be https://eu.api.example/v1",
		"/v2/chat": "check endpoint",
		"%zz":      "check endpoint",
	} {
		hint := access.Refusal("x", 307, http.Header{"Location": {location}}, nil).Hint
		if !strings.Contains(hint, want) || strings.Contains(hint, "hunter2") {
			t.Errorf("%s: hint %q", location, hint)
		}
	}
}

// Whatever a body holds, what is said of it is bounded and valid, and a wait too.
func FuzzReadError(f *testing.F) {
	for _, seed := range []string{`{"error":{"code":1,"details":[{"retryDelay":"1s"}]}}`, `{"detail":[{"loc":["body",1]}]}`, `[[[["x"]]]]`, `null`, `"\ud800"`} {
		f.Add([]byte(seed), 429)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		e, ok := access.ReadError(body)
		if ok && !json.Valid(body) || len(e.Text()) > 4<<10 {
			t.Errorf("read %+v", e)
		}
		err := access.Refusal("x", status, nil, body)
		if err.RetryAfter < 0 || err.RetryAfter > access.MaxRetryAfter || err.Kind == "" {
			t.Errorf("%q: waits %s", err.Kind, err.RetryAfter)
		}
	})
}
