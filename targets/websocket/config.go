package wstarget

import (
	"encoding/json"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// Config is what a campaign writes under with:.
type Config struct {
	URL string `json:"url" required:"true" format:"uri" doc:"Address of the service, such as wss://bot.example/chat."`
	access.Config
	Subprotocols []string               `json:"subprotocols" doc:"Subprotocols to offer in the handshake, the preferred one first."`
	Query        map[string]core.Secret `json:"query" doc:"Parameters that are added to the address, for secrets that a service wants there, such as a token of a session."`
	Secrets      map[string]core.Secret `json:"secrets" doc:"Secrets for messages, each written there as $(secrets.NAME)."`

	Opening  []json.RawMessage `json:"opening" doc:"Messages that are sent once connected, such as a login or start. A mapping or list is sent as JSON, a text as it is written; both may hold placeholders, such as $(prompt), which are encoded for JSON where the message is JSON."`
	Ready    string            `json:"ready" doc:"jq program that holds for the event after which the first turn may be sent."`
	Greeting *bool             `json:"greeting" doc:"Whether the service speaks first, which has to be said. What it says ends as replies do, is kept with the first turn, and is not taken for its answer."`
	Message  []json.RawMessage `json:"message" doc:"Messages that a turn sends; by default its text."`
	Closing  []json.RawMessage `json:"closing" doc:"Messages that are sent at the end of the conversation, such as stop."`
	Answers  []Answer          `json:"answers" doc:"What is answered to an event of the service, such as a mark or a ping, whenever it comes."`
	Take     map[string]string `json:"take" doc:"jq programs that are run on each event; what is not null is the value of $(taken.NAME) from then on."`

	Reply Reply  `json:"reply" doc:"Where a reply is in the events of the service, and where it ends."`
	Rules []Rule `json:"rules" doc:"What an event means; the first rule that holds decides."`
	Sound Sound  `json:"sound" doc:"How sound travels."`

	MaxReplyBytes   int      `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes of text and of sound as it travels; what is longer is cut off and marked as truncated."`
	MaxMessageBytes int      `json:"max_message_bytes" min:"1" doc:"Limit of one event of the service in bytes; a longer one is an error."`
	Timeouts        Timeouts `json:"timeouts" doc:"How long to wait for what."`
}

// Answer is a message that answers an event.
type Answer struct {
	When string `json:"when" required:"true" doc:"jq program that holds for the event."`
	Send string `json:"send" required:"true" doc:"jq program whose output is sent as JSON; its input is the event, and $conversation, $turn, $seed and $taken are its variables."`
}

// Reply says where a reply is.
type Reply struct {
	Text  string        `json:"text" doc:"jq program; each output is a piece of the reply's text. null, or no output, is none. By default each text message as it came, unless sound is asked for."`
	Regex string        `json:"regex" doc:"Regular expression (RE2) on the event as it came, in place of text; the first group, or all that it matches, is a piece."`
	Heard string        `json:"heard" doc:"jq program that gives what the service has understood of the turn's sound."`
	Sound string        `json:"sound" doc:"jq program that gives a piece of the reply's sound as base64."`
	End   string        `json:"end" doc:"jq program that holds for the event that ends the reply."`
	Quiet core.Duration `json:"quiet" min:"0s" doc:"Time without a piece after which a reply that has begun is taken for over, which leaves it unconfirmed; 0s for none. Without end and quiet, the first event with a piece is the whole reply."`
}

// Rule says what an event means.
type Rule struct {
	JQ    string `json:"jq" doc:"jq program that holds for the event."`
	Regex string `json:"regex" doc:"Regular expression (RE2) that is found in the event as it came."`
	Close []int  `json:"close" doc:"Codes with which the service closes the connection, such as 1008, in place of an event; regex is then on the reason that it gives. No further turn can be sent."`
	Is    string `json:"is" required:"true" enum:"complete,blocked,truncated,error,rate_limited,unavailable,auth,ignored" doc:"What the event says: that the reply is whole, that a filter blocked it, that it was cut off, an error of some kind, or nothing."`
	Say   string `json:"say" doc:"jq program that gives the service's words for it."`
}

// Sound says how sound travels, in both directions.
type Sound struct {
	Encoding string            `json:"encoding" enum:"pcm16,pcm16be,mulaw,alaw" doc:"Samples of 16 bits, little endian or, as L16 in RTP has them, big endian; or the G.711 of telephone lines."`
	Rate     int               `json:"rate" min:"4000" max:"192000" doc:"Samples a second; G.711 has 8000."`
	Binary   bool              `json:"binary" doc:"Whether sound travels in binary messages; otherwise as base64 in JSON."`
	Message  json.RawMessage   `json:"message,omitempty" doc:"Message with a piece of the turn's sound as $(sound), with its number $(sound_number) from 1 and its time $(sound_time) in milliseconds."`
	Before   []json.RawMessage `json:"before" doc:"Messages before the sound of a turn."`
	After    []json.RawMessage `json:"after" doc:"Messages after the sound of a turn, such as commit."`
	Piece    core.Duration     `json:"piece" min:"5ms" max:"10s" doc:"Length of one piece."`
	Pace     bool              `json:"pace" doc:"Whether pieces are sent at the pace at which they play, as a telephone line does; otherwise at once."`
	Silence  bool              `json:"silence" doc:"Whether silence is sent while the reply is waited for, as a telephone line does: services that detect the end of speech need it. Every piece is then of the same length: silence fills the last one."`
}

// Timeouts are how long a conversation waits. All are positive.
type Timeouts struct {
	Connect core.Duration `json:"connect" doc:"From dialling to the handshake's end, and then for ready and the greeting."`
	Turn    core.Duration `json:"turn" doc:"For a whole reply, once the turn is sent."`
	Alive   core.Duration `json:"alive" doc:"For the answer to a ping, of which three are sent in that time; then the connection is taken for dead."`
}

func defaultConfig() Config {
	return Config{
		Sound:         Sound{Encoding: "pcm16", Rate: 16_000, Piece: core.Duration(20 * time.Millisecond), Pace: true},
		MaxReplyBytes: 32 << 20, MaxMessageBytes: 16 << 20,
		Timeouts: Timeouts{
			Connect: core.Duration(15 * time.Second), Turn: core.Duration(2 * time.Minute), Alive: core.Duration(90 * time.Second),
		},
	}
}
