package httptarget

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

func TestACookieGoesToItsOriginAndToTheDomainThatItsServiceNames(t *testing.T) {
	j := &jars{own: map[string]http.CookieJar{}}
	at := func(address string) *url.URL {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	j.SetCookies(at("https://login.bot.example/x"), []*http.Cookie{
		{Name: "own", Value: "1"},
		{Name: "shared", Value: "2", Domain: "bot.example"},
		{Name: "top", Value: "3", Domain: "example"},
		{Name: "foreign", Value: "4", Domain: "other.example"},
		{Name: "secure", Value: "5", Secure: true},
	})
	for address, want := range map[string][]string{
		"https://login.bot.example/y":      {"own", "secure", "shared"},
		"https://chat.bot.example/":        {"shared"},
		"https://login.bot.example:8443/y": {"shared"},
		"http://login.bot.example/y":       {"shared"},
		"https://other.example/":           nil,
	} {
		var got []string
		for _, c := range j.Cookies(at(address)) {
			got = append(got, c.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s gets %v, want %v", address, got, want)
		}
	}
}

func TestAPageIsReadAsItShows(t *testing.T) {
	const page = `<title>T &amp; T</title><div class="a b" id=x>One <b>bold</b> word,
	<p>a para&shy;graph</p><ul><li>1</li><li>2</li></ul><pre>  kept
  white</pre><br>&lt;end&gt;<script>no()</script><style>no</style></div><div class="a">last</div>
	<input name=csrf value='a"b&amp;c'><meta property="tok" content="m"><button name=go value=1>`
	for selector, want := range map[string]string{
		"#x":        "One bold word,\na para\u00adgraph\n1\n2\n  kept\n  white\n<end>",
		"div.a":     "last",
		".b.a":      "One bold word,\na para\u00adgraph\n1\n2\n  kept\n  white\n<end>",
		"title":     "T & T",
		"div#x.a.b": "One bold word,\na para\u00adgraph\n1\n2\n  kept\n  white\n<end>",
	} {
		s, err := parseSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := s.lastText(page); !ok || got != want {
			t.Errorf("%s is %q, want %q", selector, got, want)
		}
	}
	for _, field := range []struct{ input, meta, want string }{{"csrf", "", `a"b&c`}, {"", "tok", "m"}, {"go", "", "1"}} {
		if got, ok := attribute(page, field.input, field.meta); !ok || got != field.want {
			t.Errorf("%+v is %q", field, got)
		}
	}
	if _, ok := attribute(page, "none", ""); ok {
		t.Error("a field that is not there was found")
	}
}

func TestTheCharsetsOfAnswers(t *testing.T) {
	for charset, body := range map[string]string{
		"utf-8": "\xef\xbb\xbfé", "iso-8859-1": "\xe9", "windows-1252": "\xe9", "iso-8859-15": "\xe9", "utf-16le": "\xe9\x00", "utf-16": "\x00\xe9", "koi8-r": "\xce", "windows-1251": "\xed", "utf-16 with a mark": "\xff\xfe\xe9\x00",
	} {
		name, _, _ := strings.Cut(charset, " ")
		a := &answer{mediaType: "text/plain", charset: name, body: []byte(body)}
		want := "é"
		if charset == "koi8-r" || charset == "windows-1251" {
			want = "н"
		}
		if got, err := a.decode(); err != nil || got != want {
			t.Errorf("%s: %q, %v", charset, got, err)
		}
	}
}

// What a service says about an error is found in the forms that services have.
func TestTheWordsOfAService(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"message":"m","code":"c"}}`: "c: m",
		`{"error":"m"}`:                        "m",
		`{"detail":[{"loc":["body","message"],"msg":"Field required"}]}`: "Field required",
		`{"detail":"m"}`:                     "m",
		`{"errors":[{"message":"m"}]}`:       "m",
		`{"message":"m","status":1}`:         "m",
		`{"title":"m","type":"about:blank"}`: "m",
		`plain`:                              "plain",
	} {
		a := &answer{mediaType: "application/json", body: []byte(body)}
		if got := a.words(); got != want {
			t.Errorf("%s says %q, want %q", body, got, want)
		}
	}
}

func TestAnAnswerWithAnErrorInIt(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":null}`: false, `{"error":""}`: false, `{"error":" "}`: false, `{"error":false}`: false, `{"error":0}`: false, `{"error":{}}`: false, `{"error":[]}`: false, `[]`: false, `{}`: false,
		`{"error":"x"}`: true, `{"error":true}`: true, `{"error":7}`: true, `{"error":{"a":1}}`: true, `{"error":[1]}`: true,
	} {
		v, err := template.Unmarshal([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := holdsError(v); got != want {
			t.Errorf("%s: %t", body, got)
		}
	}
}

func TestAReplyThatShowsNothingOrEndsWithinACharacterIsDoubted(t *testing.T) {
	for text, want := range map[string]core.Finish{
		"": core.FinishComplete, "No.": core.FinishComplete, "\u200b \ufeff": core.FinishUnconfirmed, "It is \ufffd": core.FinishTruncated, "It is \xc3": core.FinishTruncated,
	} {
		r := core.Reply{Message: core.UserText(text), Finish: core.FinishComplete}
		doubt(&r)
		if r.Finish != want {
			t.Errorf("%q is %s (%s), want %s", text, r.Finish, r.Detail, want)
		}
	}
	call := core.Reply{Message: core.UserText(" "), Finish: core.FinishComplete}
	call.Message.Parts = append(call.Message.Parts, core.Part{Value: core.Value{Modality: core.ToolCall, Data: []byte("{}")}})
	if doubt(&call); call.Finish != core.FinishComplete {
		t.Errorf("a call with a blank text is %s", call.Finish)
	}
	blocked := core.Reply{Message: core.UserText(" "), Finish: core.FinishBlocked}
	if doubt(&blocked); blocked.Finish != core.FinishBlocked {
		t.Errorf("a blocked reply is %s", blocked.Finish)
	}
}
