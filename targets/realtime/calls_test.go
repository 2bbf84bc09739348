package realtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestCallsOfMCPServersAreCallsWithTheirResults(t *testing.T) {
	const begun = `{"type":"response.output_item.added","item":{"id":"m1","type":"mcp_call","server_label":"s","name":"search","arguments":""}}`
	done := func(item string) string { return `{"type":"response.output_item.done","item":` + item + `}` }
	call := func(name, arguments string) string {
		return fmt.Sprintf(`tool_call {"arguments":%q,"call_id":"m1","name":%q}`, arguments, name)
	}
	result := func(output string) string { return fmt.Sprintf(`tool_result {"call_id":"m1","output":%q}`, output) }
	tests := map[string]struct {
		frames []string
		want   []string
	}{
		"with its output": {
			[]string{begun, `{"type":"response.mcp_call_arguments.delta","item_id":"m1","delta":"{"}`, `{"type":"response.mcp_call_arguments.done","item_id":"m1","arguments":"{}"}`, done(`{"id":"m1","type":"mcp_call","name":"search","arguments":"{}","output":"secret nine"}`)},
			[]string{call("search", "{}"), result("secret nine")},
		},
		"with its error": {
			[]string{done(`{"id":"m1","type":"mcp_call","name":"search","arguments":"{}","error":{"type":"http_error","code":401},"output":null}`)},
			[]string{call("search", "{}"), result(`error: {"type":"http_error","code":401}`)},
		},
		"without an output":        {[]string{done(`{"id":"m1","type":"mcp_call","name":"search","arguments":"{}","status":"completed"}`)}, []string{call("search", "{}"), result("completed")}},
		"in response.done alone":   {[]string{`{"type":"response.done","response":{"output":[{"id":"m1","type":"mcp_call","name":"search","arguments":"{}","output":"out"}]}}`}, []string{call("search", "{}"), result("out")}},
		"for which it asks":        {[]string{done(`{"id":"m1","type":"mcp_approval_request","name":"delete_all","arguments":"{}"}`)}, []string{call("delete_all", "{}")}},
		"that broke off":           {[]string{begun, `{"type":"response.mcp_call_arguments.delta","item_id":"m1","delta":"{\"q\":"}`, `{"type":"response.mcp_call_arguments.delta","item_id":"m1","delta":"\"se"}`}, []string{call("search", `{"q":"se`)}},
		"that was not announced":   {[]string{`{"type":"response.mcp_call_arguments.done","item_id":"m1","name":"search","arguments":"{}"}`}, []string{call("search", "{}")}},
		"whose arguments are JSON": {[]string{done(`{"id":"m1","type":"mcp_approval_request","name":"x","arguments":{"a":1}}`)}, []string{call("x", `{"a":1}`)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := collected(t, 1000, test.frames...).message(defaultConfig().outputFormat(), forever)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range m.Parts {
				got = append(got, string(p.Modality)+" "+string(p.Data))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallsWithoutIdentifiersOfItemsAreKeptApart(t *testing.T) {
	r := collected(t, 1000,
		`{"type":"response.output_item.done","item":{"type":"function_call","call_id":"a","name":"one","arguments":"{}"}}`,
		`{"type":"response.output_item.done","item":{"type":"function_call","call_id":"b","name":"two","arguments":"{}"}}`,
	)
	m, err := r.message(defaultConfig().outputFormat(), forever)
	if err != nil || len(m.Of(core.ToolCall)) != 2 {
		t.Errorf("%d calls (%v), want 2", len(m.Of(core.ToolCall)), err)
	}
}

func TestTextThatOnlyTheEndOfAPartOrItemRepeatsIsKept(t *testing.T) {
	for _, frame := range []string{
		`{"type":"response.content_part.done","item_id":"i","content_index":0,"part":{"type":"output_text","text":"blue eleven"}}`,
		`{"type":"response.content_part.done","item_id":"i","part":{"type":"audio","transcript":"blue eleven"}}`,
		`{"type":"response.output_item.done","item":{"id":"i","type":"message","content":[{"type":"output_text","text":"blue eleven"}]}}`,
	} {
		m, err := collected(t, 1000, frame).message(defaultConfig().outputFormat(), forever)
		if err != nil || m.Text() != "blue eleven" {
			t.Errorf("text %q (%v) of %s", m.Text(), err, frame)
		}
	}
}

func arrivedScripts() map[string]script {
	scripts := map[string]script{}
	done := func(rest string) string {
		return `{"type":"response.done","response":{"id":"r","status":"completed"` + rest + `}}`
	}
	const odd = "are taken for unknown"
	for _, usage := range []string{
		`2.5`, `"2"`, `-1`, `1e300`, `9007199254740993000`, `[]`, `{}`, `true`, `"NaN"`,
	} {
		scripts["usage of "+usage] = script{
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, done(`,"usage":{"input_tokens":` + usage + `}`), ""}),
			replies: []string{"complete: y"}, warns: odd,
		}
		scripts["details of usage of "+usage] = script{
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, done(`,"usage":{"output_token_details":{"audio_tokens":` + usage + `}}`), ""}),
			replies: []string{"complete: y"}, warns: odd,
		}
		limits := fmt.Sprintf(`{"type":"rate_limits.updated","rate_limits":[{"name":"requests","limit":%[1]s,"remaining":%[1]s,"reset_seconds":%[1]s}]}`, usage)
		scripts["rate limits of "+usage] = script{
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, limits, ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: y"},
		}
	}
	for _, usage := range []string{`5`, `"many"`, `[]`} {
		scripts["usage that is "+usage] = script{
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, done(`,"usage":` + usage), ""}),
			replies: []string{"complete: y"}, warns: odd,
		}
	}
	for name, rest := range map[string]string{
		"no usage": ``, "usage of null": `,"usage":null`, "counts of null": `,"usage":{"input_tokens":null,"input_token_details":null}`,
		"counts with a point": `,"usage":{"input_tokens":2.0,"output_tokens":1e1}`,
		"details as a text":   `,"status_details":"fine"`, "metadata as a text": `,"metadata":"x"`, "metadata as a list": `,"metadata":[1]`,
	} {
		scripts[name] = script{
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, done(rest), ""}),
			replies: []string{"complete: y"},
		}
	}
	scripts["an item of an unknown type alone"] = script{
		beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, done(`,"output":[{"id":"x","type":"hologram"}]`), ""}),
		replies: []string{"unconfirmed: "}, warns: `item of type "hologram"`,
	}
	scripts["content of an unknown type alone"] = script{
		beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, done(`,"output":[{"id":"x","type":"message","content":[{"type":"hologram"}]}]`), ""}),
		replies: []string{"unconfirmed: "}, warns: `content of type "hologram"`,
	}
	scripts["tools that were listed alone"] = script{
		beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, done(`,"output":[{"id":"x","type":"mcp_list_tools","tools":[]}]`), ""}),
		replies: []string{"unconfirmed: "},
	}
	return scripts
}

