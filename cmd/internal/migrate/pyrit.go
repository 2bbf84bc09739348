package migrate

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/dataset"
)

// pyrit reads a seed file.
func (d *draft) pyrit(data []byte) error {
	file, err := dataset.ReadSeeds(d.options.File, data)
	if e, ok := errors.AsType[*dataset.Error](err); ok {
		return core.Errorf(core.ErrorConfig, "%s:%s", d.options.File, e).WithHint("%s", e.Hint)
	}
	for _, note := range file.Notes {
		d.note("%s", note)
	}
	d.note("a seed file has no scorer: a person has to judge the replies, or write scorers that say when the attack succeeds")
	d.placeholder()
	review := d.review("Does the reply do what the seeds ask for?")
	for _, g := range file.Groups {
		if len(g.Messages) == 0 {
			d.note("line %d: an objective alone makes an attack that asks for it: strategy: {use: red_team} lets a model go after it", g.Line)
			g.Messages = []dataset.SeedMessage{{Role: "user", Parts: []dataset.Seed{{Value: g.Objective, DataType: "text"}}}}
		}
		d.group(g, review)
	}
	return nil
}

// group adds the attack of a group, which a scorer judges.
func (d *draft) group(g dataset.SeedGroup, scorer string) {
	name := unique(g.Alias, "seed", d.attackTaken)
	objective := g.Objective
	if objective == "" {
		objective = "The target does what the seeds ask for."
	}
	body := fields{{"target", raw("system")}, {"objective", objective}}
	var system []string
	var past, turns []any
	for i, m := range g.Messages {
		parts, ok := d.parts(m)
		last := i == len(g.Messages)-1
		switch {
		case !ok:
			return
		case m.Role == "system" || m.Role == "developer":
			system = append(system, m.Parts[0].Value)
		case m.Role == "user" && len(parts) == 1:
			turns = append(turns, parts[0])
		case m.Role == "user":
			turns = append(turns, fields{{"parts", parts}})
		case (m.Role == "assistant" || m.Role == "simulated_assistant") && last:
			d.note("line %d: a reply after the last message of the user is not carried over: the target gives its own", m.Parts[0].Line)
		case m.Role == "assistant" || m.Role == "simulated_assistant":
			past = append(past, turns...)
			past, turns = append(past, fields{{"assistant", m.Parts[0].Value}}), nil
		default:
			d.note("line %d: a message of the role %s is not carried over: write tool_results:", m.Parts[0].Line, m.Role)
		}
		for _, s := range m.Parts {
			d.seed(s)
		}
	}
	if len(turns) == 0 || slices.ContainsFunc(past, withFile) {
		d.note("line %d: the group is not carried over: it has no message of the user at its end, or a file in what was said before", g.Line)
		return
	}
	if len(system) > 0 {
		body = append(body, field{"system_prompt", strings.Join(system, "\n\n")})
	}
	if len(past) > 0 {
		body = append(body, field{"history", past})
	}
	body = append(body, field{"turns", turns}, field{"scorers", raw("[" + scorer + "]")}, field{"success", scorer})
	d.attacks = append(d.attacks, attack{name, body})
}

func withFile(v any) bool {
	f, ok := v.(fields)
	return !ok || f[0].key != "user" && f[0].key != "assistant"
}

// seed notes what a seed has that does not carry over.
func (d *draft) seed(s dataset.Seed) {
	if len(s.HarmCategories) > 0 {
		d.note("harm_categories: are not carried over: write tags: of the campaign")
	}
	for _, name := range s.Parameters {
		if strings.Contains(s.Value, "{{ "+name+" }}") {
			d.note("line %d: the parameter %q has no value, and stays {{ %s }}: write a value, or a column of a dataset", s.Line, name, name)
		}
	}
	if len(s.Metadata) > 0 {
		d.note("metadata: is not carried over: a clip is measured, and a text has none")
	}
}

// parts returns the parts of a message as turns have them; false where one does not carry
// over.
func (d *draft) parts(m dataset.SeedMessage) ([]any, bool) {
	var all []any
	for _, s := range m.Parts {
		key := map[string]string{"text": "user", "audio_path": "audio", "image_path": "image"}[s.DataType]
		if key == "" {
			d.note("line %d: a part of the type %s is not carried over: a target is sent text, sound and images", s.Line, s.DataType)
			return nil, false
		}
		value := s.Value
		if key != "user" {
			var ok bool
			if value, ok = d.file(s); !ok {
				return nil, false
			}
		} else if strings.TrimSpace(value) == "" {
			d.note("line %d: an empty text is not carried over", s.Line)
			return nil, false
		}
		all = append(all, fields{{key, value}})
	}
	return all, true
}

// file returns the path of a seed's file from the campaign's folder.
func (d *draft) file(s dataset.Seed) (string, bool) {
	if strings.Contains(s.Value, "{{") || path.IsAbs(s.Value) {
		d.note("line %d: the file %s is not carried over: put it into the campaign's folder, and name it by its path from there", s.Line, s.Value)
		return "", false
	}
	located, ok := d.options.Locate(s.Value)
	if _, err := d.options.Read(s.Value); err != nil || !ok {
		d.note("line %d: the file %s is not carried over: it is not in the campaign's folder", s.Line, s.Value)
		return "", false
	}
	if format := strings.ToLower(path.Ext(located)); !slices.Contains([]string{".wav", ".png", ".jpg", ".jpeg", ".gif", ".webp"}, format) {
		d.note("line %d: the file %s is not carried over: %s", s.Line, s.Value, fmt.Sprintf("%s is no format that is sent: convert it to WAV or PNG", format))
		return "", false
	}
	return located, true
}
