package httptarget_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// answering answers each request with the same.
func answering(code int, contentType, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, content)
	}
}

// closing answers with what stands on the wire, and closes the connection.
func closing(wire string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, wire)
		_ = conn.Close()
	}
}

func TestWhatArrivesIsReadForWhatItIs(t *testing.T) {
	const (
		asJSON, asEvents = "application/json", "text/event-stream"
		complete         = core.FinishComplete
		events           = body + `,"reply":{"stream":"sse"}`
		calls            = `"tool_calls":".calls[]? | {call_id: .id, name, arguments: {}}"`
		sound            = `"audio":".sound","audio_type":"audio/wav"`
	)
	for name, test := range map[string]struct {
		handler    http.HandlerFunc
		more, text string
		finish     core.Finish
		kind       core.ErrorKind
	}{
		"a refusal that broke off is no reply": {
			closing("HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nblue"), body, "", "", core.ErrorUnavailable,
		},
		"calls without a text are a reply": {answering(200, asJSON, `{"calls":[{"id":"c1","name":"look"}]}`), body + `,"reply":{"jq":".text // empty",` + calls + `}`, "", complete, ""},
		"CR LF at the end of a line is one end": {
			answering(200, asEvents, "data: one\r\ndata: two\r\n\r\n"), events, "one\ntwo", complete, "",
		},
		"a stream that only the end of the connection ended is not confirmed": {
			closing("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n"), events, "one", core.FinishUnconfirmed, "",
		},
		"a stream over the bound is cut off": {
			answering(200, asEvents, "data: one\n\ndata: two\n\n"), events + `,"max_reply_bytes":14`, "one", core.FinishTruncated, "",
		},
		"what arrived of JSON that was cut off is a part of a reply": {
			closing("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"a\":\"blue el"), body + `,"reply":{"jq":".a"}`, "blue el", core.FinishBroken, core.ErrorUnavailable,
		},
		"what arrived of an event that was cut off is a part of a reply": {
			closing("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"a\":\"blue \"}\n\ndata: {\"a\":\"el"), events[:len(events)-1] + `,"jq":".a"}`, "blue el", core.FinishBroken, core.ErrorUnavailable,
		},
		"what arrived of a line that was cut off is a part of a reply": {
			closing("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{\"a\":\"blue \"}\n{\"a\":\"el"), body + `,"reply":{"stream":"lines","jq":".a"}`, "blue el", core.FinishBroken, core.ErrorProtocol,
		},
		"JSON over the bound is cut off": {answering(200, asJSON, `{"a":"blue eleven"}`), body + `,"reply":{"jq":".a"},"max_reply_bytes":14`, "blue ele", core.FinishTruncated, ""},
		"a reply beside an error is kept": {
			answering(200, asJSON, `{"a":"blue eleven","error":"x"}`), body + `,"reply":{"jq":".a"}`, "blue eleven", core.FinishBroken, core.ErrorProtocol,
		},
		"a reply beside an error in a stream is kept": {
			answering(200, asEvents, "data: {\"a\":\"blue eleven\",\"error\":\"x\"}\n\n"), events[:len(events)-1] + `,"jq":".a"}`, "blue eleven", core.FinishBroken, core.ErrorProtocol,
		},
		"calls of tools beside an error are kept": {
			answering(200, asJSON, `{"calls":[{"id":"c1","name":"look"}],"error":"x"}`), body + `,"reply":{"jq":".text // empty",` + calls + `}`, "", core.FinishBroken, core.ErrorProtocol,
		},
		"calls of tools beside an error in a stream are kept": {
			answering(200, asEvents, "data: {\"calls\":[{\"id\":\"c1\",\"name\":\"look\"}],\"error\":\"x\"}\n\n"), events[:len(events)-1] + `,"jq":".text // empty",` + calls + `}`, "", core.FinishBroken, core.ErrorProtocol,
		},
		"a reply beside a failure of the service is kept": {
			answering(500, asJSON, `{"a":"blue eleven"}`), body + `,"reply":{"jq":".a"}`, "blue eleven", core.FinishBroken, core.ErrorUnavailable,
		},
		"a reply that an expression finds beside a failure is kept": {
			answering(500, "text/plain", "said: blue eleven\n"), body + `,"reply":{"regex":"said: (.*)"}`, "blue eleven", core.FinishBroken, core.ErrorUnavailable,
		},
		"the words of a failure are no reply": {answering(500, "text/plain", "blue eleven"), body, "", "", core.ErrorUnavailable},
		"the words of who lets nobody in are no reply": {
			answering(403, asJSON, `{"a":"blue eleven"}`), body + `,"reply":{"jq":".a"}`, "", "", core.ErrorAuth,
		},
		"nor are those of a refusal by a rule": {
			answering(200, asJSON, `{"a":"slow down","e":1}`), body + `,"reply":{"jq":".a"},"rules":[{"jq":".e","is":"rate_limited"}]`, "", "", core.ErrorRateLimited,
		},
		"nor in a stream": {
			answering(200, asEvents, "data: {\"a\":\"slow down\",\"e\":1}\n\n"), events[:len(events)-1] + `,"jq":".a"},"rules":[{"jq":".e","is":"rate_limited"}]`, "", "", core.ErrorRateLimited,
		},
		"the words of a refusal are no reply":     {answering(429, asJSON, `{"a":"slow down"}`), body + `,"reply":{"jq":".a"}`, "", "", core.ErrorRateLimited},
		"nor are those of a service that is busy": {closing("HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"a\":\"come back\"}"), body + `,"reply":{"jq":".a"}`, "", "", core.ErrorUnavailable},
		"a truncated that fails leaves the reply unconfirmed": {
			answering(200, asJSON, `{"a":"blue eleven","n":"x"}`), body + `,"reply":{"jq":".a","truncated":".n.m"}`, "blue eleven", core.FinishUnconfirmed, "",
		},
		"calls that fail leave the reply unconfirmed": {
			answering(200, asJSON, `{"a":"blue eleven","n":[{}]}`), body + `,"reply":{"jq":".a","tool_calls":".n"}`, "blue eleven", core.FinishUnconfirmed, "",
		},
		"UTF-16 is read by its byte order mark, big endian": {answering(200, "text/plain", "\xfe\xff\x00h\x00i"), body, "hi", complete, ""},
		"a value that is null is none": {
			answering(200, asJSON, `{"id":null,"a":"x"}`), `,"request":{"body":{"m":"$(prompt)"},"take":{"id":{"jq":".id"}}},"reply":{"jq":".a"}`, "x", core.FinishBroken, core.ErrorProtocol,
		},
		"a body of two outputs is none": {
			answering(200, "text/plain", "x"), `,"request":{"jq":"{m: $prompt}, {m: 1}"}`, "", "", core.ErrorConfig,
		},
		"a text without its sound is no transcript": {answering(200, asJSON, `{"a":"x","sound":null}`), body + `,"reply":{"jq":".a",` + sound + `}`, "x", complete, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := asked(t, test.handler, "/", test.more)
			if err == nil && test.kind != "" || err != nil && core.KindOf(err) != test.kind {
				t.Fatalf("error %v, want %q", err, test.kind)
			}
			if r.Message.Text() != test.text || r.Finish != test.finish {
				t.Errorf("%s (%s) %q, want %s %q", r.Finish, r.Detail, r.Message.Text(), test.finish, test.text)
			}
			for _, p := range r.Message.Parts {
				if p.Transcript {
					t.Errorf("a part is a transcript: %+v", p)
				}
			}
		})
	}
}

func TestAPartHasTheTypeThatTheCampaignGivesIt(t *testing.T) {
	var got string
	_, err := asked(t, func(w http.ResponseWriter, r *http.Request) {
		_, header, err := r.FormFile("f")
		if err == nil {
			got = header.Header.Get("Content-Type")
		}
		answering(200, "text/plain", "x")(w, r)
	}, "/", `,"request":{"multipart":[{"name":"f","file":"text","type":"text/markdown"}]}`)
	if err != nil || got != "text/markdown" {
		t.Errorf("type %q, %v", got, err)
	}
}

func TestATakenValueStandsInNoError(t *testing.T) {
	const token = "t0ken-of-the-session"
	_, err := asked(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			answering(200, "application/json", `{"token":"`+token+`"}`)(w, r)
			return
		}
		answering(400, "text/plain", "bad token "+r.Header.Get("X-Token"))(w, r)
	}, "/", `,"session":[{"path":"/login","take":{"token":{"jq":".token"}}}],"request":{"headers":{"X-Token":"$(taken.token)"},"body":{"m":"$(prompt)"}}`)
	if err == nil || strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), "bad token") {
		t.Errorf("error %v", err)
	}
}
