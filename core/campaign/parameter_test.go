package campaign_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// given reads a campaign with --set for each of sets.
func given(t testing.TB, source string, files map[string]string, sets ...string) (*campaign.Campaign, error) {
	t.Helper()
	settings, err := campaign.ParseSettings(sets)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"c.yaml": {Data: []byte(source)}}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return campaign.ReadGiven(fsys, "c.yaml", "c.yaml", campaign.Given{Settings: settings})
}

const systems = `version: 1
name: systems
parameters:
  endpoint: {type: string, description: The system under test.}
  model: small
  trials: {default: 3, min: 1, max: 9}
  loud: false
  share: 0.25
  wait: {type: duration, default: 30s}
  lang: {enum: [en, de], default: en}
  company: Example Ltd
scope: {hosts: [api.example]}
evidence: {max_errored: "{{ .params.share }}"}
targets:
  agent:
    use: realtime
    with:
      endpoint: "https://{{ .params.endpoint }}/v1"
      model: "{{ .params.model }}"
      api_key: "Bearer ${KEY}"
      loud: "{{ .params.loud }}"
      share: " {{.params.share}} "
      seed: "{{ .params.trials }}"
      label: "{{ .params.trials }} trials of {{ .params.model }}"
      own: "{{ .prompt }} for {{ .params.company }}"
    limits: {timeout: "{{ .params.wait }}", concurrency: "{{ .params.trials }}"}
scorers: {leaked: {use: match/substring, with: {any: ["{{ .params.company }}"]}}}
datasets: {openers: {rows: [{text: "hello {{ .params.company }}"}, {text: "bye"}]}}
attacks:
  - name: plain
    target: agent
    objective: "The agent of {{ .params.company }} tells {{7*7}}."
    system_prompt: {file: "prompts/{{ .params.lang }}.md"}
    trials: "{{ .params.trials }}"
    history: [{user: "I am of {{ .params.company }}."}]
    tool_results: {open: {file: open.json}}
    turns: [{user: "{{ .params.trials }}"}, {user: "{{ .other }}", system_prompt: "Now {{ .params.model }}."}]
    scorers: [leaked]
  - name: rows
    target: agent
    objective: o
    for_each: openers
    turns: [{user: "{{ .text }} and {{ .params.company }} and {{ \"{{\" }}"}]
    scorers: [leaked]
`

func systemFiles() map[string]string {
	return map[string]string{
		"prompts/en.md": "You work for {{ .params.company }}. {{ keep }}", "prompts/de.md": "Sie arbeiten bei {{ .params.company }}.",
		"open.json": `{"model": "{{ .params.model }}"}`,
	}
}

