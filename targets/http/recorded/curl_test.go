package recorded_test

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/http/recorded"
)

// spoken is what the commands say; it is sent again by the targets made from them.
const spoken = `I don't "know" \ 50% & $5`

// commands are commands of curl, for a service at https://bot.example.
var commands = map[string]string{
	"a browser's JSON": `curl 'https://bot.example/api/chat?lang=en&x=a%20b' \
  -H 'accept: */*' \
  -H 'authorization: Basic bWU6c2VjcmV0' \
  -b 'sid=abc; theme=dark' \
  -H 'x-own: 1' -H 'content-type: application/json' \
  --data-raw $'{"message":"I don\'t \\"know\\" \\\\ 50% & $5","n":1.50,"deep":[true,null,{"u":"\u00e9\\u00e9"}]}' \
  --compressed`,
	"JSON of its own":          `curl -sS --json '{"message": "I don'"'"'t \"know\" \\ 50% & $5"}' https://bot.example/api/chat`,
	"JSON with odd keys":       `curl --json '{"$(a)": {"$$(b)": "$(c)"}, "n": "{\"$(d)\":\"e\"}"}' https://bot.example/api/chat`,
	"a form":                   `curl https://bot.example/form -d csrf=abc --data-urlencode "message=I don't \"know\" \\ 50% & \$5" -d 'empty='`,
	"a form as one text":       `curl -XPOST https://bot.example/form --data-binary 'a=1&message=I+don%27t+%22know%22+%5C+50%25+%26+%245&b=%26'`,
	"a form with names twice":  `curl https://bot.example/form -d 'a=1&a=2&b=3'`,
	"a query":                  `curl -G https://bot.example/ask --data-urlencode "q=I don't \"know\" \\ 50% & \$5" -d lang=en`,
	"a multipart form":         `curl https://bot.example/up -F "message=I don't \"know\" \\ 50% & \$5" -F 'kind=x;type=text/plain'`,
	"a plain text":             `curl https://bot.example/text -H 'Content-Type: text/plain' --data-raw 'hello there'`,
	"user and password":        `curl -u 'me:p@ss:word' https://bot.example/get`,
	"a put":                    `curl --request PUT --url https://bot.example/put -A agent/1 -e https://bot.example/from -d '{"message":"hello"}' -H 'Content-Type: application/vnd.api+json'`,
	"a header without a value": `curl https://bot.example/get -H 'X-Empty;' -H 'X-Own:  two  words '`,
}

// Curl itself says what its commands send.
func TestATargetSendsWhatCurlSends(t *testing.T) {
	for _, program := range []string{"curl", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	for name, command := range commands {
		t.Run(name, func(t *testing.T) {
			target, err := recorded.Curl(command, recorded.Options{Prompt: spoken})
			if err != nil {
				t.Fatal(err)
			}
			want := byCurl(t, command)
			got := send(t, target, spoken)
			if got.method != want.method || got.path != want.path || !reflect.DeepEqual(values(got.query), values(want.query)) {
				t.Errorf("sent %s %s?%s, want %s %s?%s", got.method, got.path, got.query, want.method, want.path, want.query)
			}
			if a, b := content(t, got), content(t, want); !reflect.DeepEqual(a, b) {
				t.Errorf("sent %v, want %v\n%s", a, b, target.Definition)
			}
			for _, header := range []string{"Authorization", "Cookie", "X-Own", "X-Empty"} {
				if a, b := got.header[header], want.header[header]; !reflect.DeepEqual(a, b) {
					t.Errorf("sent %s: %q, want %q", header, a, b)
				}
			}
			a, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
			b, _, _ := mime.ParseMediaType(want.header.Get("Content-Type"))
			if a != b {
				t.Errorf("sent %s, want %s", a, b)
			}
		})
	}
}

// byCurl runs a command and returns the request that arrives.
func byCurl(t *testing.T, command string) sent {
	t.Helper()
	var got sent
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // it is in memory
		got = sent{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header, string(body)}
	}))
	defer server.Close()
	command = strings.Replace(command, "https://bot.example", server.URL, 1)
	if out, err := exec.CommandContext(t.Context(), "bash", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	return got
}

func values(query string) url.Values {
	v, _ := url.ParseQuery(query)
	return v
}

// content returns the content of a body, however it is written.
func content(t *testing.T, s sent) any {
	t.Helper()
	kind, parameters, _ := mime.ParseMediaType(s.header.Get("Content-Type"))
	switch {
	case strings.HasSuffix(kind, "json"):
		var v any
		if err := json.Unmarshal([]byte(s.body), &v); err != nil {
			t.Fatalf("%v\n%s", err, s.body)
		}
		return v
	case kind == "application/x-www-form-urlencoded":
		return values(s.body)
	case kind == "multipart/form-data":
		form, err := multipart.NewReader(strings.NewReader(s.body), parameters["boundary"]).ReadForm(1 << 20)
		if err != nil {
			t.Fatalf("%v\n%s", err, s.body)
		}
		return form.Value
	}
	return s.body
}

