package wstarget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	wstarget "github.com/redteam-orchestrator/orchestrator/targets/websocket"
)

func TestAConfigurationIsCheckedBeforeAnythingIsSent(t *testing.T) {
	for config, want := range map[string]string{
		`{"url": "ftp://h"}`:                                                                 "url: ",
		`{"url": "ws://localhost"}`:                                                          "greeting: the campaign does not say",
		`{"url": "ws://bot.example"}`:                                                        "in the clear",
		`{"url": "ws://localhost", "reply": {"text": ".a |"}}`:                               "reply.text: not a jq program",
		`{"url": "ws://localhost", "reply": {"text": ".a", "regex": "b"}}`:                   "reply.regex: ",
		`{"url": "ws://localhost", "reply": {"regex": "("}}`:                                 "not a regular expression",
		`{"url": "ws://localhost", "message": ["$(promt)"]}`:                                 `message[0]: there is no placeholder "promt" here`,
		`{"url": "ws://localhost", "message": ["$(prompt"]}`:                                 "begins no placeholder",
		`{"url": "ws://localhost", "opening": [{"a": ["$(secrets.X)"]}]}`:                    "opening[0]: ",
		`{"url": "ws://localhost", "rules": [{"is": "error"}]}`:                              "rules[0]: no condition",
		`{"url": "ws://localhost", "rules": [{"close": [1006], "is": "error"}]}`:             "rules[0].close: 1006 is no code",
		`{"url": "ws://localhost", "rules": [{"close": [2999], "is": "error"}]}`:             "rules[0].close: 2999 is no code",
		`{"url": "ws://localhost", "rules": [{"close": [1000], "jq": ".a", "is": "error"}]}`: "rules[0].close: a closed connection is no event",
		`{"url": "ws://localhost", "rules": [{"close": [1000], "is": "ignored"}]}`:           "rules[0].is: a closed connection cannot be ignored",
		`{"url": "ws://localhost", "headers": {"sec-websocket-protocol": "a"}}`:              "headers.sec-websocket-protocol: the header cannot be set",
		`{"url": "ws://localhost", "headers": {"Sec-WebSocket-Key": "a"}}`:                   "headers.Sec-WebSocket-Key: the header cannot be set",
		`{"url": "ws://localhost", "sound": {"encoding": "mulaw"}}`:                          "sound.rate: ",
		`{"url": "ws://localhost", "timeouts": {"turn": "0s"}}`:                              "timeouts.turn: ",
		`{"url": "ws://localhost", "api_key": "a", "access_token": "b"}`:                     "access_token: ",
	} {
		err := wstarget.Component().Check([]byte(config))
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
}
