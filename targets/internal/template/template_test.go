package template

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAPlaceholderIsReadBetweenDollars(t *testing.T) {
	for text, want := range map[string]string{
		"$(prompt)":          "<>",
		"$$(prompt)":         "$(prompt)",
		"$$$(prompt)":        "$<>",
		"$$$$(prompt)":       "$$(prompt)",
		"a $ b $5 $(prompt)": "a $ b $5 <>",
		"$":                  "$",
	} {
		parsed, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parsed.Render(with("<>")); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", text, got, want, err)
		}
	}
}

// Readers that take JSON for JavaScript would end the text at these.
func TestLineEndsOfJavaScriptAreEscapedInJSON(t *testing.T) {
	b, err := appendString(nil, "a\u2028b\u2029\x7f", false)
	if err != nil || string(b) != `a\u2028b\u2029\u007f` {
		t.Errorf("%s, %v", b, err)
	}
}

// said is a source of a text that breaks what it is not encoded for, of a number, and of
// a list.
func said(name string) (Value, error) {
	switch name {
	case "prompt":
		return Text("say \"hi\"\n"), nil
	case "turn":
		return JSON(2), nil
	case "history":
		return JSON([]any{map[string]any{"role": "user"}}), nil
	case "audio":
		return File("\x00\x01"), nil
	}
	return Value{}, core.Errorf(core.ErrorInput, "the turn has no %s", name).WithHint("send one")
}

func TestADocumentArrivesAsItIs(t *testing.T) {
	for source, want := range map[string]struct{ text, contentType string }{
		`{"b": "$(prompt)", "a": ["<$(prompt)>"]}`:      {`{"b":"say \"hi\"\n","a":["<say \"hi\"\n>"]}`, core.MediaJSON},
		`{"n": "$(turn)", "l": "$(history)", "e": 1.0}`: {`{"n":2,"l":[{"role":"user"}],"e":1.0}`, core.MediaJSON},
		`"{\"text\":\"$(prompt)\"}"`:                    {`{"text":"say \"hi\"\n"}`, core.MediaJSON},
		`" [1, $(prompt), $(turn)]"`:                    {` [1, "say \"hi\"\n", 2]`, core.MediaJSON},
		`"{\"$(prompt)\": \"\\\"$(turn)\"}"`:            {`{"say \"hi\"\n": "\"2"}`, core.MediaJSON},
		`"{\"text\":$(prompt|raw)}"`:                    {"{\"text\":say \"hi\"\n}", core.MediaJSON},
		`"$(prompt)"`:                                   {"say \"hi\"\n", core.MediaText},
		`"\"$(prompt)\""`:                               {"\"say \"hi\"\n\"", core.MediaText},
		`"42[\"say\",$(prompt|json)]"`:                  {`42["say","say \"hi\"\n"]`, core.MediaText},
		`"[user] $(prompt)"`:                            {"[user] say \"hi\"\n", core.MediaText},
		`"$(history) $(audio)"`:                         {`[{"role":"user"}] AAE=`, core.MediaText},
		`{"$(prompt)": {"$(turn)": "$(turn)"}}`:         {`{"say \"hi\"\n":{"2":2}}`, core.MediaJSON},
		`{"$$(prompt)": "$$(prompt)", "$": "$5"}`:       {`{"$(prompt)":"$(prompt)","$":"$5"}`, core.MediaJSON},
		`{"a$(history)": "a$(history)"}`:                {`{"a[{\"role\":\"user\"}]":"a[{\"role\":\"user\"}]"}`, core.MediaJSON},
		`{"a": "$(prompt|base64)", "b": "$(audio)"}`:    {`{"a":"c2F5ICJoaSIK","b":"AAE="}`, core.MediaJSON},
		`42`: {"42", core.MediaJSON},
	} {
		parsed, contentType, err := Document([]byte(source), "")
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := parsed.Render(said); got != want.text || contentType != want.contentType || err != nil {
			t.Errorf("%s is %s (%s, %v), want %s (%s)", source, got, contentType, err, want.text, want.contentType)
		}
	}
}

func TestALoneSurrogateIsWrittenAsItsEscape(t *testing.T) {
	for source, want := range map[string]string{
		`{"$(prompt)": "$(prompt)"}`: `{"a\ud800b":"a\ud800b"}`,
		`"{\"a\":\"<$(prompt)>\"}"`:  `{"a":"<a\ud800b>"}`,
		`{"a": "$(prompt|json)"}`:    `{"a":"\"a\\ud800b\""}`,
	} {
		parsed, _, err := Document([]byte(source), "")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parsed.Render(with("a\xed\xa0\x80b")); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", source, got, err, want)
		}
	}
}

func TestWhatIsNoDocumentIsTold(t *testing.T) {
	for source, want := range map[string]string{
		`{"$(prompt": 1}`:        `a "$(" begins no placeholder (write $(prompt) for the turn's text, and "$$(" for a literal "$(")`,
		`["$(Prompt)"]`:          `begins no placeholder`,
		`"$()"`:                  `begins no placeholder`,
		`"$(prompt|jsn)"`:        `there is no filter "jsn" here (did you mean "json"?)`,
		`{`:                      "no JSON",
		``:                       "no JSON",
		strings.Repeat("[", 200): "nested more than 100 deep",
	} {
		if _, _, err := Document([]byte(source), ""); core.KindOf(err) != core.ErrorConfig || !strings.Contains(fmt.Sprintf("%v (%s)", err, core.HintOf(err)), want) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
	if _, _, err := Document([]byte(`"{\"a\": $(prompt)x}"`), core.MediaJSON); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("a text that is no JSON, and said to be: %v", err)
	}
}

