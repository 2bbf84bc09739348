package migrate

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/dataset"
)

// garak reads a configuration, a report, or a file of prompts.
func (d *draft) garak(data []byte) error {
	switch strings.ToLower(path.Ext(d.options.File)) {
	case ".jsonl":
		return d.report(data)
	case ".txt", ".csv", ".tsv":
		return d.garakPrompts(data)
	}
	value, err := parse(d.options.File, data)
	if err != nil {
		return err
	}
	c := mapping(value)
	if c == nil {
		return d.garakPrompts(data)
	}
	d.garakConfig(c)
	d.note("probes: are programs of garak, which make their prompts when they run: give its report (….report.jsonl), which has them; the attack is a placeholder")
	d.reviewed("ask", "", []any{fields{{"prompt", "What can you tell me about this service?"}}})
	return nil
}

// garakConfig reads the target of a configuration.
func (d *draft) garakConfig(c map[string]any) {
	d.rest(c, "config", "is not carried over: it has no counterpart", "plugins", "run", "system", "reporting")
	plugins, run, system := mapping(c["plugins"]), mapping(c["run"]), mapping(c["system"])
	kind, name := text(plugins["target_type"]), text(plugins["target_name"])
	if kind == "" {
		kind, name = text(plugins["model_type"]), text(plugins["model_name"])
	}
	d.garakTarget(kind, name, mapping(plugins["generators"]))
	d.rest(plugins, "plugins", "is not carried over: probes, detectors and buffs are programs of garak",
		"target_type", "target_name", "model_type", "model_name", "generators")
	d.rest(run, "run", "is not carried over: trials: and thresholds are written for each campaign", "generations")
	if n := text(run["generations"]); n != "" {
		d.note("run.generations: %s: is trials: of each attack", n)
	}
	d.rest(system, "system", "is not carried over: limits: of the target says how much is sent at a time")
	if c["reporting"] != nil {
		d.note("reporting: is not carried over: runs are kept in the store")
	}
}

// garakTarget defines the target of a generator.
func (d *draft) garakTarget(kind, name string, generators map[string]any) {
	config := mapping(generators[strings.Split(kind, ".")[0]])
	if nested := mapping(config[kind[strings.LastIndexByte(kind, '.')+1:]]); nested != nil {
		config = nested
	}
	ids := map[string]string{
		"openai": "openai:chat:", "openai.OpenAIGenerator": "openai:chat:", "openai.OpenAICompatible": "openai:chat:", "ollama": "ollama:chat:",
		"ollama.OllamaGeneratorChat": "ollama:chat:", "groq": "groq:", "groq.GroqChat": "groq:", "mistral": "mistral:", "mistral.MistralGenerator": "mistral:",
	}
	id, ok := ids[kind]
	if ok && name != "" {
		provider := map[string]any{"id": id + name, "config": map[string]any{}}
		if uri := text(config["uri"]); uri != "" {
			provider["config"] = map[string]any{"apiBaseUrl": uri}
		}
		if env := text(config["key_env_var"]); env != "" {
			mapping(provider["config"])["apiKeyEnvar"] = env
		}
		if _, ok = d.provider("plugins.target_type", provider, "target"); ok {
			d.rest(config, "generators."+kind, "is not carried over: see the target's keys in docs/targets.md", "uri", "key_env_var")
			return
		}
	}
	if kind != "" {
		d.note("plugins.target_type: %s %s is not carried over: no target speaks to it by itself (use: http, websocket or command)", kind, name)
	}
	d.placeholder()
}

// reviewed adds an attack whose rows have one prompt each, and whose replies are left to a
// person.
func (d *draft) reviewed(name, objective string, rows []any) {
	if len(rows) == 0 {
		return
	}
	d.note("detectors: are programs of garak: a person has to judge the replies, or write scorers that say when the attack succeeds")
	review := d.review("Does the reply do what the prompt asks for?")
	d.rows(name, objective, rows, review)
}

// rows adds an attack of one target, with a turn for each row, which succeeds where a
// scorer says so.
func (d *draft) rows(name, objective string, rows []any, scorer string) {
	name = unique(name, "attack", d.attackTaken)
	set := unique(name, "rows", among(d.datasets))
	d.datasets = append(d.datasets, definition{set, fields{{"rows", rows}}})
	d.attacks = append(d.attacks, attack{name, fields{
		{"target", raw(d.targets[0].name)},
		{"objective", cmp.Or(objective, "The target does what the prompt asks for.")},
		{"for_each", raw(set)},
		{"turns", []any{fields{{"user", "{{ .prompt }}"}}}},
		{"scorers", raw("[" + scorer + "]")},
		{"success", scorer},
	}})
}

