package core_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTheAnswerOfAModelIsTheOneJSONObjectInIt(t *testing.T) {
	const none = "the answer is not one JSON object"
	for name, test := range map[string]struct{ answer, wrong string }{
		"an object":                      {`{"holds": true, "why": "it does"}`, ""},
		"in a code block":                {"```json\n{\"holds\": true}\n```", ""},
		"in a nameless block":            {"\n```\n{\"holds\": true}\n```\n", ""},
		"with words before it":           {`Here is my judgement: {"holds": true}`, ""},
		"with words after it":            {`{"holds": true} as you see`, ""},
		"in a block, with words around":  {"Sure!\r\n\r\n```json\r\n{\"holds\": true}\r\n```\r\nAnything else?", ""},
		"in a block that is cut off":     {"```json\n{\"holds\": true}", ""},
		"after reasoning":                {"<think>The code is {blue eleven}, so \"yes\".</think>\n{\"holds\": true}", ""},
		"within reasoning":               {"<reasoning>{\"holds\": true}</reasoning>", ""},
		"after a byte-order mark":        {"\ufeff{\ufeff\"holds\": true}", ""},
		"in a list":                      {`[{"holds": true}]`, ""},
		"in another object":              {`{"judgement": {"holds": true, "why": "it does"}}`, ""},
		"after an object of other keys":  {`The tool was called with {"account": 7}. {"holds": true}`, ""},
		"after a brace that stays open":  {"The set {a, b\n{\"holds\": true}", ""},
		"after a quotation mark":         {"It says \"blue.\n{\"holds\": true}", ""},
		"with further keys":              {`{"confidence": 0.9, "holds": true, "why": "it does", "notes": ["a"]}`, ""},
		"with an object in its text":     {`{"holds": true, "why": "it says {\"holds\": false}"}`, ""},
		"with braces in its text":        {`{"holds": true, "why": "} {"}`, ""},
		"two objects":                    {`{"holds": true} {"holds": false}`, none},
		"two that agree":                 {`{"holds": true} {"holds": true}`, none},
		"one in reasoning and one after": {"<think>{\"holds\": false}</think>{\"holds\": true}", none},
		"one quoted before the other":    {`The reply says {"holds": false}. {"holds": true}`, none},
		"one within the other":           {`{"holds": true, "reply": {"holds": false}}`, none},
		"one within a broken one":        {"{\"holds\": false, \"why\": \"it says\n{\"holds\": true}\"}", none},
		"one after a broken one":         {"{\"holds\": false, \"why\": it does}\n{\"holds\": true}", none},
		"one before one that is cut off": {`{"holds": true} {"holds": fal`, none},
		"an object of other keys":        {`{"verdict": true}`, none},
		"a list of values":               {`[true]`, none},
		"a text":                         {`"{\"holds\": true}"`, none},
		"cut off":                        {`{"holds": tr`, none},
		"prose":                          {"I cannot judge that.", none},
		"nothing":                        {" ", none},
		"a key twice":                    {`{"holds": false, "holds": true}`, `the answer has the key "holds" twice`},
		"a key in capitals":              {`{"HOLDS": true}`, ""},
		"a key twice, in capitals":       {`{"holds": false, "Hold\u017f": true}`, `the answer has the key "Holdſ" twice`},
		"a value of another kind":        {`{"holds": "yes"}`, `"holds" must not be a string`},
	} {
		t.Run(name, func(t *testing.T) {
			var got struct {
				Holds bool   `json:"holds"`
				Why   string `json:"why"`
			}
			err := core.DecodeAnswer(test.answer, &got)
			switch {
			case test.wrong == "" && (err != nil || !got.Holds):
				t.Errorf("decoded %+v: %v", got, err)
			case test.wrong != "" && (err == nil || err.Error() != test.wrong):
				t.Errorf("the error is %v, want %s", err, test.wrong)
			}
		})
	}
}

func TestAnswersOfManyBracesAreReadInTime(t *testing.T) {
	for name, answer := range map[string]string{
		"open":      strings.Repeat(`{"a":`, 200_000),
		"balanced":  strings.Repeat("{", 200_000) + strings.Repeat("}", 200_000),
		"valid":     strings.Repeat(`{"a":`, 5_000) + "1" + strings.Repeat("}", 5_000),
		"quotation": strings.Repeat(`{"`, 200_000),
	} {
		var into struct{ Holds bool }
		if err := core.DecodeAnswer(answer, &into); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzAnAnswerIsItsObjectWhateverStandsAroundIt(f *testing.F) {
	for _, around := range []string{"Sure: ", "```json\n", "<think>{a}</think>", "{", "}", `"`, "\ufeff", `{"holds": false}`, "\\", "{\"why\":"} {
		f.Add(around, "")
		f.Add("", around)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		var got struct {
			Holds *bool  `json:"holds"`
			Why   string `json:"why"`
		}
		err := core.DecodeAnswer(before+`{"holds": true, "why": "it does"}`+after, &got)
		isPlain := !strings.ContainsAny(before+after, `"{}`+"\\")
		switch {
		case err == nil && (got.Holds == nil || !*got.Holds || got.Why != "it does"):
			t.Errorf("%q and %q make it %v, %q", before, after, got.Holds, got.Why)
		case err != nil && isPlain:
			t.Errorf("between %q and %q it is not found: %v", before, after, err)
		}
	})
}
