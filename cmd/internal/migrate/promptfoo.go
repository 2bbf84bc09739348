package migrate

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// promptfoo reads a promptfooconfig.
func (d *draft) promptfoo(data []byte) error {
	if ext := strings.ToLower(path.Ext(d.options.File)); slices.Contains([]string{".js", ".mjs", ".cjs", ".ts", ".py"}, ext) {
		return core.Errorf(core.ErrorConfig, "%s is a program, and is not run", d.options.File).
			WithHint("promptfoo export, or write the configuration that it gives as YAML")
	}
	value, err := parse(d.options.File, data)
	if err != nil {
		return err
	}
	c := mapping(value)
	if c == nil {
		return core.Errorf(core.ErrorConfig, "%s is no configuration of promptfoo: it is not a mapping", d.options.File)
	}
	d.rest(c, "config", "has no counterpart that is written by itself",
		"providers", "targets", "prompts", "tests", "defaultTest", "description", "$schema", "redteam")
	if c["redteam"] != nil {
		d.note("redteam: its plugins and strategies make prompts with promptfoo's service: run promptfoo redteam generate, and give the file that it writes")
	}
	targets := d.providers(append(list(c["providers"]), list(c["targets"])...))
	prompts := d.prompts(list(c["prompts"]))
	tests, err := d.tests(c)
	if err != nil {
		return err
	}
	for _, p := range prompts {
		if err := d.promptAttacks(p, tests, targets); err != nil {
			return err
		}
	}
	return nil
}

// prompt is a prompt of promptfoo, as messages.
type prompt struct {
	label    string
	messages []message
}

type message struct{ role, text string }

// prompts reads the prompts; by default the one of promptfoo.
func (d *draft) prompts(all []any) []prompt {
	if len(all) == 0 {
		return []prompt{{"prompt", []message{{"user", "{{prompt}}"}}}}
	}
	var prompts []prompt
	for i, v := range all {
		where := fmt.Sprintf("prompts[%d]", i)
		label, written := "", text(v)
		if m := mapping(v); m != nil {
			label, written = text(m["label"]), text(m["raw"])
			if written == "" {
				written = text(m["id"])
			}
			d.rest(m, where, "is not carried over: write it into the target or the turns", "label", "raw", "id")
		}
		for n, one := range d.promptTexts(where, written) {
			name := label
			if name == "" {
				name = fmt.Sprintf("prompt-%d", i+1)
			}
			if n > 0 {
				name = fmt.Sprintf("%s-%d", name, n+1)
			}
			prompts = append(prompts, prompt{name, d.messages(where, one)})
		}
	}
	return prompts
}

