package recorded_test

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/http/recorded"
)

// entries is a HAR file of an exporter.
func entries(creator string, all ...string) []byte {
	return []byte(fmt.Sprintf(`{"log": {"version": "1.2", "creator": {"name": %q}, "entries": [%s]}}`, creator, strings.Join(all, ",")))
}

// posting is an entry with a body: the members of request after its method and address.
func posting(address, rest string) string {
	return fmt.Sprintf(`{"request": {"method": "POST", "url": %q, %s}, "response": {"status": 200, "content": {"mimeType": "application/json", "text": "{\"data\": {\"answer\": \"fine\"}}"}}}`, address, rest)
}

const (
	chat = "https://bot.example/chat"
	// asked is a body in JSON, as most exporters have it.
	asked = `"postData": {"mimeType": "application/json", "text": "{\"message\": \"hi\", \"token\": \"hunter2\"}"}`
)

func TestARecordingOfEachExporterIsRead(t *testing.T) {
	const multipart = "--b\\r\\nContent-Disposition: form-data; name=\\\"message\\\"\\r\\n\\r\\nhi\\r\\n--b\\r\\nContent-Disposition: form-data; name=\\\"token\\\"\\r\\n\\r\\nhunter2\\r\\n--b--\\r\\n"
	for name, har := range map[string][]byte{
		"with websockets and data URLs beside it": entries("WebInspector", `{"request": {"method": "GET", "url": "data:text/plain;base64,AAAA"}}`,
			`{"request": {"method": "GET", "url": "wss://bot.example/chat"}, "_webSocketMessages": []}`, posting(chat, asked)),
		"with the address's query in a list only": entries("Insomnia", `{"request": {"method": "POST", "url": "https://bot.example/chat", "queryString": [{"name": "token", "value": "hunter2"}],
			"postData": {"mimeType": "application/json", "text": "{\"message\": \"hi\"}"}}}`),
		"with a body in base64": entries("proxy", posting(chat, `"postData": {"mimeType": "application/json", "encoding": "base64", "text": "`+
			base64.StdEncoding.EncodeToString([]byte(`{"message": "hi", "token": "hunter2"}`))+`"}`)),
		"with values that are no texts":  entries("proxy", posting(chat, `"headers": [{"name": "X-N", "value": 1}, {"name": "X-M", "value": null}], "cookies": null, `+asked)),
		"with a form as text and fields": entries("Playwright", posting(chat, `"postData": {"mimeType": "application/x-www-form-urlencoded", "text": "message=hi&token=hunter2", "params": [{"name": "message", "value": "hi"}]}`)),
		"with a form as fields":          entries("mitmproxy", posting(chat, `"postData": {"mimeType": "application/x-www-form-urlencoded", "text": "", "params": [{"name": "message", "value": "hi"}, {"name": "token", "value": "hunter2"}]}`)),
		"with parts as text":             entries("Firefox", posting(chat, `"postData": {"mimeType": "multipart/form-data; boundary=b", "params": [], "text": "`+multipart+`"}`)),
		"with parts as fields": entries("Charles Proxy", posting(chat, `"headers": [{"name": "Content-Type", "value": "multipart/form-data; boundary=b"}],
			"postData": {"mimeType": "multipart/form-data", "params": [{"name": "message", "value": "hi"}, {"name": "token", "value": "hunter2"}]}`)),
		"with a byte order mark in the body": entries("Fiddler", posting(chat, strings.ReplaceAll(asked, `"{\"message`, `"\ufeff{\"message`))),
	} {
		t.Run(name, func(t *testing.T) {
			target, err := recorded.HAR(har, recorded.Options{})
			if err != nil {
				t.Fatalf("%v (%s)", err, core.HintOf(err))
			}
			if !strings.Contains(target.Definition, "$(prompt)") || !strings.Contains(target.Definition, "$(secrets.token)") || strings.Contains(target.Definition, "hunter2") {
				t.Errorf("the definition is\n%s", target.Definition)
			}
			if got := send(t, target, "hello"); !strings.Contains(got.body, "hello") || !strings.Contains(got.body+got.query, "hunter2") {
				t.Errorf("sent %q with %q", got.query, got.body)
			}
		})
	}
}