// filled returns a text of an attack without rows, as it is sent.
func filled(t *testing.T, text campaign.Text, row map[string]string) string {
	t.Helper()
	s, err := text.Fill(row)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParametersAreFilledInWhereverAValueIs(t *testing.T) {
	_, err := given(t, systems, systemFiles(), "endpoint=api.example", "trials=5", "lang=de", "loud=true", "company=A=B {{ .text }}")
	if err == nil || !strings.Contains(err.Error(), `parameter "company" holds {{`) {
		t.Errorf("a value with {{ in a template of the component: %v", err)
	}
	c, err := given(t, systems, systemFiles(), "endpoint=api.example", "trials=5", "lang=de", "loud=true", "company=A=B")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"endpoint":"https://api.example/v1","model":"small","api_key":"Bearer ${KEY}","loud":true,"share":0.25,"seed":5,"label":"5 trials of small","own":"{{ .prompt }} for A=B"}`
	if got := string(c.Targets[0].Config.JSON); got != want {
		t.Errorf("with: %s, want %s", got, want)
	}
	if got := string(c.Scorers[0].Config.JSON); got != `{"any":["A=B"]}` {
		t.Errorf("with: %s", got)
	}
	if l := c.Targets[0].Limits; l.Concurrency != 5 || l.Timeout.String() != "30s" || c.Evidence.MaxErrored != 0.25 {
		t.Errorf("limits %+v, evidence %+v", l, c.Evidence)
	}
	a, rows := c.Attacks[0], c.Attacks[1]
	got := []string{
		filled(t, a.Objective, nil), a.SystemPrompt, filled(t, a.History[0].Text, nil), filled(t, a.ToolResults[0].Result, nil),
		filled(t, a.Turns[0].Parts[0].User, nil), filled(t, a.Turns[1].SystemPrompt, nil),
		filled(t, rows.Turns[0].Parts[0].User, c.Datasets[0].Rows[0]), c.Datasets[0].Rows[0]["text"],
	}
	if diff := cmp.Diff([]string{
		"The agent of A=B tells {{7*7}}.", "Sie arbeiten bei A=B.", "I am of A=B.", `{"model": "small"}`, "5", "Now small.",
		"hello A=B and A=B and {{", "hello A=B",
	}, got); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	if a.Trials != 5 {
		t.Errorf("%d trials", a.Trials)
	}
	var lines []string
	for _, p := range c.Parameters {
		lines = append(lines, p.String())
	}
	if diff := cmp.Diff([]string{
		`endpoint = "api.example" (--set)`, `model = "small" (default)`, `trials = 5 (--set)`, `loud = true (--set)`, `share = 0.25 (default)`,
		`wait = 30s (default)`, `lang = "de" (--set)`, `company = "A=B" (--set)`,
	}, lines); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

// parameters returns a sound campaign with parameters: and one text to fill in.
func parameters(block, turn string) string {
	return "version: 1\nname: test\nparameters: {" + block + "}\n" + strings.TrimPrefix(with(strings.Replace(sound, "hello", turn, 1)), "version: 1\nname: test\n")
}

func TestWhatIsFilledInIsNeverFilledInAgain(t *testing.T) {
	for _, value := range []string{"{{ .params.b }}", "{{ .text }}", "${KEY}", "$${KEY}", "$", "{", "{{", "}}", `"`, "\\", "\n"} {
		source := `version: 1
name: test
parameters: {a: x, b: y}
targets: {agent: {use: realtime, with: {model: "<{{ .params.a }}{KEY}{{ .params.a }}{{ .params.b }}>"}}}
scorers: {leaked: match/substring}
datasets: {openers: {rows: [{text: cell}]}}
attacks:
  - {name: plain, target: agent, objective: o, turns: [{user: "<{{ .params.a }}>"}], scorers: [leaked]}
  - {name: rows, target: agent, objective: o, for_each: openers, turns: [{user: "<{{ .params.a }}{{ .text }}>"}], scorers: [leaked]}
`
		c, err := given(t, source, nil, "a="+value)
		if err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		if got := filled(t, c.Attacks[0].Turns[0].Parts[0].User, nil); got != "<"+value+">" {
			t.Errorf("%q became %q", value, got)
		}
		if got := filled(t, c.Attacks[1].Turns[0].Parts[0].User, c.Datasets[0].Rows[0]); got != "<"+value+"cell>" {
			t.Errorf("%q in rows became %q", value, got)
		}
		expanded, values, err := secret.Expand(c.Targets[0].Config.JSON, func(secret.Reference) (string, error) { return "SECRET", nil })
		want, _ := yamlJSON(t, "<"+value+"{KEY}"+value+"y>")
		if err != nil || len(values) > 0 || string(expanded) != `{"model":`+want+`}` {
			t.Errorf("%q in a configuration became %s, %v, %v", value, expanded, values, err)
		}
	}
}