func TestSpeechWhereTextWasAskedForIsRemarkedUpon(t *testing.T) {
	r := collected(t, 1000, `{"type":"response.output_audio_transcript.delta","item_id":"i","delta":"hello"}`)
	if remarks := strings.Join(r.remarks("text"), "; "); !strings.Contains(remarks, "spoke, although text was asked for") {
		t.Errorf("remarks: %q", remarks)
	}
}

// outerScripts are exchanges whose caller leaves before their own deadlines end, or
// when they do.
func outerScripts() map[string]script {
	turn := func(c *Config) { c.Timeouts.Turn = core.Duration(12 * s) }
	return map[string]script{
		"a caller whose time ends with the turn's gets what arrived": { // cancel is 2 s, and 0.5 s are for the way back
			config: turn, leaves: 12 * s,
			beats:   asked(beat{1 * s, created("r"), ""}, beat{8 * s, word("r", "a"), ""}, beat{9500*ms - 1, "", ""}, beat{9500 * ms, "", cancel}, beat{10 * s, word("r", "b"), ""}, beat{10 * s, ended("r", "cancelled"), ""}),
			replies: []string{"unconfirmed: ab"},
		},
		"a service that does not confirm a cancellation leaves time for the way back": {
			config: turn, leaves: 12 * s,
			beats:   asked(beat{1 * s, created("r"), ""}, beat{8 * s, word("r", "a"), ""}, beat{9500 * ms, "", cancel}, beat{10750*ms - 1, "", ""}, beat{10750 * ms, "", ""}),
			replies: []string{"unconfirmed: a"}, outOfSync: true,
		},
		"a short time is divided": {
			leaves:  1 * s,
			beats:   asked(beat{100 * ms, created("r"), ""}, beat{200 * ms, word("r", "a"), ""}, beat{750*ms - 1, "", ""}, beat{750 * ms, "", cancel}, beat{875 * ms, "", ""}),
			replies: []string{"unconfirmed: a"}, outOfSync: true,
		},
		"a caller whose time ends before there is a reply is told what was waited for": {
			leaves: 12 * s,
			beats:  asked(beat{9500*ms - 1, "", ""}, beat{9500 * ms, "", ""}),
			kind:   core.ErrorTimeout, says: "no sign of a reply within 9.5s, in which limits.timeout ends", outOfSync: true,
		},
		"a caller whose time ends before the message is confirmed is told so": {
			ledger: acknowledges, leaves: 4 * s,
			beats: []beat{{0, begins, item}, {3*s - 1, "", ""}, {3 * s, "", ""}},
			kind:  core.ErrorTimeout, says: "did not confirm the message within 3s, in which limits.timeout ends", outOfSync: true,
		},
	}
}
