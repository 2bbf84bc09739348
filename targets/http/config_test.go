package httptarget_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	httptarget "github.com/redteam-orchestrator/orchestrator/targets/http"
)

// check returns what is wrong with a configuration, with the address filled in.
func check(config string) error {
	if !strings.HasPrefix(config, `"url"`) {
		config = `"url":"https://bot.example/api",` + config
	}
	return httptarget.Component().Check([]byte("{" + strings.TrimSuffix(config, ",") + "}"))
}

func TestWhatIsWrongWithAConfigurationIsSaidBeforeAnythingIsSent(t *testing.T) {
	for config, want := range map[string]string{
		`"request":{"body":{"m":"$(promt)"}}`:                                                  `request.body: there is no placeholder "promt" here (did you mean "prompt"?)`,
		`"request":{"body":{"m":"$(prompt|jsn)"}}`:                                             `request.body: there is no filter "jsn" here (did you mean "json"?)`,
		`"request":{"body":{"m":"$(document).ready"}}`:                                         `there is no placeholder "document" here`,
		`"request":{"body":{"m":"$(1+1)"}}`:                                                    `a "$(" begins no placeholder`,
		`"request":{"body":{"m":"$(prompt"}}`:                                                  `a "$(" begins no placeholder`,
		`"session":[{"path":"/login","form":{"m":"$(prompt)"}}]`:                               `session[0].form.m: there is no placeholder "prompt" here`,
		`"session":[{"path":"/login","multipart":[{"name":"f","file":"audio"}]}]`:              `session[0].multipart[0].file: files are those of a turn`,
		`"close":[{"path":"/end/$(turn)"}]`:                                                    `close[0].path: there is no placeholder "turn" here`,
		`"request":{"query":{"q":"$(secrets.pasword)"}},"secrets":{"password":"x"}`:            `(did you mean "secrets.password"?)`,
		`"request":{"query":{"q":"$(taken.tok)"},"take":{"token":{"jq":"."}}}`:                 `(did you mean "taken.token"?)`,
		`"request":{"body":"{\"m\": $(prompt)","headers":{"Content-Type":"application/json"}}`: `request.body: the body is no JSON`,
		`"request":{"body":"x","form":{"a":"b"}}`:                                              `request.form: both body and form are given`,
		`"request":{"headers":{"Content-Length":"3"},"body":"x"}`:                              `request.headers.Content-Length: the header cannot be set (leave it out: it is computed from what is sent)`,
		`"request":{"headers":{"host":"other.example"},"body":"x"}`:                            `request.headers.host`,
		`"request":{"headers":{"Cookie":"a=b"},"body":"x"}`:                                    `give the cookies in cookies`,
		`"request":{"headers":{"X Y":"b"},"body":"x"}`:                                         `"X Y" is not the name of a header`,
		`"request":{"method":"GET /"}`:                                                         `request.method: "GET /" is not a method`,
		`"request":{"path":"login"}`:                                                           `request.path: a path begins with one /`,
		`"request":{"path":"//other.example/x"}`:                                               `request.path: a path begins with one /`,
		`"request":{"path":"/x","url":"https://bot.example/y"}`:                                `request.path: both url and path are given`,
		`"request":{"path":"/x#frag"}`:                                                         `a fragment`,
		`"request":{"url":"http://other.example/y"}`:                                           `in the clear to other.example`,
		`"redirects_to":["http://other.example"]`:                                              `redirects_to[0]: http:// would send`,
		`"request":{"url":"https://$(secrets.host)/y"},"secrets":{"host":"x"}`:                 `the host is a placeholder`,
		`"request":{"url":"https://me:pw@other.example/y"}`:                                    `the URL holds credentials`,
		`"request":{"until":{"jq":".done"}}`:                                                   `request.until: the request of a turn is sent once`,
		`"then":[{"every":"2s"}]`:                                                              `then[0].until: every and tries are for`,
		`"then":[{"until":{}}]`:                                                                `then[0].until: no condition is given`,
		`"then":[{"expect":{"status":[20]}}]`:                                                  `then[0].expect.status: 20 is no HTTP status`,
		`"request":{"take":{"t":{"jq":".","header":"X"}}}`:                                     `request.take.t: 2 places are given`,
		`"request":{"take":{"t t":{"jq":"."}}}`:                                                `"t t" is no name for a placeholder`,
		`"request":{"take":{"t":{"regex":"("}}}`:                                               `request.take.t.regex: not a regular expression`,
		`"request":{"multipart":[{"name":"f"}]}`:                                               `request.multipart[0]: a part has either value or file`,
		`"request":{"multipart":[{"name":"f","value":"x"}],"headers":{"Content-Type":"a/b"}}`:  `has its boundary`,
		`"request":{"jq":"{m: $promt}"}`:                                                       `request.jq: there is no variable "promt" here (did you mean "prompt"?)`,
		`"request":{"jq":"{m: "}`:                                                              `request.jq: not a jq program`,
		`"reply":{"jq":"env.HOME | foo"}`:                                                      `reply.jq: not a jq program`,
		`"reply":{"jq":".a","regex":"b"}`:                                                      `reply: more than one of jq, regex and html`,
		`"reply":{"html":"div > p"}`:                                                           `reply.html: "div > p" is not a selector of one element`,
		`"reply":{"end":"[DONE]"}`:                                                             `reply.end: end and end_jq are for streams`,
		`"reply":{"stream":"sse","regex":"x"}`:                                                 `the pieces of a stream are read by jq`,
		`"reply":{"stream":"ssse"}`:                                                            `reply.stream: "ssse" is not one of`,
		`"reply":{"stream":"sse"},"then":[{"path":"/x","until":{"jq":"."}}]`:                   `then[0]: the answer with the reply is a stream`,
		`"reply":{"audio":".a","audio_type":"text/plain"}`:                                     `reply.audio_type`,
		`"rules":[{"is":"blocked"}]`:                                                           `rules[0]: no condition is given`,
		`"rules":[{"status":[403],"is":"blockd"}]`:                                             `rules[0].is: "blockd" is nothing that an answer can be`,
		`"memory":"messages","request":{"body":{"m":"$(prompt)"}}`:                             `memory: no request of a turn has the turns before`,
		`"memory":"server"`:                                                                    `memory: "server" is not one of`,
		`"max_reply_bytes":0`:                                                                  `max_reply_bytes: 0 is not a positive number`,
		`"url":"ftp://bot.example"`:                                                            `url: "ftp" is not a scheme`,
		`"url":"https://bot.example/?api_key=x"`:                                               `url: the URL holds credentials`,
		`"api_key":"a","access_token":"b"`:                                                     `access_token: both api_key and access_token`,
	} {
		err := check(config)
		if text := complete(err); !strings.Contains(text, want) {
			t.Errorf("%s:\n got %s\nwant %s", config, text, want)
		}
		if core.KindOf(err) != core.ErrorConfig && err != nil {
			t.Errorf("%s: an error of kind %s", config, core.KindOf(err))
		}
	}
}

