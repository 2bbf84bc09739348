package httptarget

import (
	"encoding/json"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
)

func TestAUsageThatCannotBeReadIsUnknownAndLosesNoReply(t *testing.T) {
	program, err := extract.JQ(".usage | {input_tokens: .in, output_tokens: .out}", jqVariables())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := extract.JQ(".usage", jqVariables())
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		program *extract.Program
		answer  string
		want    core.Usage
		warns   bool
	}{
		"counts":                   {program, `{"usage":{"in":7,"out":3}}`, core.Usage{InputTokens: 7, OutputTokens: 3}, false},
		"no usage":                 {program, `{}`, core.Usage{}, false},
		"nothing from the program": {raw, `{"usage":null}`, core.Usage{}, false},
		"a whole number":           {program, `{"usage":{"in":7.0}}`, core.Usage{InputTokens: 7}, false},
		"a fraction":               {program, `{"usage":{"in":2.5,"out":3}}`, core.Usage{OutputTokens: 3}, true},
		"a text":                   {program, `{"usage":{"in":"2","out":3}}`, core.Usage{OutputTokens: 3}, true},
		"a list":                   {program, `{"usage":{"in":[2],"out":3}}`, core.Usage{OutputTokens: 3}, true},
		"a negative number":        {program, `{"usage":{"in":7,"out":-3}}`, core.Usage{InputTokens: 7}, true},
		"a huge number":            {program, `{"usage":{"in":7,"out":1e300}}`, core.Usage{InputTokens: 7}, true},
		"a usage that is a text":   {program, `{"usage":"7"}`, core.Usage{}, true},
		"a program without object": {raw, `{"usage":[7]}`, core.Usage{}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var input any
			if err := json.Unmarshal([]byte(test.answer), &input); err != nil {
				t.Fatal(err)
			}
			var out core.Reply
			(&reply{usage: test.program}).remarksOf(t.Context(), input, make([]any, len(jqVariables())), &out)
			if out.Usage != test.want || (len(out.Warnings) > 0) != test.warns {
				t.Errorf("usage %+v with warnings %q, want %+v, warned of: %t", out.Usage, out.Warnings, test.want, test.warns)
			}
		})
	}
}
