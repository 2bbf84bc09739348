package core_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTheAnswerOfAModelIsOneJSONObject(t *testing.T) {
	for name, test := range map[string]struct{ answer, wrong string }{
		"an object":                {`{"holds": true, "why": "it does"}`, ""},
		"in a code block":          {"```json\n{\"holds\": true}\n```", ""},
		"in a nameless block":      {"\n```\n{\"holds\": true}\n```\n", ""},
		"with a word before it":    {`Sure: {"holds": true}`, "the answer is not one JSON object"},
		"with a word after it":     {`{"holds": true} as you see`, "the answer is not one JSON object"},
		"two objects":              {`{"holds": true} {"holds": false}`, "the answer is not one JSON object"},
		"a list":                   {`[{"holds": true}]`, "the answer is not one JSON object"},
		"cut off":                  {`{"holds": tr`, "the answer is not one JSON object"},
		"a block that is cut off":  {"```json\n{\"holds\": true}", "the answer is not one JSON object"},
		"prose":                    {"I cannot judge that.", "the answer is not one JSON object"},
		"nothing":                  {" ", "the answer is not one JSON object"},
		"a key twice":              {`{"holds": false, "holds": true}`, `the answer has the key "holds" twice`},
		"a key in capitals":        {`{"HOLDS": true}`, ""},
		"a key twice, in capitals": {`{"holds": false, "Hold\u017f": true}`, `the answer has the key "Holdſ" twice`},
		"an unknown key":           {`{"holds": true, "sure": 1}`, `the answer has an unknown field "sure"`},
		"a value of another kind":  {`{"holds": "yes"}`, `"holds" must not be a string`},
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