// complete returns all errors with their hints.
func complete(err error) string {
	var all core.Errors
	if !errors.As(err, &all) {
		return fmt.Sprintf("%v (%s)", err, core.HintOf(err))
	}
	var texts []string
	for _, e := range all {
		texts = append(texts, fmt.Sprintf("%v (%s)", e, e.Hint))
	}
	return strings.Join(texts, "; ")
}

func TestWhatIsRightIsTaken(t *testing.T) {
	for _, config := range []string{
		``,
		`"request":{"body":{"m":"$(prompt)","$$(literal)":"$$(literal) $$$(prompt) $ ( ${"}}`,
		`"request":{"body":"{\"m\": \"a $(prompt)\", \"l\": $(messages)}"}`,
		`"request":{"body":"$(prompt)"}`,
		`"request":{"body":"$(audio|raw)","headers":{"content-type":"audio/wav"}}`,
		`"request":{"path":"/chat/$(conversation)?q=$(prompt|base64)"}`,
		`"request":{"url":"https://other.example:8443/x/$(taken.id)"},"session":[{"take":{"id":{"jq":".id"}}}]`,
		`"request":{"headers":{"Authorization":"Token $(secrets.t)"}},"secrets":{"t":"x"}`,
		`"headers":{"Authorization":"Token x"}`,
		`"redirects_to":["https://login.example"]`,
		`"insecure_plain":true,"request":{"url":"http://10.0.0.7/x"}`,
		`"memory":"messages","request":{"jq":"{m: $messages}"}`,
		`"reply":{"html":"main#x.y.z"}`,
		`"url":"http://127.0.0.1:8080"`,
		`"url":"https://[2001:db8::1]:8443/x?lang=$(prompt)"`,
	} {
		if err := check(config); err != nil {
			t.Errorf("%s: %s", config, complete(err))
		}
	}
}

