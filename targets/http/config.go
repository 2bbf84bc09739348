package httptarget

import (
	"encoding/json"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// Config is what a campaign writes under with:.
type Config struct {
	URL string `json:"url" required:"true" format:"uri" doc:"Address of the service, such as https://bot.example/api/chat. The key, headers and cookies are sent to its host only."`
	access.Config
	Cookies map[string]core.Secret `json:"cookies" doc:"Cookies that each conversation begins with, such as those of a browser that is logged in."`
	Secrets map[string]core.Secret `json:"secrets" doc:"Secrets for requests, each written there as $(secrets.NAME)."`

	Session []Request `json:"session" doc:"Requests at the start of each conversation, such as a login or the page with a CSRF token."`
	Request Request   `json:"request" doc:"The request that a turn sends."`
	Then    []Request `json:"then" doc:"Further requests of a turn, such as asking until the reply is done. The last answer holds the reply."`
	Close   []Request `json:"close" doc:"Requests at the end of each conversation."`

	Reply  Reply  `json:"reply" doc:"Where the reply is in the last answer of a turn."`
	Rules  []Rule `json:"rules" doc:"What an answer means where HTTP does not say it; the first rule that holds decides."`
	Memory string `json:"memory" enum:"auto,messages,service,none" doc:"Who remembers the turns before. messages: each request has them all. service: the service, by a cookie or an ID. none: nobody, so that a conversation has one turn. auto: messages with $(messages) or $(history), service with session, or with $(conversation) or $(taken.NAME) in the request, otherwise none."`

	RedirectsTo   []string `json:"redirects_to" format:"uri" doc:"Other addresses that a redirect may lead to, such as https://login.example; without the key, headers and request body."`
	MaxRedirects  int      `json:"max_redirects" min:"0" max:"20" doc:"How many redirects of a request are followed; with 0, a redirect is the answer."`
	MaxReplyBytes int      `json:"max_reply_bytes" min:"1" doc:"Limit of one answer in bytes, once unpacked. Written and spoken replies are cut off there and marked as truncated; a longer JSON document is an error."`
}

// Request is one request. Texts may hold placeholders, such as $(prompt).
type Request struct {
	Method    string            `json:"method" doc:"Method; by default POST with a body, otherwise GET."`
	URL       string            `json:"url" format:"uri" doc:"Whole address, if it is another one than the target's url."`
	Path      string            `json:"path" doc:"Path and query on the host of the target's url, such as /login."`
	Query     map[string]string `json:"query" doc:"Parameters that are added to the address."`
	Headers   map[string]string `json:"headers" doc:"Headers of this request; a secret among them is written as $(secrets.NAME)."`
	Body      json.RawMessage   `json:"body,omitempty" doc:"Body: a mapping or list is sent as JSON, a text as it is written. What is inserted is encoded for the body's Content-Type."`
	JQ        string            `json:"jq" doc:"Body as a jq program whose output is sent as JSON; $prompt, $messages and so on are its variables."`
	Form      map[string]string `json:"form" doc:"Body as the fields of a web form."`
	Multipart []Part            `json:"multipart" doc:"Body as the parts of a web form with files."`
	Take      map[string]Take   `json:"take" doc:"Values that are taken from the answer, for later requests as $(taken.NAME)."`
	Expect    *Condition        `json:"expect,omitempty" doc:"What the answer must be; any other is an error."`
	Until     *Condition        `json:"until,omitempty" doc:"The request is sent again until its answer is this."`
	Every     core.Duration     `json:"every" min:"0s" doc:"Pause between two tries with until; 0s is one second."`
	Tries     int               `json:"tries" min:"0" max:"10000" doc:"How often a request with until is sent at most; 0 is 60."`
}

// Part is a part of a multipart body.
type Part struct {
	Name     string `json:"name" required:"true" doc:"Name of the field."`
	Value    string `json:"value" doc:"Text of the field."`
	File     string `json:"file" enum:"audio,image,text" doc:"File of the turn to send: audio, image, or its text. Without such a part in the turn, the field is left out."`
	Filename string `json:"filename" doc:"Name of the file; by default by its type, such as audio.wav."`
	Type     string `json:"type" doc:"Content-Type of the part; by default the file's."`
}

// Take says where a value is in an answer. One of the places is given.
type Take struct {
	JQ      string          `json:"jq" doc:"jq program; its first output is the value."`
	Regex   string          `json:"regex" doc:"Regular expression (RE2); its first group, or all that it matches, is the value."`
	Header  string          `json:"header" doc:"Name of a header of the answer."`
	Cookie  string          `json:"cookie" doc:"Name of a cookie that the service has set."`
	Input   string          `json:"input" doc:"Name of a field of an HTML form, whose value is taken."`
	Meta    string          `json:"meta" doc:"Name of an HTML meta element, whose content is taken."`
	Initial json.RawMessage `json:"initial,omitempty" doc:"Value before one is taken; otherwise a request that needs it fails."`
}

// Condition is a condition on an answer: all that is given has to hold.
type Condition struct {
	Status []int  `json:"status" doc:"HTTP statuses, any of which holds."`
	JQ     string `json:"jq" doc:"jq program; its first output is neither null nor false."`
	Regex  string `json:"regex" doc:"Regular expression (RE2) that is found in the body."`
}

// Rule says what an answer means.
type Rule struct {
	Condition
	Is  string `json:"is" required:"true" enum:"complete,blocked,truncated,error,rate_limited,unavailable,auth" doc:"What the answer is: a whole reply, one that a filter blocked, one that was cut off, or an error of some kind."`
	Say string `json:"say" doc:"jq program that gives the service's words for it."`
}

// Reply says where a reply is in an answer.
type Reply struct {
	JQ        string `json:"jq" doc:"jq program; each output is a text of the reply. null, or no output, is no reply."`
	Regex     string `json:"regex" doc:"Regular expression (RE2); the first group, or all that it matches, of each match is a text of the reply."`
	HTML      string `json:"html" doc:"HTML element whose text is the reply, such as #answer, .bot or div.answer; the last one that fits."`
	Stream    string `json:"stream" enum:"no,sse,lines" doc:"Whether the answer is a stream, whose pieces are joined: server-sent events, or lines of JSON. jq is run on each piece."`
	End       string `json:"end" doc:"Data of the piece that ends a stream, such as [DONE]."`
	EndJQ     string `json:"end_jq" doc:"jq program that holds for the piece that ends a stream."`
	Audio     string `json:"audio" doc:"jq program that gives the reply's sound as base64."`
	AudioType string `json:"audio_type" doc:"Media type of that sound."`
	ToolCalls string `json:"tool_calls" doc:"jq program that gives the tools that the service asks for: objects with call_id, name and arguments."`
	Usage     string `json:"usage" doc:"jq program that gives an object with input_tokens and output_tokens."`
	Truncated string `json:"truncated" doc:"jq program that holds where a limit cut the reply off."`
}

// defaultConfig returns the values of keys that a campaign leaves out.
func defaultConfig() Config {
	return Config{
		Memory:        "auto",
		MaxRedirects:  5,
		MaxReplyBytes: 16 << 20,
		Reply:         Reply{Stream: "no", AudioType: core.MediaWAV},
	}
}

const (
	// defaultEvery is the pause between two tries.
	defaultEvery = time.Second
	// defaultTries is how often a request with until is sent at most.
	defaultTries = 60
)