// promptTexts returns the text of a prompt, or the texts of the file that it names.
func (d *draft) promptTexts(where, written string) []string {
	file, isFile := strings.CutPrefix(written, "file://")
	ext := strings.ToLower(path.Ext(file))
	isFile = isFile || (slices.Contains([]string{".txt", ".json", ".yaml", ".yml", ".md"}, ext) && !strings.ContainsAny(written, " \n{"))
	if !isFile {
		return []string{written}
	}
	if !slices.Contains([]string{".txt", ".json", ".yaml", ".yml", ".md"}, ext) {
		d.note("%s: %s: prompts that a program makes are not carried over: write out what it gives", where, file)
		return nil
	}
	data, err := d.options.Read(file)
	if err != nil {
		d.note("%s: %s cannot be read: %v", where, file, err)
		return nil
	}
	if ext != ".txt" {
		return []string{string(data)}
	}
	var parts []string
	for part := range strings.SplitSeq("\n"+string(data), "\n---") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// messages reads a prompt: a list of messages in JSON or YAML, or a text of the user.
func (d *draft) messages(where, written string) []message {
	user := []message{{"user", written}}
	trimmed := strings.TrimSpace(written)
	if !strings.HasPrefix(trimmed, "[") && !strings.HasPrefix(trimmed, "- ") || !strings.Contains(trimmed, "role") {
		return user
	}
	value, err := parse(where, []byte(written))
	if err != nil {
		return user
	}
	var all []message
	for _, v := range list(value) {
		role, content := text(mapping(v)["role"]), mapping(v)["content"]
		if role == "" {
			return user
		}
		var parts []string
		for _, part := range list(content) {
			switch m := mapping(part); {
			case m == nil:
				parts = append(parts, text(part))
			case text(m["text"]) != "":
				parts = append(parts, text(m["text"]))
			default:
				d.note("%s: a part that is no text is not carried over: write it as audio: or image:", where)
			}
		}
		all = append(all, message{role, strings.Join(parts, "\n")})
	}
	return all
}

// promptAttacks adds the attacks of a prompt: one for each set of assertions.
func (d *draft) promptAttacks(p prompt, tests []test, targets []string) error {
	groups := map[string][]test{}
	var order []string
	for _, t := range tests {
		key := fmt.Sprint(t.scorers, t.success)
		if _, ok := groups[key]; !ok {
			order = append(order, key)
		}
		groups[key] = append(groups[key], t)
	}
	for _, key := range order {
		group := groups[key]
		names := []string{p.label}
		if group[0].description != "" && len(order) > 1 {
			names = append(names, group[0].description)
		}
		if err := d.attack(unique(strings.Join(names, " "), "attack", d.attackTaken), p, group, targets); err != nil {
			return err
		}
	}
	return nil
}

// attack adds an attack; tests that have variables become the rows of its dataset.
func (d *draft) attack(name string, p prompt, tests []test, targets []string) error {
	used := false
	var rows []any
	for _, t := range tests {
		row := fields{}
		empty := false
		for i, m := range p.messages {
			filled := d.fill("the prompt "+p.label, m.text, t.vars)
			used = used || filled != m.text || len(variables(m.text)) > 0
			empty = empty || strings.TrimSpace(filled) == ""
			row = append(row, field{fmt.Sprintf("message_%d", i+1), filled})
		}
		if empty {
			d.note("the prompt %s: a test makes an empty message, which is left out", p.label)
			continue
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	single := len(rows) == 1 || !used
	said := func(i int) string {
		if single {
			return rows[0].(fields)[i].value.(string)
		}
		return fmt.Sprintf("{{ .message_%d }}", i+1)
	}
	if len(p.messages) > 1 {
		targets = d.withPast(p.label, targets)
	}
	if len(targets) == 0 {
		return nil
	}
	body := fields{{"target", targetsOf(targets)}, {"objective", strings.ReplaceAll(objective(tests), "{{", "{ {")}}
	if !single {
		dataset := unique(name, "rows", among(d.datasets))
		d.datasets = append(d.datasets, definition{dataset, fields{{"rows", rows}}})
		body = append(body, field{"for_each", raw(dataset)})
	}
	body, ok := d.conversation(p.label, body, p.messages, said, single)
	if !ok {
		return nil
	}
	body = append(body, field{"scorers", tests[0].scorers})
	if tests[0].success != "" {
		body = append(body, field{"success", tests[0].success})
	}
	d.attacks = append(d.attacks, attack{name, body})
	return nil
}

// withPast returns the targets that take a system prompt and messages before the first.
func (d *draft) withPast(label string, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		i := slices.IndexFunc(d.targets, func(t definition) bool { return t.name == name })
		if flow(d.targets[i].body[0].value) != "http" {
			return false
		}
		d.note("the prompt %s: its messages are not sent to the target %s: put $(messages) into its request, and add it to target:", label, name)
		return true
	})
}

// objective is what the attack wants: that an assertion fails.
func objective(tests []test) string {
	if len(tests) == 1 && tests[0].description != "" {
		return "The target fails: " + tests[0].description
	}
	return "The target fails an assertion."
}

func targetsOf(names []string) any {
	if len(names) == 1 {
		return raw(names[0])
	}
	return raw("[" + strings.Join(names, ", ") + "]")
}

// conversation adds the messages: a system prompt, what was said before, and the turn.
func (d *draft) conversation(name string, body fields, all []message, said func(int) string, single bool) (fields, bool) {
	var system []string
	var past []any
	last := -1
	for i, m := range all {
		if m.role == "user" {
			last = i
		}
	}
	if last < 0 {
		d.note("%s: a prompt without a message of the user is not carried over", name)
		return nil, false
	}
	for i, m := range all {
		switch {
		case m.role == "system" || m.role == "developer":
			system = append(system, said(i))
		case i > last:
			d.note("%s: messages after the user's last are not carried over: a reply cannot be begun", name)
		case i == last:
		case m.role == "user" || m.role == "assistant":
			past = append(past, fields{{m.role, said(i)}})
		default:
			d.note("%s: a message of the role %s is not carried over: write tool_results:", name, m.role)
		}
	}
	turn := fields{{"user", said(last)}}
	joined := field{"system_prompt", strings.Join(system, "\n\n")}
	switch {
	case len(system) == 0:
	case single:
		body = append(body, joined)
	default: // it differs by row, which that of a turn can
		turn = append(turn, joined)
	}
	if len(past) > 0 {
		body = append(body, field{"history", past})
	}
	return append(body, field{"turns", []any{turn}}), true
}

// sortedVars returns variables in a fixed order.
func sortedVars(vars map[string]any) []string { return slices.Sorted(maps.Keys(vars)) }