func TestTheSchemaCoversTheConfiguration(t *testing.T) {
	s, err := schema.Of(httptarget.Component().Config)
	if err != nil {
		t.Fatal(err)
	}
	document := []byte(`{"url":"https://bot.example","api_key":"${KEY}","secrets":{"p":"${P}"},"redirects_to":["https://a.example"],
		"session":[{"url":"https://b.example/x","form":{"p":"$(secrets.p)"},"take":{"t":{"jq":".t","initial":null}},"expect":{"status":[200]}}],
		"request":{"body":{"m":["$(prompt)",1]},"headers":{"A":"b"}},"then":[{"url":"https://c.example","until":{"jq":".d"},"every":"1s","tries":3}],
		"close":[{"url":"https://d.example"}],"rules":[{"status":[403],"is":"blocked","say":".m"}],"reply":{"stream":"sse","jq":".d"}}`)
	for _, v := range s.Check(document) {
		t.Errorf("%s: %s (%s)", v.Path, v.Message, v.Hint)
	}
	if got := s.Strings(document, "uri"); len(got) != 5 { // the hosts that are held against the scope
		t.Errorf("addresses: %v", got)
	}
	if got := s.Secrets(document); len(got) != 2 {
		t.Errorf("secrets: %v", got)
	}
	if got := s.Check([]byte(`{"url":"https://bot.example","request":{"bdy":1}}`)); len(got) != 1 || !strings.Contains(got[0].Hint, "body") {
		t.Errorf("violations: %v", got)
	}
}

func TestWhatRequestsDoNotCarryIsToldBeforeTheyAreSent(t *testing.T) {
	const all = "system_prompt history in:text in:audio in:image in:tool_result multi_turn out:tool_call"
	but := func(names ...string) string {
		return strings.Join(slices.DeleteFunc(strings.Fields(all), func(name string) bool { return slices.Contains(names, name) }), " ")
	}
	for config, want := range map[string]string{
		``:                                     all,
		`"request":{"body":{"m":"$(prompt)"}}`: but("in:text"),
		`"request":{"jq":"{m: $prompt, s: $system_prompt}"}`:                                                                                 but("in:text", "system_prompt"),
		`"request":{"query":{"m":"$(prompt)"}},"memory":"service"`:                                                                           but("in:text", "multi_turn"),
		`"request":{"path":"/$(conversation)","body":"$(prompt)"}`:                                                                           but("in:text", "multi_turn"),
		`"request":{"headers":{"X-Q":"$(prompt)"}},"memory":"none","session":[{"path":"/"}]`:                                                 but("in:text"),
		`"request":{"body":{"m":"$(messages)"}}`:                                                                                             but("in:text", "in:tool_result", "system_prompt", "history", "multi_turn"),
		`"request":{"body":{"m":"$(history)"}}`:                                                                                              but("history", "multi_turn"),
		`"session":[{"path":"/","body":{"h":"$(history)","s":"$(system_prompt)"}}],"request":{"form":{"m":"$(prompt)"}}`:                     but("in:text", "history", "system_prompt", "multi_turn"),
		`"close":[{"path":"/","body":{"h":"$(history)","s":"$(system_prompt)","c":"$(conversation)"}}],"request":{"form":{"m":"$(prompt)"}}`: but("in:text"),
		`"request":{"multipart":[{"name":"a","file":"audio"},{"name":"b","file":"image"},{"name":"c","file":"text"}]}`:                       but("in:text", "in:audio", "in:image"),
		`"request":{"body":"$(audio|raw)"},"then":[{"path":"/x","body":{"i":"$(image|base64)","r":"$(tool_results)"}}]`:                      but("in:audio", "in:image", "in:tool_result"),
		`"reply":{"jq":".a","tool_calls":".t"}`:                                                                                              but("out:tool_call"),
		`"reply":{"jq":"$prompt"}`:                                                                                                           all, // read, and not sent
	} {
		checked, err := httptarget.Component().CheckConfig([]byte(strings.TrimSuffix(`{"url":"https://bot.example/api",`+config, ",") + "}"))
		var got []string
		for _, r := range checked.Restrictions {
			if !r.Valid() || r.Hint == "" {
				t.Errorf("%s: restriction %+v", config, r)
			}
			switch {
			case r.In != "":
				got = append(got, "in:"+string(r.In))
			case r.Out != "":
				got = append(got, "out:"+string(r.Out))
			default:
				got = append(got, r.Capability)
			}
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: restricted\n got %s\nwant %s (%v)", config, strings.Join(got, " "), want, err)
		}
	}
}
