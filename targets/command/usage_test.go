package command

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestWhatStandsBesideAReplyDoesNotDecideAboutIt(t *testing.T) {
	seven := core.Usage{InputTokens: 7}
	tests := map[string]struct {
		beside string
		want   core.Usage
		odd    bool
	}{
		"nothing":               {`"usage":null`, core.Usage{}, false},
		"counts":                {`"usage":{"input_tokens":7}`, seven, false},
		"a whole number":        {`"usage":{"input_tokens":7.0,"model":"x"}`, seven, false},
		"null for a count":      {`"usage":{"input_tokens":7,"output_tokens":null}`, seven, false},
		"a fraction":            {`"usage":{"input_tokens":7,"output_tokens":2.5}`, seven, true},
		"a text":                {`"usage":{"input_tokens":7,"output_tokens":"2"}`, seven, true},
		"a negative number":     {`"usage":{"input_tokens":7,"output_tokens":-1}`, seven, true},
		"a huge number":         {`"usage":{"input_tokens":7,"output_tokens":9007199254740993000}`, seven, true},
		"a number out of range": {`"usage":{"input_tokens":7,"output_tokens":1e999}`, seven, true},
		"a list for a count":    {`"usage":{"input_tokens":7,"output_tokens":[]}`, seven, true},
		"a list":                {`"usage":[1]`, core.Usage{}, true},
		"a number":              {`"usage":2.5`, core.Usage{}, true},
		"one warning":           {`"warnings":"careful"`, core.Usage{}, false},
		"an odd warning":        {`"warnings":{"a":1}`, core.Usage{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := decode([]byte(`{"type":"reply","text":"blue eleven",` + test.beside + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if a.Text == nil || *a.Text != "blue eleven" || a.Usage.counts != test.want || a.Usage.odd != test.odd {
				t.Errorf("got %+v, want %+v, odd %t", a.Usage, test.want, test.odd)
			}
		})
	}
}
