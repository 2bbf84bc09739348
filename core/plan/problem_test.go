package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// problems plans a campaign that is right in itself and returns what is wrong
// with it, one problem a line.
func problems(t *testing.T, yaml string) string {
	t.Helper()
	p, err := plan.New(read(t, yaml), catalog(t), plan.Options{})
	if err == nil {
		return ""
	}
	if p != nil {
		t.Error("there is a plan, though the campaign is wrong")
	}
	all, ok := errors.AsType[yamlfile.Problems](err)
	if !ok || len(all) == 0 {
		t.Fatalf("the error is %T, not problems: %v", err, err)
	}
	return all.Error()
}

func TestEveryProblemIsReportedAtOnceWithItsPlace(t *testing.T) {
	got := problems(t, `version: 1
name: wrong
targets:
  agent: {use: realtme, with: {}}
  talker: {use: speech}
  far: {use: realtime, with: {voise: alloy, endpoint: "https://api.example"}}
  text: {use: chat, with: {endpoint: "http://127.0.0.1:8080"}}
converters:
  speak: {use: speech}
  phone: {use: audio/telephone, with: {loud: true}}
scorers:
  leaked: {use: match/substring, with: {any: 7}}
  harm: {use: judge/harm, on: audio}
attacks:
  - name: a
    target: text
    objective: o
    turns:
      - {user: "hello", converters: [phone]}
      - {user: "hello", as: audio}
      - {user: "hello", converters: [speak]}
    scorers: [leaked]
`)
	want := strings.Join([]string{
		`c.yaml:4:16: no plugin offers a target "realtme" (did you mean "realtime"?)`,
		`c.yaml:5:17: "speech" is a converter, not a target (define it under converters:, or use a target)`,
		`c.yaml:6:31: target "far": unknown key "voise" (did you mean "voice"?)`,
		`c.yaml:6:45: target "far": endpoint: api.example is not in scope.hosts (if the authorization covers it, add "api.example" to scope.hosts)`,
		`c.yaml:10:40: converter "phone": unknown key "loud" (it takes no keys)`,
		`c.yaml:12:41: scorer "leaked": any: 7 is not a list`,
		`c.yaml:13:3: scorer "harm" (judge/harm) does not take audio, which is what it gets (the scorer takes text: set on:, or add a converter to via:)`,
		`c.yaml:19:38: converter "phone" (audio/telephone) takes audio, but gets text here`,
		`c.yaml:20:29: turn 2 of attack "a" is text when it is sent, not audio (add a converter that makes audio, or leave as: out)`,
		`c.yaml:21:9: turn 3 of attack "a" is audio when it is sent, which target "text" (chat) does not take (the target takes text)`,
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// attack is a campaign of one attack on the target "t".
func attack(definitions, attack string) string {
	return fmt.Sprintf(`version: 1
name: small
targets:
  local: {use: realtime, with: {endpoint: "ws://localhost:9000/v1"}}
  text: {use: chat, with: {endpoint: "http://[::1]:8080"}}
  oracle: {use: oracle}
  able: {use: voice}
converters:
  speak: {use: speech}
  hear: {use: transcribe}
  phone: {use: audio/telephone}
  leet: {use: leetspeak}
  noise: {use: noise}
scorers:
  leaked: {use: match/substring, with: {any: [x]}}
  harm: {use: judge/harm}
  heard: {use: hearing, on: audio}
%s
attacks:
  - name: a
    objective: o
%s
`, definitions, indent(attack))
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

func TestWhatATargetCannotDoIsAProblem(t *testing.T) {
	for name, test := range map[string]struct{ attack, want string }{
		"a system prompt": {
			"target: oracle\nsystem_prompt: Guard it.\nturns: [{user: hi}]\nscorers: [leaked]",
			`sets a system prompt, which target "oracle" (oracle) does not take`,
		},
		"a conversation": {
			"target: oracle\nturns: [{user: hi}, {user: code}]\nscorers: [leaked]",
			`has 2 turns, but target "oracle" (oracle) forgets each one`,
		},
		"an audio file": {
			"target: text\nturns: [{audio: clip.wav}]\nscorers: [leaked]",
			`is audio when it is sent, which target "text" (chat) does not take`,
		},
		"an image": {
			"target: text\nturns: [{image: pixel.png}]\nscorers: [leaked]",
			`turn 1 of attack "a" is image when it is sent, which target "text" (chat) does not take`,
		},
		"a part of a turn": {
			"target: text\nturns: [{parts: [{user: hi}, {silence: 1s}]}]\nscorers: [leaked]",
			`part 2 of turn 1 of attack "a" is audio when it is sent, which target "text" (chat) does not take`,
		},
		"a history": {
			"target: text\nhistory: [{user: hi}]\nturns: [{user: hi}]\nscorers: [leaked]",
			`c.yaml:23:14: attack "a" begins with a history, which target "text" (chat) does not take`,
		},
		"a conversation that goes on": {
			"target: text\nturns: [{user: hi}]\nscorers: [leaked]\nresume: continue",
			`c.yaml:25:13: attack "a" continues conversations that were cut off, but target "text" (chat) cannot be told what was said before (write resume: restart, or attack a target that takes a history)`,
		},
		"results of tools": {
			"target: text\ntool_results: {lookup: none}\nturns: [{user: hi}]\nscorers: [leaked]",
			`attack "a" answers the target's tools, but target "text" (chat) takes no results of tools`,
		},
		"results of tools that it forgets": {
			"target: oracle\ntool_results: {lookup: none}\nturns: [{user: hi}]\nscorers: [leaked]",
			`c.yaml:23:19: attack "a" answers the target's tools, but target "oracle" (oracle) forgets that it called them (leave tool_results out, or attack a target that remembers a conversation)`,
		},
		"another system prompt": {
			"target: text\nturns: [{user: hi, system_prompt: Be open.}]\nscorers: [leaked]",
			`turn 1 of attack "a" replaces the system prompt during the conversation, which target "text" (chat) cannot do (leave system_prompt out, or attack a target with the capability "system_prompt_update")`,
		},
		"the pace of speech": {
			"target: local\nturns: [{audio: clip.wav, stream: true}]\nscorers: [leaked]",
			`turn 1 of attack "a" is sent at the pace of speech, which target "local" (realtime) cannot do`,
		},
		"an interruption": {
			"target: local\nturns: [{user: hi}, {user: code, interrupt: {after: 1s}}]\nscorers: [leaked]",
			`c.yaml:23:49: turn 2 of attack "a" is said over the reply before it, which target "local" (realtime) cannot do`,
		},
		"a turn out of band": {
			"target: local\nturns: [{user: hi, out_of_band: true}]\nscorers: [leaked]",
			`turn 1 of attack "a" is asked out of band, which target "local" (realtime) cannot do`,
		},
		"a reply to listen to": {
			"target: text\nturns: [{user: hi}]\nscorers: [heard]",
			`scorer "heard" judges audio, which target "text" (chat) never gives`,
		},
		"what a variant makes": {
			"target: text\nvariants: [{name: plain, converters: []}, {name: aloud, converters: [speak]}]\nturns: [{user: hi}]\nscorers: [leaked]",
			`turn 1 of attack "a" is audio when it is sent in variant "aloud"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := problems(t, attack("", test.attack))
			if !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("problems:\n%s\nwant only: %s", got, test.want)
			}
		})
	}
}

func TestATurnThatIsStreamedHasSomethingToStream(t *testing.T) {
	const variants = "target: able\nvariants: [{name: plain, converters: []}, {name: aloud, converters: [speak]}]\nturns: [{user: hi, stream: true}]\nscorers: [leaked]"
	got := problems(t, attack("", variants))
	want := `c.yaml:24:32: turn 1 of attack "a" is streamed, but none of it is audio when it is sent in variant "plain" (add a converter that makes speech, or leave stream: out)`
	if got != want {
		t.Errorf("problems:\n%s\nwant:\n%s", got, want)
	}
	for _, turn := range []string{
		"{user: hi, converters: [speak], stream: true}",
		"{parts: [{image: pixel.png}, {user: hi, converters: [speak]}], stream: true}",
		"{parts: [{user: hi}, {noise: {duration: 1s}}], stream: true}",
	} {
		if got := problems(t, attack("", "target: able\nturns: ["+turn+"]\nscorers: [leaked]")); got != "" {
			t.Errorf("%s:\n%s", turn, got)
		}
	}
}

func TestModalityChainsThatHoldAreNoProblem(t *testing.T) {
	for name, a := range map[string]string{
		"text to text":                "target: text\nturns: [{user: hi, converters: [leet, leet]}]\nscorers: [leaked, harm]\nsuccess: leaked && harm > 0.5",
		"text to audio to audio":      "target: local\nturns: [{user: hi, as: audio, converters: [leet, speak, phone]}]\nscorers: [leaked]",
		"there and back":              "target: text\nturns: [{user: hi, as: text, converters: [speak, phone, hear]}]\nscorers: [leaked]",
		"a converter that keeps both": "target: local\nturns: [{user: hi, as: text, converters: [noise]}, {audio: clip.wav, as: audio, converters: [noise]}]\nscorers: [leaked, heard]\nsuccess: heard",
		"a variant for some turns":    "target: local\nvariants: [{name: v, converters: [phone]}]\nturns: [{user: hi}, {user: hi, converters: [speak]}]\nscorers: [leaked]",
	} {
		if got := problems(t, attack("", a)); got != "" {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

func TestAVariantThatChangesNoTurnIsAProblem(t *testing.T) {
	got := problems(t, attack("", `target: local
variants: [{name: studio, converters: []}, {name: v, converters: [phone]}]
turns: [{user: hi}, {user: code}]
scorers: [leaked]`))
	if want := `variant "v" changes no turn (converter "phone" (audio/telephone) takes audio, and no turn is that)`; !strings.Contains(got, want) {
		t.Errorf("problems: %s, want: %s", got, want)
	}
}

func TestAVariantsLaterConvertersAreCheckedToo(t *testing.T) {
	got := problems(t, attack("", `target: local
variants: [{name: v, converters: [leet, phone]}]
turns: [{user: hi}, {user: code}]
scorers: [leaked]`))
	want := `converter "phone" (audio/telephone) takes audio, but gets text here`
	if strings.Count(got, want) != 1 || strings.Contains(got, "\n") {
		t.Errorf("problems:\n%s\nwant once: %s", got, want)
	}
}

func TestOneMistakeGivesOneProblem(t *testing.T) {
	got := problems(t, strings.Replace(attack("", `target: local
variants: [{name: v, converters: [speak]}]
turns: [{user: hi, as: audio, converters: [leet]}]
scorers: [leaked]`), "use: leetspeak", "use: leetspeek", 1))
	if strings.Contains(got, "\n") || !strings.Contains(got, `did you mean "leetspeak"?`) {
		t.Errorf("problems:\n%s\nwant only the unknown converter", got)
	}
}

func TestSuccessIsCheckedAgainstTheScorersRealTypes(t *testing.T) {
	for success, want := range map[string]string{
		"leaked && harm":      "success: ",
		"harm":                "success: ",
		"leaked > 0.5":        "success: ",
		"leaked || harm > .5": "",
		"!leaked":             "",
	} {
		got := problems(t, attack("", "target: local\nturns: [{user: hi}]\nscorers: [leaked, harm]\nsuccess: \""+success+"\""))
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("success: %s: problems = %q, want %q", success, got, want)
		}
	}
}

func TestOnlyLoopbackAndTheHostsInScopeMayBeContacted(t *testing.T) {
	const refused = "is not in scope.hosts"
	for _, test := range []struct{ endpoint, hosts, want string }{
		{"wss://api.example/v1", "", `api.example ` + refused},
		{"wss://api.example/v1", "api.example", ""},
		{"wss://API.Example./v1", "api.example", ""},
		{"wss://api.example/v1", "API.example:443", ""},
		{"wss://api.example/v1", `"api.example:8443"`, refused},
		{"wss://api.example:8443/v1", `"api.example:8443"`, ""},
		{"ws://api.example/v1", `"api.example:80"`, ""},
		{"wss://api.example.evil/v1", "api.example", refused},
		{"wss://evil-api.example/v1", "api.example", refused},
		{"ws://localhost:1", "", ""},
		{"ws://127.0.0.1:1", "", ""},
		{"ws://127.9.8.7", "", ""},
		{"ws://[::1]:1", "", ""},
		{"ws://[::ffff:127.0.0.1]:1", "", ""},
		{"ws://127.0.0.1.evil.example", "", refused},
		{"ws://localhost.evil.example", "", refused},
		{"ws://10.0.0.1", "", refused},
		{"ws://0.0.0.0", "", refused},
		{"ws://[fd00::1]", `"[fd00::1]"`, ""},
		{"ws://[fd00::1]:81", `"[fd00::1]:81"`, ""},
		{"wss://${HOST}/v1", "api.example", "cannot be checked"},
		{"wss://api.example/v1?model=${MODEL}", "api.example", "cannot be checked"},
	} {
		yaml := fmt.Sprintf("version: 1\nname: s\nscope: {hosts: [%s]}\ntargets: {far: {use: realtime, with: {endpoint: %q}}}\n"+
			"scorers: {leaked: {use: match/substring, with: {any: [x]}}}\n"+
			"attacks: [{name: a, target: far, objective: o, turns: [{user: hi}], scorers: [leaked]}]\n", test.hosts, test.endpoint)
		got := problems(t, yaml)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s with hosts [%s]: problems = %q, want %q", test.endpoint, test.hosts, got, test.want)
		}
	}
}

func TestAnAddressThatTheComponentFillsInIsCheckedToo(t *testing.T) {
	yaml := "version: 1\nname: s\n%stargets: {far: {use: realtime, with: {%s}}}\n" +
		"scorers: {leaked: {use: match/substring, with: {any: [x]}}}\n" +
		"attacks: [{name: a, target: far, objective: o, turns: [{user: hi}], scorers: [leaked]}]\n"
	got := problems(t, fmt.Sprintf(yaml, "", ""))
	if want := "api.openai.com is not in scope.hosts (the component's default)"; !strings.Contains(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
	if got := problems(t, fmt.Sprintf(yaml, "scope: {hosts: [api.openai.com]}\n", "")); got != "" {
		t.Errorf("in scope: problems = %q", got)
	}
	got = problems(t, fmt.Sprintf(yaml, "scope: {hosts: [api.openai.com]}\n", `proxy: {url: "http://proxy.example"}`))
	if want := "proxy.url: proxy.example is not in scope.hosts"; !strings.Contains(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
	got = problems(t, strings.Replace(fmt.Sprintf(yaml, "", ""), "use: realtime", "use: relay", 1))
	if want := "proxy.url: relay.example is not in scope.hosts (the component's default)"; !strings.Contains(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
	got = problems(t, fmt.Sprintf(yaml, "", "endpoint: nonsense"))
	if strings.Count(got, "\n") != 0 || !strings.Contains(got, "nonsense") {
		t.Errorf("problems:\n%s\nwant one, about what is no address", got)
	}
}

func TestAComponentOfAPluginThatIsNotInstalledSaysSo(t *testing.T) {
	yaml := strings.Replace(attack("", "target: local\nturns: [{user: hi}]\nscorers: [leaked]"), "use: oracle", "use: acme/ivr", 1)
	got := problems(t, yaml)
	if want := `"acme/ivr" needs the plugin "acme", which is not among the campaign's plugins (add it, with the versions that will do: plugins: {acme: ">=0.1, <1"})`; !strings.Contains(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
	got = problems(t, yaml+"plugins: {acme: \"*\"}\n")
	if want := `the plugin "acme" offers no component "acme/ivr"`; !strings.Contains(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
}

func TestARowThatMakesNoFitTextIsAProblem(t *testing.T) {
	for name, test := range map[string]struct{ text, cell, want string }{
		"an empty text":                        {"{{ .text }}", " ", "the text is empty"},
		"a value that is repeated without end": {strings.Repeat("{{ .text }}", 20_000), strings.Repeat("x", 1000), "the text is larger than 16 MiB"},
	} {
		got := problems(t, fmt.Sprintf(`version: 1
name: wrong
targets:
  text: {use: chat, with: {endpoint: "http://127.0.0.1:8080"}}
scorers:
  leaked: {use: match/substring, with: {any: [x]}}
datasets:
  openers: {rows: [{text: hello}, {text: %q}]}
attacks:
  - name: a
    target: text
    objective: o
    for_each: openers
    variants: [{name: one, converters: []}, {name: two, converters: []}]
    turns:
      - {user: %q}
    scorers: [leaked]
`, test.cell, test.text))
		want := `c.yaml:16:9: turn 1 of attack "a", row 2 of dataset "openers": ` + test.want
		if got != want {
			t.Errorf("%s: problems:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestOfATargetThatIsUnknownNothingElseIsSaid(t *testing.T) {
	got := problems(t, `version: 1
name: small
targets: {agent: {use: realtme}}
scorers: {leaked: {use: match/substring, with: {any: [x]}}}
attacks:
  - {name: a, target: agent, objective: o, system_prompt: p, history: [{user: hi}], tool_results: {f: x}, resume: continue,
     turns: [{user: a}, {user: b, stream: true}], scorers: [leaked]}
`)
	want := `c.yaml:3:24: no plugin offers a target "realtme" (did you mean "realtime"?)
c.yaml:7:43: turn 2 of attack "a" is streamed, but none of it is audio when it is sent (add a converter that makes speech, or leave stream: out)`
	if got != want {
		t.Errorf("problems:\n%s\nwant:\n%s", got, want)
	}
}

// With several targets, the place of what one of them cannot do is its entry.
func TestWhatOneOfSeveralTargetsCannotDoIsAProblemAtItsEntry(t *testing.T) {
	got := problems(t, attack("", `target: [able, oracle]
system_prompt: Guard it.
history: [{user: hi}]
tool_results: {open: done}
turns: [{user: one, stream: true, converters: [speak]}, {user: two}]
scorers: [heard]`))
	want := strings.Join([]string{
		`attack "a" sets a system prompt, which target "oracle" (oracle) does not take (leave system_prompt out, or attack a target that takes one)`,
		`attack "a" begins with a history, which target "oracle" (oracle) does not take (leave history out, or attack a target that takes one)`,
		`attack "a" answers the target's tools, but target "oracle" (oracle) forgets that it called them (leave tool_results out, or attack a target that remembers a conversation)`,
		`attack "a" has 2 turns, but target "oracle" (oracle) forgets each one (make it one turn, or attack a target that remembers a conversation)`,
		`turn 1 of attack "a" is sent at the pace of speech, which target "oracle" (oracle) cannot do (leave stream out, or attack a target with the capability "stream")`,
		`scorer "heard" judges audio, which target "oracle" (oracle) never gives (set on: to what it gives, or attack another target: it gives text)`,
		`turn 1 of attack "a" is audio when it is sent, which target "oracle" (oracle) does not take (the target takes text and tool_result)`,
	}, "\n")
	at := "c.yaml:22:20: "
	if want = at + strings.ReplaceAll(want, "\n", "\n"+at); got != want {
		t.Errorf("problems (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func TestAnAddressWithCredentialsIsRefusedAlsoWhereNoSchemaKnowsIt(t *testing.T) {
	yaml := "version: 1\nname: s\nplugins: {acme: \">=1\"}\ntargets: {far: {use: acme/ivr, with: {lines: [{gateway: \"https://me:hunter2@host\"}]}}}\n" +
		"scorers: {leaked: {use: match/substring, with: {any: [x]}}}\n" +
		"attacks: [{name: a, target: far, objective: o, turns: [{user: hi}], scorers: [leaked]}]\n"
	if got := problems(t, yaml); !strings.Contains(got, "lines[0].gateway: the address holds credentials") || strings.Contains(got, "hunter2") {
		t.Errorf("problems = %q", got)
	}
}