func TestARecordingWithoutItsCredentialsSaysSo(t *testing.T) {
	const told = "neither cookies nor an Authorization header"
	for creator, want := range map[string]bool{"WebInspector": true, "Firefox": false} {
		target, err := recorded.HAR(entries(creator, posting(chat, asked)), recorded.Options{})
		if got := strings.Contains(strings.Join(target.Notes, " "), told); err != nil || got != want {
			t.Errorf("%s: notes %q, %v", creator, target.Notes, err)
		}
	}
	for _, has := range []string{`"headers": [{"name": "authorization", "value": "Bearer a"}], `, `"cookies": [{"name": "a", "value": "b"}], `} {
		target, err := recorded.HAR(entries("WebInspector", posting(chat, has+asked)), recorded.Options{})
		if err != nil || strings.Contains(strings.Join(target.Notes, " "), told) {
			t.Errorf("%s: notes %q, %v", has, target.Notes, err)
		}
	}
}

func TestARecordingThatCannotBeReadSaysWhatWouldBe(t *testing.T) {
	for name, test := range map[string]struct {
		har        []byte
		says, hint string
	}{
		"a packed one":   {[]byte("PK\x03\x04 and more"), "is packed", "unpack it"},
		"a binary body":  {entries("x", posting(chat, `"postData": {"mimeType": "application/x-protobuf", "text": "\u0000\u0001"}`)), "is no text", "files are those of a turn"},
		"an unread body": {entries("x", posting(chat, `"postData": {"mimeType": "text/plain", "text": "a\ufffdb"}`)), "is no text", "text, JSON, XML or a form"},
		"no entries":     {[]byte(`{"log": {}}`), "no requests", "export with content"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recorded.HAR(test.har, recorded.Options{})
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(core.HintOf(err), test.hint) {
				t.Errorf("got %v (%s)", err, core.HintOf(err))
			}
		})
	}
}

func TestARequestInAnotherFormThanThatOfBashIsNamed(t *testing.T) {
	for name, test := range map[string]struct{ command, says string }{
		"PowerShell":                   {"$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\nInvoke-WebRequest -Uri \"https://bot.example/\" `\n-Method \"POST\"", "PowerShell"},
		"PowerShell without a session": {"Invoke-RestMethod -Uri https://bot.example/", "PowerShell"},
		"fetch":                        {"fetch(\"https://bot.example/\", {\"method\": \"POST\"});", "JavaScript"},
		"fetch in Node.js":             {"await fetch(\"https://bot.example/\")", "JavaScript"},
		"cmd with carets":              {"curl ^\"https://bot.example/^\" ^\n --data-raw ^\"a^\"", "Windows"},
		"cmd with doubled quotes":      {`curl "https://bot.example/" --data-raw "{""message"":""hi""}"`, "Windows"},
	} {
		_, err := recorded.Curl(test.command, recorded.Options{})
		if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(core.HintOf(err), "cURL (bash)") {
			t.Errorf("%s: %v (%s)", name, err, core.HintOf(err))
		}
	}
	if _, err := recorded.Curl("curl --url=https://bot.example/ -d a=b", recorded.Options{}); err == nil || !strings.Contains(core.HintOf(err), "behind a space") {
		t.Errorf("an argument behind =: %v (%s)", err, core.HintOf(err))
	}
	if _, err := recorded.Curl(`curl "https://bot.example/" -H "A: """ -d ""`, recorded.Options{}); err == nil {
		t.Error("doubled quotes at the end of a text are taken")
	}
	if _, err := recorded.Curl(`curl "https://bot.example/" -H "A: b" -d ""`, recorded.Options{}); err != nil {
		t.Errorf("an empty text: %v", err)
	}
}