// garakPrompts reads a file of prompts: a text a line, or a list in JSON.
func (d *draft) garakPrompts(data []byte) error {
	table, err := dataset.Read(d.options.File, data, dataset.Options{})
	if err != nil {
		return core.Errorf(core.ErrorConfig, "%s: %v", d.options.File, err)
	}
	column := dataset.Text
	for _, name := range []string{"prompt", "text", "question"} {
		if slices.Contains(table.Columns, name) {
			column = name
			break
		}
	}
	var rows []any
	for _, row := range table.Rows {
		if prompt := row.Cells[column]; strings.TrimSpace(prompt) != "" {
			rows = append(rows, fields{{"prompt", prompt}})
		} else {
			d.note("line %d: a row without a text in %q is left out", row.Line, column)
		}
	}
	if len(rows) > maxTests {
		return core.Errorf(core.ErrorConfig, "%s: there are more than %d prompts", d.options.File, maxTests).
			WithHint("name the file itself as a dataset: docs/datasets.md")
	}
	d.placeholder()
	d.reviewed("prompts", "", rows)
	return nil
}

// probed are the prompts of a probe in a report.
type probed struct {
	// objective is what the probe wants; "" where it does not say so.
	objective string
	rows      []any
	triggers  []string
	known     map[string]bool
}

// report reads a report: the prompts that each probe has sent.
func (d *draft) report(data []byte) error {
	probes := map[string]*probed{}
	number, total := 0, 0
	var first error
	for line := range bytes.Lines(data) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		value, err := parse(fmt.Sprintf("%s, line %d", d.options.File, number), line)
		if err != nil {
			return err
		}
		entry := mapping(value)
		switch text(entry["entry_type"]) {
		case "start_run setup":
			d.garakTarget(text(entry["plugins.target_type"]), text(entry["plugins.target_name"]), nil)
		case "attempt":
			if total++; total > maxTests*4 && first == nil {
				first = core.Errorf(core.ErrorConfig, "%s: there are more than %d attempts", d.options.File, maxTests*4).WithHint("give the report of fewer probes")
			}
			d.attempt(probes, entry)
		}
	}
	if first != nil {
		return first
	}
	if len(probes) == 0 {
		return d.garakPrompts(data)
	}
	if len(d.targets) == 0 {
		d.placeholder()
	}
	for _, name := range slices.Sorted(maps.Keys(probes)) {
		p := probes[name]
		if len(p.triggers) == 0 {
			d.reviewed(name, p.objective, p.rows)
			continue
		}
		d.note("%s: its triggers are looked for as substrings; garak's own detectors are programs", name)
		d.rows(name, p.objective, p.rows, d.score("triggered", scorer{"match/substring", fields{{"any", texts(p.triggers)}}}))
	}
	return nil
}

// attempt adds the prompt of an attempt to its probe, once.
func (d *draft) attempt(probes map[string]*probed, entry map[string]any) {
	name := text(entry["probe_classname"])
	p := probes[name]
	if p == nil {
		p = &probed{known: map[string]bool{}}
		probes[name] = p
	}
	prompt, ok := promptText(entry["prompt"])
	if !ok {
		d.note("%s: a conversation, or a prompt with a file, is not carried over: write turns:", name)
		return
	}
	if strings.TrimSpace(prompt) == "" {
		d.note("%s: an empty prompt is left out: no turn can say it", name)
		return
	}
	if p.known[prompt] {
		return
	}
	if p.objective == "" && text(entry["goal"]) != "" {
		p.objective = "The target is made to do what garak's probe wants: " + text(entry["goal"])
	}
	p.known[prompt] = true
	p.rows = append(p.rows, fields{{"prompt", prompt}})
	for _, v := range list(mapping(entry["notes"])["triggers"]) {
		if trigger := text(v); strings.TrimSpace(trigger) != "" && !slices.Contains(p.triggers, trigger) {
			p.triggers = append(p.triggers, trigger)
		}
	}
}

// promptText returns the text of a prompt: itself, or the one turn of a conversation.
func promptText(v any) (string, bool) {
	if s, ok := v.(string); ok {
		return s, true
	}
	if turns := list(mapping(v)["turns"]); len(turns) == 1 {
		content := mapping(mapping(turns[0])["content"])
		return text(content["text"]), text(mapping(turns[0])["role"]) == "user" && content["data_path"] == nil
	}
	return text(mapping(v)["text"]), mapping(v)["text"] != nil
}