func TestAValueThatIsMissingIsToldWithItsPlaceholder(t *testing.T) {
	parsed, err := Parse("$(prompt) $(image)")
	if err != nil {
		t.Fatal(err)
	}
	_, err = parsed.Render(said)
	if core.KindOf(err) != core.ErrorInput || !strings.Contains(err.Error(), "$(image): the turn has no image") || core.HintOf(err) != "send one" {
		t.Errorf("%v, hint %q", err, core.HintOf(err))
	}
	if names := parsed.Names(); !slices.Equal(names, []string{"prompt", "image"}) {
		t.Errorf("the names are %q", names)
	}
}

func TestATemplateIsWrittenInOneWayAndStaysAsItWas(t *testing.T) {
	parsed, err := Parse("a b&$(prompt)")
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := parsed.Encoded(AsForm)
	if err != nil {
		t.Fatal(err)
	}
	for want, written := range map[string]Template{
		"a+b%26say+%22hi%22%0A": encoded, "a b&say%20%22hi%22%0A": parsed.Written(AsURL), "a b&say \"hi\"\n": parsed,
	} {
		if got, err := written.Render(said); got != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if _, err := Template.Encoded(Template{{text: "\xff"}}, InString); core.KindOf(err) != core.ErrorInput {
		t.Errorf("what is not UTF-8: %v", err)
	}
}

func TestOneJSONValueIsDecodedWithItsNumbersAsTheyAreWritten(t *testing.T) {
	for source, want := range map[string]string{
		`{"a": 1.10, "b": 12345678901234567890}`: `{"a":1.10,"b":12345678901234567890}`, "\xef\xbb\xbf[1]": "[1]", `"<&>"`: `"<&>"`, "1 2": "", "{}x": "", "": "",
	} {
		v, err := Unmarshal([]byte(source))
		if (err != nil) != (want == "") {
			t.Errorf("%q: %v", source, err)
			continue
		}
		if got, err := Marshal(v); want != "" && (got != want || err != nil) {
			t.Errorf("%q is %s, %v; want %s", source, got, err, want)
		}
	}
}

func TestMessagesAreAsChatServicesHaveThem(t *testing.T) {
	part := func(m core.Modality, data string) core.Part {
		return core.Part{Value: core.Value{Modality: m, MediaType: core.MediaJSON, Data: []byte(data)}}
	}
	text := core.TextValue("spoken words")
	got, err := Marshal(MessagesOf([]core.Message{
		{Role: core.User, Parts: []core.Part{{Value: core.TextValue("a")}, {Value: core.TextValue("b")}}},
		{Role: core.User, Parts: []core.Part{{Value: core.WAVValue(nil), Original: &text}}},
		{Role: core.Assistant, Parts: []core.Part{part(core.ToolCall, `{"call_id":"c1","name":"look","arguments":{"n":1.0}}`), part(core.ToolCall, `{"call_id":"c2","name":"go","arguments":"{}"}`)}},
		{Role: core.User, Parts: []core.Part{part(core.ToolResult, `{"call_id":"c1","output":"found"}`)}},
	}))
	const want = `[{"content":"a\nb","role":"user"},{"content":"spoken words","role":"user"},` +
		`{"content":"","role":"assistant","tool_calls":[{"function":{"arguments":"{\"n\":1.0}","name":"look"},"id":"c1","type":"function"},` +
		`{"function":{"arguments":"{}","name":"go"},"id":"c2","type":"function"}]},{"content":"found","role":"tool","tool_call_id":"c1"}]`
	if err != nil || got != want {
		t.Errorf("%v\n%s, want\n%s", err, got, want)
	}
	if got, err := Marshal(MessagesOf(nil)); got != "[]" || err != nil {
		t.Errorf("no messages are %s, %v", got, err)
	}
}

func TestTheNameOfAPlaceholder(t *testing.T) {
	for name, want := range map[string]bool{"taken.a-B_1": true, "prompt": true, "taken.a b": false, "taken.": false, "a.b.c": false, "taken.a|raw": false, "": false} {
		if IsName(name) != want {
			t.Errorf("%q is a name: %t", name, !want)
		}
	}
}

func TestAJSONValueHasEveryCharacterOfItsStringsAndKeys(t *testing.T) {
	got, err := Marshal(map[string]any{"b\xed\xbf\xbf": []any{"a\xed\xa0\x80", 1, 1.5, nil, true, "<&>"}, "a": map[string]any{}})
	if want := `{"a":{},"b\udfff":["a\ud800",1,1.5,null,true,"<&>"]}`; got != want || err != nil {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	for _, v := range []any{"\xff", []any{"\xff"}, map[string]any{"\xff": 1}, map[string]any{"a": "\xff"}, math.NaN(), make(chan int)} {
		if got, err := Marshal(v); core.KindOf(err) != core.ErrorInput {
			t.Errorf("%q is %s, %v", v, got, err)
		}
	}
}