func TestASecretIsFoundByTheNameBeforeItInAText(t *testing.T) {
	const secret = "hunter2"
	for name, body := range map[string]string{
		"an element of XML":              `<e:Envelope><a:Password type="text"> hunter2 </a:Password><q>hi</q></e:Envelope>`,
		"an attribute of XML":            `<login user="me" password="hunter2"/>`,
		"an argument of GraphQL":         `mutation { login(user: "me", password: "hunter2") { ok } }`,
		"a line of a text":               "user = me\napi_key = hunter2\n",
		"a field of JSON that is broken": `{"message": "hi", "token": "hunter2", }`,
		"a single-quoted text":           `login(password='hunter2')`,
	} {
		t.Run(name, func(t *testing.T) {
			for form, command := range map[string]string{
				"body":  `curl https://bot.example/ -H 'Content-Type: text/plain' --data-raw ` + quotedForBash(body),
				"field": `curl https://bot.example/ --json ` + quotedForBash(`{"message": "hi there", "x": `+strconv.Quote(body)+`}`),
				"query": `curl -G https://bot.example/ --data-urlencode ` + quotedForBash("x="+body),
				"part":  `curl https://bot.example/ --form-string ` + quotedForBash("x="+body),
			} {
				target, err := recorded.Curl(command, recorded.Options{})
				if err != nil || strings.Contains(target.Definition, secret) || len(target.Secrets) != 1 || target.Secrets[0].Value.Reveal() != secret {
					t.Errorf("%s: %v, secrets %v\n%s", form, err, target.Secrets, target.Definition)
				}
			}
		})
	}
	target, err := recorded.Curl(`curl https://bot.example/ -H 'Referer: https://bot.example/?token=abc' --json '{"query":"query Q($token: String!) { me(token: $token) { name } }"}'`, recorded.Options{})
	if err != nil || len(target.Secrets) != 1 || !strings.Contains(target.Definition, `query Q($token: String!) { me(token: $token)`) {
		t.Errorf("%v, secrets %v\n%s", err, target.Secrets, target.Definition)
	}
}

func quotedForBash(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func TestThePromptIsFoundWhereItIsSaid(t *testing.T) {
	for name, test := range map[string]struct{ command, want string }{
		"a document of GraphQL": {
			`curl https://bot.example/ --json '{"query":"query A($q: String!) { ask(q: $q) { answer } }","variables":{"text":"hi there"}}'`, "text: $(prompt)",
		},
		"a short document of GraphQL": {`curl https://bot.example/ --json '{"query":"{ me { name } }","variables":{"msg":"hi there"}}'`, "msg: $(prompt)"},
		"a question in query":         {`curl https://bot.example/ --json '{"query":"query my bills {please}","n":1}'`, "query: $(prompt)"},
		"JSON in JSON":                {`curl https://bot.example/ --json '{"payload":"{\"message\":\"hi there\"}"}'`, `{\"message\":$(prompt|json)}`},
		"parts that were sent raw": {
			`curl https://bot.example/ -H 'Content-Type: multipart/form-data; boundary=b' --data-raw $'--b\r\nContent-Disposition: form-data; name="message"\r\n\r\nhi there\r\n--b--\r\n'`,
			"value: $(prompt)",
		},
	} {
		target, err := recorded.Curl(test.command, recorded.Options{})
		if err != nil || !strings.Contains(target.Definition, test.want) {
			t.Errorf("%s: %v\n%s", name, err, target.Definition)
		}
	}
}

func TestAHeaderThatTheCommandLeavesOutIsNotSent(t *testing.T) {
	target, err := recorded.Curl(`curl https://bot.example/ -H 'X-Gone:' -H 'Accept:' -H 'X-Empty;' -d message=hi`, recorded.Options{})
	if err != nil || strings.Contains(target.Definition, "X-Gone") || strings.Contains(target.Definition, "Accept") || !strings.Contains(target.Definition, `X-Empty: ""`) {
		t.Errorf("%v\n%s", err, target.Definition)
	}
}