func TestWrongParametersAreProblemsWithTheirPlace(t *testing.T) {
	for name, test := range map[string]struct {
		block, turn string
		sets        []string
		want        string
	}{
		"one that is not defined":      {"model: x", "{{ .params.modl }} {{ .params.model }}", nil, `12:21: parameter "modl" is not defined (did you mean "model"?`},
		"none at all":                  {"", "{{ .params.model }}", nil, `12:21: parameter "model" is not defined (define it: parameters: {model: VALUE})`},
		"one that is used nowhere":     {"model: x", "hello", nil, `3:14: parameter "model" is used nowhere (write {{ .params.model }} where it belongs, or remove it)`},
		"one without a value":          {"model: {type: string}", "{{ .params.model }}", nil, `3:14: parameter "model" has no value (--set model=VALUE gives it one, or a default: here)`},
		"a name that is none":          {"my-model: x", "hello", nil, `3:14: "my-model" is not the name of a parameter: use lower-case letters, digits and _`},
		"an unknown key":               {"m: {defalt: x}", "{{ .params.m }}", nil, `3:18: unknown key "defalt" (did you mean "default"?)`},
		"an unknown type":              {"m: {type: int, default: 1}", "{{ .params.m }}", nil, `3:24: there is no type "int" (write integer)`},
		"a secret":                     {"m: {type: secret}", "{{ .params.m }}", nil, `3:24: a secret is no parameter: the values of parameters are printed and recorded (write ${NAME} where it is needed, and put the value into the environment or a file for --env-file)`},
		"a default that is a secret":   {"api_key: sk-abcdefgh", "{{ .params.api_key }}", nil, `3:23: parameter "api_key" holds what looks like a secret itself (write ${NAME} where it is needed, and put the value into the environment)`},
		"a password in a default":      {"m: https://user:pw@host.example/v1", "{{ .params.m }}", nil, `3:17: parameter "m" holds what looks like a secret itself (write ${NAME} where it is needed, and put the value into the environment)`},
		"a password that is set":       {"m: x", "{{ .params.m }}", []string{"m= https://user:p@w@host.example"}, `3:14: --set gives parameter "m" what looks like a secret; parameters are printed and recorded (write ${NAME} where {{ .params.m }} is, and put the value into the environment or a file for --env-file)`},
		"a secret that is set":         {"m: x", "{{ .params.m }}", []string{"m=sk-abcdefgh"}, `3:14: --set gives parameter "m" what looks like a secret; parameters are printed and recorded (write ${NAME} where {{ .params.m }} is, and put the value into the environment or a file for --env-file)`},
		"a default of another type":    {"m: {type: integer, default: many}", "{{ .params.m }}", nil, `3:42: default must be a whole number from -9223372036854775808 to 9223372036854775807, not "many"`},
		"a default outside the bounds": {"m: {default: 7, max: 5}", "{{ .params.m }}", nil, `3:27: the default of parameter "m": "7" is more than max, which is 5`},
		"a default that is no choice":  {"m: {default: alloy, enum: [verse, allay]}", "{{ .params.m }}", nil, `3:27: the default of parameter "m": "alloy" is not one of verse, allay (did you mean "allay"?)`},
		"bounds in the wrong order":    {"m: {default: 7, min: 9, max: 5}", "{{ .params.m }}", nil, `3:43: max is less than min`},
		"a bound of a boolean":         {"m: {default: true, min: 1}", "{{ .params.m }}", nil, `3:38: a boolean has no min (leave it out)`},
		"a choice twice":               {"m: {default: a, enum: [a, a]}", "{{ .params.m }}", nil, `3:40: "a" is listed twice`},
		"no choice":                    {"m: {default: a, enum: []}", "{{ .params.m }}", nil, `3:36: enum must not be empty (leave it out to allow every value)`},
		"nothing":                      {"m: ", "{{ .params.m }}", nil, `3:17: parameter "m" has neither a value nor a type (write m: VALUE, or m: {type: string} for a value that only --set gives)`},
		"a list":                       {"m: [a]", "{{ .params.m }}", nil, `3:17: parameter "m" must be a mapping, not a list`},
		"a parameter of a parameter":   {"a: x, m: \"{{ .params.a }}\"", "{{ .params.m }} {{ .params.a }}", nil, `3:24: a parameter cannot hold a parameter (write it out: parameters do not follow from each other)`},
		"set but not there":            {"model: x", "{{ .params.model }}", []string{"modl=y"}, `3:13: --set modl: the campaign has no such parameter (did you mean "model"?)`},
		"set, and there are none":      {"", "hello", []string{"model=y"}, `3:13: --set model: the campaign has no such parameter (it has no parameters: at all)`},
		"set to another type":          {"m: 3", "{{ .params.m }}", []string{"m=three"}, `3:14: --set gives parameter "m": "three" is not a whole number (in decimal, as digits only)`},
		"set to octal":                 {"m: 3", "{{ .params.m }}", []string{"m=010"}, `3:14: --set gives parameter "m": "010" is not a whole number (in decimal, as digits only)`},
		"set to what is no number":     {"m: 0.5", "{{ .params.m }}", []string{"m=0,5"}, `3:14: --set gives parameter "m": "0,5" is not a number (such as 0.5)`},
		"set to what is not finite":    {"m: 0.5", "{{ .params.m }}", []string{"m=1e999"}, `3:14: --set gives parameter "m": "1e999" is not a number (such as 0.5)`},
		"set to yes":                   {"m: true", "{{ .params.m }}", []string{"m=yes"}, `3:14: --set gives parameter "m": "yes" is neither true nor false`},
		"set to what is no duration":   {"m: {type: duration, default: 1s}", "{{ .params.m }}", []string{"m=90"}, `3:14: --set gives parameter "m": "90" is not a duration (such as 500ms, 30s or 2m)`},
		"set to too long a duration":   {"m: {type: duration, default: 1s, max: 1m}", "{{ .params.m }}", []string{"m=90s"}, `3:14: --set gives parameter "m": "90s" is more than max, which is 1m`},
		"set to too long a text":       {"m: {default: a, max: 2}", "{{ .params.m }}", []string{"m=äöü"}, `3:14: --set gives parameter "m": a text of 3 characters is more than max, which is 2`},
		"set to what is not UTF-8":     {"m: a", "{{ .params.m }}", []string{"m=\xff"}, `3:14: --set gives parameter "m": the value is not UTF-8 text`},
		"a text that becomes empty":    {"m: \"\"", "{{ .params.m }}", nil, `12:20: user must not be empty (parameter m = "" (default))`},
		"more than a parameter":        {"m: a", "{{ .params.m | printf }}", nil, `12:21: "{{ .params.m | printf }}" is more than a parameter (write {{ .params.NAME }}`},
		"a misspelt params":            {"m: a", "{{ .parms.m }} {{ .params.m }}", nil, `12:21: "{{ .parms.m }}" is no parameter (did you mean {{ .params.m }}?`},
		"no dot":                       {"m: a", "{{ params.m }} {{ .params.m }}", nil, `12:21: "{{ params.m }}" is no parameter (did you mean {{ .params.m }}?`},
		"the form of another program":  {"m: a", "{{m}} {{ .params.m }}", nil, `12:21: "{{m}}" is no parameter (did you mean {{ .params.m }}?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := given(t, parameters(test.block, `"`+test.turn+`"`), nil, test.sets...)
			if err == nil {
				t.Fatal("no problem")
			}
			if got := first(t, err); !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// yamlJSON returns a text as JSON, as configurations are encoded.
func yamlJSON(t *testing.T, s string) (string, error) {
	t.Helper()
	f, root, ok := yamlfile.Parse([]byte("a: x"), "the text", 100)
	if !ok {
		t.Fatal(f.Problems("text"))
	}
	for _, v := range root.Entries() {
		v.Replace(s, yamlfile.KindText)
	}
	object, _ := root.JSON(func(string, yamlfile.Value) {})
	return strings.TrimSuffix(strings.TrimPrefix(string(object), `{"a":`), "}"), nil
}

func TestASettingIsANameAndAValue(t *testing.T) {
	for text, want := range map[string]string{
		"model":         `--set "model" has no value`,
		"=x":            `--set "=x" names no parameter`,
		"My-Model=x":    `--set: "My-Model" is not the name of a parameter: use lower-case letters, digits and _`,
		" model=x":      `--set: " model" is not the name of a parameter: use lower-case letters, digits and _`,
		"model =x":      `--set: "model " is not the name of a parameter: use lower-case letters, digits and _`,
		"params.m=x":    `--set: "params.m" is not the name of a parameter: use lower-case letters, digits and _`,
		"model=":        "",
		"model=a=b=c":   "",
		"model= spaced": "",
	} {
		s, err := campaign.ParseSetting(text)
		switch {
		case want == "" && (err != nil || s.Name != "model" || "model="+s.Value != text):
			t.Errorf("%q is %+v, %v", text, s, err)
		case want != "" && (err == nil || err.Error() != want || core.HintOf(err) == ""):
			t.Errorf("%q: %v (%s), want %s", text, err, core.HintOf(err), want)
		}
	}
	if _, err := campaign.ParseSettings([]string{"a=1", "b=2", "a=1"}); err == nil || err.Error() != `--set gives parameter "a" twice` {
		t.Errorf("twice: %v", err)
	}
}

func FuzzSetting(f *testing.F) {
	f.Add("model=a=b")
	f.Add("=")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := campaign.ParseSetting(text)
		if err == nil && s.Name+"="+s.Value != text {
			t.Errorf("%q became %+v", text, s)
		}
		if _, isError := errors.AsType[*core.Error](err); err != nil && !isError {
			t.Errorf("%q: %v is no error for people", text, err)
		}
	})
}

// Whatever a value holds, it is sent as it is: it refers to no secret, names no other
// parameter and no column, and leaves what the file has around it alone.
func FuzzValue(f *testing.F) {
	f.Add("${KEY}", "$", "{KEY}")
	f.Add("{{ .params.b }}", "{{ .text }}", "$$")
	f.Add("$", "{", "${file:/etc/passwd}")
	f.Fuzz(func(t *testing.T, a, before, after string) {
		text := before + "{{ .params.a }}" + after + "{{ .params.b }}"
		quoted, err := json.Marshal(text)
		if err != nil || strings.ContainsAny(before+after, "{}$\u007f\u0085\u2028\u2029\uFEFF\uFFFE\uFFFF") || !utf8.ValidString(before+after+a) {
			return
		}
		source := `version: 1
name: test
parameters: {a: x, b: y}
targets: {agent: {use: realtime, with: {model: ` + string(quoted) + `}}}
scorers: {leaked: match/substring}
attacks: [{name: plain, target: agent, objective: o, turns: [{user: ` + string(quoted) + `}], scorers: [leaked]}]
`
		settings := campaign.Given{Settings: []campaign.Setting{{Name: "a", Value: a, Source: campaign.FromSet}}}
		c, err := campaign.ReadGiven(fstest.MapFS{"c.yaml": {Data: []byte(source)}}, "c.yaml", "c.yaml", settings)
		if err != nil {
			return
		}
		if got, err := c.Attacks[0].Turns[0].Parts[0].User.Fill(nil); err != nil || got != before+a+after+"y" {
			t.Errorf("the turn is %q, %v", got, err)
		}
		expanded, values, err := secret.Expand(c.Targets[0].Config.JSON, func(secret.Reference) (string, error) { return "SECRET", nil })
		want, _ := yamlJSON(t, before+a+after+"y")
		if err != nil || len(values) > 0 || string(expanded) != `{"model":`+want+`}` {
			t.Errorf("the configuration is %s, %v, want %s", expanded, err, want)
		}
	})
}

func TestParametersAreRefusedWhereTheyHaveNoPlace(t *testing.T) {
	for place, test := range map[string]struct{ from, to, want string }{
		"the rules of engagement":     {"hosts: [api.example]", `hosts: ["{{ .params.endpoint }}"]`, "12:18: scope cannot hold a parameter (write it out: who starts a run must not be able to change its rules of engagement)"},
		"a key":                       {"{any: [", `{"{{ .params.model }}": [`, `27:50: a key cannot hold a parameter (write the key out; `},
		"an attack's name":            {"name: plain", `name: "{{ .params.model }}"`, "30:12: name cannot hold a parameter (write it out: trials are found and compared by it)"},
		"the campaign's name":         {"name: systems", `name: "{{ .params.model }}"`, "2:8: name cannot hold a parameter (write it out: runs are found and compared by the campaign's name)"},
		"an expression":               {"scorers: [leaked]", "scorers: [leaked]\n    success: \"{{ .params.model }}\"", "39:15: success cannot hold a parameter (write it out: an expression is not put together from texts)"},
		"a plugin":                    {"scope: {", "plugins: {acme: \"{{ .params.model }}\"}\nscope: {", "12:18: plugins cannot hold a parameter (write it out: which programs may be started is locked, and the same in every run)"},
		"a schedule":                  {"scope: {", "schedule: {cron: \"{{ .params.model }}\", zone: UTC}\nscope: {", "12:19: schedule cannot hold a parameter (write it out: it is read before there is a run)"},
		"a webhook":                   {"scope: {", "notify: [{url: \"https://x/{{ .params.model }}\", format: json}]\nscope: {", "12:27: notify cannot hold a parameter (write it out: ${NAME} is for what is secret in an address)"},
		"a reference to a secret":     {"Bearer ${KEY}", "${file:{{ .params.model }}}", "20:24: a reference to a secret cannot hold a parameter (name the secret in the file: ${NAME}; "},
		"the form of another program": {"Bearer ${KEY}", "${{ .params.model }}", "20:18: a $ before a parameter (leave the $ out: ${NAME} is for secrets, {{ .params.NAME }} for parameters; "},
		"without quotes":              {`"{{ .params.share }}"`, `{{ .params.share }}`, `13:25: a key is a word, not a mapping (put {{ … }} in quotes: "{{ … }}")`},
		"a number where a text is":    {`concurrency: "{{ .params.trials }}"`, `concurrency: "{{ .params.model }}"`, `26:58: concurrency must be a whole number from 1 to 10000, not "small" (parameter wait = 30s (default); parameter model = "small" (default))`},
		"a number beside a text":      {`concurrency: "{{ .params.trials }}"`, `concurrency: "1{{ .params.trials }}"`, `26:58: concurrency must be a whole number from 1 to 10000, not "13" (parameter wait = 30s (default); parameter trials = 3 (default))`},
		"a file that is not there":    {"prompts/{{", "prompt/{{", `there is no file "prompt/en.md" in the campaign's folder (parameter lang = "en" (default))`},
		"a column without rows":       {"{{ .other }}", "{{ .company }}", `37:53: "{{ .company }}" is no parameter, and the attack has no rows (did you mean {{ .params.company }}?`},
		"a column that is none":       {"{{ .text }} and", "{{ .model }} and", `did you mean {{ .params.model }}?`},
	} {
		t.Run(place, func(t *testing.T) {
			_, err := given(t, strings.Replace(systems, test.from, test.to, 1), systemFiles(), "endpoint=api.example")
			if err == nil {
				t.Fatal("no problem")
			}
			if got := err.Error(); !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAMistakeInAFileThatIsNamedIsAtItsName(t *testing.T) {
	files := systemFiles()
	files["prompts/en.md"] = "You work for {{ .params.compny }}."
	_, err := given(t, systems, files, "endpoint=api.example")
	const want = `c.yaml:33:20: parameter "compny" is not defined (did you mean "company"?; parameter lang = "en" (default))`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// Values for parameters that the file does not have any more are left out, where they
// are those of a recorded run, and --set has the last word.
func TestRecordedValuesGiveWayToOthers(t *testing.T) {
	settings := []campaign.Setting{
		{Name: "endpoint", Value: "recorded", Source: "default", Optional: true},
		{Name: "model", Value: "recorded", Source: campaign.FromSet, Optional: true},
		{Name: "gone", Value: "x", Optional: true},
		{Name: "model", Value: "now", Source: campaign.FromSet},
	}
	fsys := fstest.MapFS{"c.yaml": {Data: []byte(systems)}}
	for name, data := range systemFiles() {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	c, err := campaign.ReadGiven(fsys, "c.yaml", "c.yaml", campaign.Given{Settings: settings})
	if err != nil || c.Parameters[0].String() != `endpoint = "recorded" (default)` || c.Parameters[1].String() != `model = "now" (--set)` {
		t.Errorf("%v, %v", c.Parameters, err)
	}
}

// A short file must not become a large one.
func TestFilledInValuesAreBounded(t *testing.T) {
	source := strings.Replace(systems, "objective: o", "objective: \""+strings.Repeat("{{ .params.model }}", 300)+"\"", 1)
	_, err := given(t, source, systemFiles(), "endpoint=api.example", "model="+strings.Repeat("x", 64<<10))
	if err == nil || !strings.Contains(err.Error(), "the values that parameters are filled in to are too large up to here (put long texts into files; ") {
		t.Errorf("the error is %.300v", err)
	}
	_, err = given(t, systems, systemFiles(), "endpoint=api.example", "model="+strings.Repeat("x", 64<<10+1))
	if err == nil || !strings.Contains(err.Error(), `--set gives parameter "model": a value of 65537 bytes; at most 65536 are allowed`) {
		t.Errorf("the error is %.300v", err)
	}
}

// Commands that run nothing need no values.
func TestACampaignCanBeReadInPart(t *testing.T) {
	fsys := fstest.MapFS{"c.yaml": {Data: []byte(systems)}}
	for name, data := range systemFiles() {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	if _, err := campaign.ReadGiven(fsys, "c.yaml", "c.yaml", campaign.Given{Partial: true}); err != nil {
		t.Error(err)
	}
	if _, err := campaign.Read(fsys, "c.yaml", "c.yaml"); err == nil || !strings.Contains(err.Error(), `4:3: parameter "endpoint" has no value`) {
		t.Error(err)
	}
}

// The end of one value and the beginning of the next are no reference either.
func TestValuesSideBySideReferToNothing(t *testing.T) {
	source := `version: 1
name: test
parameters: {a: x, b: y}
targets: {agent: {use: realtime, with: {model: "{{ .params.a }}{{ .params.b }}"}}}
scorers: {leaked: match/substring}
attacks: [{name: plain, target: agent, objective: o, turns: [{user: x}], scorers: [leaked]}]
`
	for _, values := range [][2]string{{"$", "{KEY}"}, {"$", "${KEY}"}, {"$$", "{KEY}"}, {"${", "KEY}"}, {"", "${KEY}"}} {
		c, err := given(t, source, nil, "a="+values[0], "b="+values[1])
		if err != nil {
			t.Fatal(err)
		}
		expanded, found, err := secret.Expand(c.Targets[0].Config.JSON, func(secret.Reference) (string, error) { return "SECRET", nil })
		want, _ := yamlJSON(t, values[0]+values[1])
		if err != nil || len(found) > 0 || string(expanded) != `{"model":`+want+`}` {
			t.Errorf("%q became %s, %v, %v", values, expanded, found, err)
		}
	}
	_, err := given(t, strings.Replace(source, "}}{{ .params.b }}", "}}${KEY}{{ .params.b }}", 1), nil, "a=$")
	if err == nil || !strings.Contains(err.Error(), "c.yaml:4:49: a value that ends in $ before a reference to a secret (put something between the two") {
		t.Errorf("a value that ends in $: %v", err)
	}
}

// No message shows what may be a secret.
func TestWhatLooksLikeASecretIsRefusedAndNotShown(t *testing.T) {
	const long = "0123456789abcdef0123456789abcdef"
	source := `version: 1
name: test
parameters: {k: x, service_token: y}
targets: {agent: {use: realtime, with: {api_key: "{{ .params.k }}", model: "{{ .params.service_token }}"}}}
scorers: {leaked: match/substring}
attacks: [{name: plain, target: agent, objective: o, turns: [{user: x}], scorers: [leaked]}]
`
	for set, want := range map[string]string{
		"k=" + long:             `c.yaml:4:50: "api_key" holds what looks like a secret itself`,
		"service_token=" + long: `c.yaml:3:20: --set gives parameter "service_token" what looks like a secret`,
	} {
		_, err := given(t, source, nil, set)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), long) {
			t.Errorf("%s: %v, want %s", set, err, want)
		}
	}
}

// Each text may be within its bound, and all of them together not.
func TestAllFilledInValuesTogetherAreBounded(t *testing.T) {
	text := `"` + strings.Repeat("{{ .params.model }}", 250) + `"`
	tags := "tags: [" + strings.Repeat(text+", ", 5) + "x]\nscope:"
	_, err := given(t, strings.Replace(systems, "scope:", tags, 1), systemFiles(), "endpoint=api.example", "model="+strings.Repeat("x", 60<<10))
	if err == nil || strings.Count(err.Error(), "too large up to here") != 1 {
		t.Errorf("the error is %.300v", err)
	}
}
