package strict_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

func schema() strict.Check {
	return strict.Object(strict.Keys{
		"text": strict.OrNull(strict.Text), "filled": strict.Filled(3), "yes": strict.Bool, "map": strict.Map,
		"number": strict.Number(0, 1.5), "integer": strict.Integer(1, 9000000), "word": strict.OneOf("a", "b"), "never": strict.Never,
		"only": strict.Only("text", strict.OneOf("text", "json")), "list": strict.List(1, strict.Object(strict.Keys{"x": strict.Bool}, "x")),
		"either": strict.TextOr(strict.List(0, strict.Text)),
		"kind":   strict.By("type", strict.Keys{"one": strict.Object(strict.Keys{"type": strict.Text}), "two": strict.Map}),
	}, "text")
}

func decode(body string, most int64, into any) error {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	return strict.Decode(httptest.NewRecorder(), r, most, schema(), into)
}

func TestEveryMistakeNamesItsPlaceAndWhatIsRight(t *testing.T) {
	for body, want := range map[string]strict.Problem{
		`{`:                                           {"invalid_json", "", "We could not parse the JSON body of your request: unexpected EOF"},
		`{"text":""}{}`:                               {"invalid_json", "", "We could not parse the JSON body of your request: expected one JSON value."},
		`[]`:                                          {"invalid_type", "", "Invalid type for '': expected an object."},
		`{}`:                                          {"missing_required_parameter", "text", "Missing required parameter: 'text'."},
		`{"text":1}`:                                  {"invalid_type", "text", "Invalid type for 'text': expected a string."},
		`{"text":null,"colour":1}`:                    {"unknown_parameter", "colour", "Unknown parameter: 'colour'."},
		`{"text":"","filled":1}`:                      {"invalid_type", "filled", "Invalid type for 'filled': expected a string."},
		`{"text":"","filled":""}`:                     {"invalid_value", "filled", "Invalid 'filled': expected a string that is not empty."},
		`{"text":"","filled":"éééé"}`:                 {"string_above_max_length", "filled", "Invalid 'filled': expected at most 3 characters."},
		`{"text":"","yes":"true"}`:                    {"invalid_type", "yes", "Invalid type for 'yes': expected a boolean."},
		`{"text":"","map":[]}`:                        {"invalid_type", "map", "Invalid type for 'map': expected an object."},
		`{"text":"","number":"1"}`:                    {"invalid_type", "number", "Invalid type for 'number': expected a number."},
		`{"text":"","number":1.6}`:                    {"invalid_value", "number", "Invalid 'number': expected a value from 0 to 1.5."},
		`{"text":"","integer":1.5}`:                   {"invalid_type", "integer", "Invalid type for 'integer': expected an integer."},
		`{"text":"","integer":0}`:                     {"invalid_value", "integer", "Invalid 'integer': expected a value from 1 to 9000000."},
		`{"text":"","word":"c"}`:                      {"invalid_value", "word", "Invalid value: 'c'. Supported values are: 'a', 'b'."},
		`{"text":"","word":null}`:                     {"invalid_type", "word", "Invalid type for 'word': expected a string."},
		`{"text":"","never":false}`:                   {"unsupported_parameter", "never", "Unsupported parameter: 'never' is not supported by this server."},
		`{"text":"","only":"json"}`:                   {"unsupported_value", "only", "Unsupported value: this server supports only text for 'only'."},
		`{"text":"","only":"xml"}`:                    {"invalid_value", "only", "Invalid value: 'xml'. Supported values are: 'text', 'json'."},
		`{"text":"","list":{}}`:                       {"invalid_type", "list", "Invalid type for 'list': expected an array."},
		`{"text":"","list":[]}`:                       {"empty_array", "list", "Invalid 'list': expected at least 1 of them."},
		`{"text":"","list":[{"x":1}]}`:                {"invalid_type", "list[0].x", "Invalid type for 'list[0].x': expected a boolean."},
		`{"text":"","list":[{}]}`:                     {"missing_required_parameter", "list[0].x", "Missing required parameter: 'list[0].x'."},
		`{"text":"","either":1}`:                      {"invalid_type", "either", "Invalid type for 'either': expected an array or a string."},
		`{"text":"","either":[1]}`:                    {"invalid_type", "either[0]", "Invalid type for 'either[0]': expected a string."},
		`{"text":"","kind":"one"}`:                    {"invalid_type", "kind", "Invalid type for 'kind': expected an object."},
		`{"text":"","kind":{}}`:                       {"missing_required_parameter", "kind.type", "Missing required parameter: 'kind.type'."},
		`{"text":"","kind":{"type":1}}`:               {"invalid_type", "kind.type", "Invalid type for 'kind.type': expected a string."},
		`{"text":"","kind":{"type":""}}`:              {"invalid_value", "kind.type", "Invalid value: ''. Supported values are: 'one', 'two'."},
		`{"text":"","kind":{"type":"one","more":1}}`:  {"unknown_parameter", "kind.more", "Unknown parameter: 'kind.more'."},
		`{"text":"` + strings.Repeat("a", 300) + `"}`: {"request_too_large", "", "The request is larger than 200 bytes."},
	} {
		err := decode(body, 200, &struct{}{})
		got, ok := errors.AsType[*strict.Problem](err)
		if !ok {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestWhatIsRightIsDecoded(t *testing.T) {
	var got struct{ Text, Filled, Either string }
	err := decode(`{"text":"a","filled":"éé","yes":true,"map":{"a":1},"number":1.5,"integer":3,"word":"b","never":null,"only":"text",
		"list":[{"x":true}],"either":"e","kind":{"type":"two","more":1}}`, 1000, &got)
	if err != nil || got.Text != "a" || got.Filled != "éé" || got.Either != "e" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAProblemSaysWhereItIs(t *testing.T) {
	if got := strict.Missing("a.b").Error(); got != "a.b: Missing required parameter: 'a.b'." {
		t.Error(got)
	}
	if got := (&strict.Problem{Message: "No."}).Error(); got != "No." {
		t.Error(got)
	}
}

func FuzzDecodeNeverPanics(f *testing.F) {
	f.Add(`{"text":"a","kind":{"type":"one"}}`)
	f.Add(`{"text":null,"list":[{"x":null}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		var into map[string]any
		if err := decode(body, 1<<16, &into); err == nil && into == nil {
			t.Errorf("%q is taken and is nothing", body)
		}
	})
}