func TestWhatCurlDoesBeyondOneRequestIsNamed(t *testing.T) {
	for command, says := range map[string]string{
		`curl -k https://bot.example/`:                           "-k (--insecure)",
		`curl https://bot.example/ --insecure`:                   "-k (--insecure)",
		`curl https://bot.example/ | jq .`:                       `a '|' outside quotes`,
		`curl https://bot.example/ && curl https://bot.example/`: `a '&' outside quotes`,
		`curl https://bot.example/ -d @body.json`:                "-d reads the body from a file",
		`curl https://bot.example/ --json @body.json`:            "--json reads",
		`curl https://bot.example/ -H @headers`:                  "-H reads",
		`curl https://bot.example/ -b cookies.txt`:               "-b reads",
		`curl https://bot.example/ -T file`:                      "-T (--upload-file)",
		`curl https://bot.example/ --aws-sigv4 aws:amz:x:y`:      "--aws-sigv4",
		`curl https://bot.example/ --digest -u a:b`:              "--digest",
		`curl https://bot.example/ --next https://bot.example/`:  "--next",
		`curl https://bot.example/ https://bot.example/2`:        "2 addresses",
		`curl -d x`: "0 addresses",
		`curl https://bot.example/ --quantum=sk-0123456789abcdef`: "--quantum of curl is not known",
		`curl https://bot.example/ -Q`:                            "-Q of curl is not known",
		`curl https://bot.example/ -H "A: $(cat key)"`:            "runs another one",
		"curl https://bot.example/ -H \"A: `cat key`\"":           "runs another one",
		`curl https://bot.example/ -H "A: ${KEY:-x}"`:             "${…}",
		`curl "https://$HOST/"`:                                   "the host of the address is a variable",
		`curl 'https://bot.example/`:                              "a ' is not closed",
		`curl "https://bot.example/`:                              `a " is not closed`,
		`curl https://bot.example/ -d $'x`:                        "a $' is not closed",
		`curl https://bot.example/ -X`:                            "-X has no argument",
		`curl https://bot.example/ --request`:                     "--request has no argument",
		`curl https://bot.example/ -d a -F b=c`:                   "-F and -d",
		`curl https://bot.example/ -F b`:                          "-F without a =",
		`curl ftp://bot.example/`:                                 "no URL of HTTP",
		`wget https://bot.example/`:                               "not one of curl",
		``:                                                        "not one of curl",
		"curl ^\"https://bot.example/^\" ^\r\n  -H ^\"a: b^\"":    "Windows' cmd",
	} {
		_, err := recorded.Curl(command, recorded.Options{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", command, err, says)
		}
		if err != nil && strings.Contains(err.Error()+core.HintOf(err), "0123456789") {
			t.Errorf("%s: the error holds a secret: %v", command, err)
		}
	}
}

func TestVariablesOfACommandStayReferences(t *testing.T) {
	target, err := recorded.Curl(`curl "https://bot.example/$TENANT/chat?k=${QUERY_KEY}" -H "Authorization: Bearer $API_KEY" -H "X-Key: v1-$OTHER" -b "a=$A" -d "{\"message\":\"hi there\",\"token\":\"$TOKEN\",\"ref\":\"x $REF y\"}" -H 'Content-Type: application/json'`, recorded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"url: \"https://bot.example/$(secrets.tenant)/chat\"", "k: $(secrets.query_key)", "api_key: ${API_KEY}", "X-Key: \"v1-${OTHER}\"", "a: ${A}",
		"token: $(secrets.token)", "ref: \"x $(secrets.ref) y\"", "token: ${TOKEN}", "tenant: ${TENANT}",
	} {
		if !strings.Contains(target.Definition, want) {
			t.Errorf("the definition lacks %s:\n%s", want, target.Definition)
		}
	}
	expanded(t, target)
}

func FuzzCurl(f *testing.F) {
	for _, command := range commands {
		f.Add(command)
	}
	f.Add(`curl "https://bot.example/$TENANT?k=${K}" -H "Authorization: Bearer $A" -d '{"a":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x","password":"p","pin":12}'`)
	f.Fuzz(func(t *testing.T, command string) {
		target, err := recorded.Curl(command, recorded.Options{})
		if err != nil {
			return
		}
		checkTarget(t, target)
	})
}

func FuzzHAR(f *testing.F) {
	data, _ := har(f)
	f.Add(string(data), 3)
	f.Add(`{"log":{"entries":[{"request":{"method":"POST","url":"https://u:p@bot.example/a?b=c","headers":[],"postData":{"mimeType":"multipart/form-data; boundary=x","text":"--x\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhi\r\n--x--\r\n"}},"response":{"content":{"mimeType":"text/event-stream","text":"data: {\"delta\":\"a\"}\n\ndata: [DONE]\n\n"}}}]}}`, 1)
	f.Fuzz(func(t *testing.T, data string, entry int) {
		target, err := recorded.HAR([]byte(data), recorded.Options{Entry: entry})
		if err != nil {
			return
		}
		checkTarget(t, target)
	})
}

// checkTarget checks that a target is a part of a campaign, which the target itself
// takes, and holds none of the secrets.
func checkTarget(t *testing.T, target recorded.Target) {
	t.Helper()
	config := read(t, target)
	for _, s := range target.Secrets {
		isCookie := strings.HasPrefix(s.Where, "cookie ")
		if value := s.Value.Reveal(); len(value) >= 6 && !isCookie && strings.Contains(string(config.JSON), value) {
			t.Errorf("the definition holds the secret of %s:\n%s", s.Where, target.Definition)
		}
	}
	if err := json.Unmarshal(expanded(t, target), &map[string]any{}); err != nil {
		t.Error(err)
	}
}
