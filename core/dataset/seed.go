package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// SeedFile is a seed file of PyRIT.
type SeedFile struct {
	Name   string
	Groups []SeedGroup
	// Notes say what of the file is not read, each once.
	Notes []string
}

// SeedGroup is what PyRIT sends in one conversation.
type SeedGroup struct {
	Line int
	// Alias is the name that joins its seeds; "" for a seed of its own.
	Alias     string
	Objective string
	Messages  []SeedMessage
}

// SeedMessage is the seeds of a group that have the same sequence.
type SeedMessage struct {
	Sequence int
	Role     string
	Parts    []Seed
}

// Seed is a prompt, or an objective.
type Seed struct {
	Line     int
	Value    string
	Type     string
	DataType string
	Role     string
	Sequence int
	// Parameters are the names of the placeholders that the seed declares.
	Parameters []string
	// Metadata are those that are texts.
	Metadata       map[string]string
	HarmCategories []string
	alias          string
}

// The types of seeds.
const (
	SeedPrompt    = "prompt"
	SeedObjective = "objective"
)

// IsSeedFile reports whether a YAML document is a seed file of PyRIT, or a single seed.
func IsSeedFile(root yamlfile.Value) bool {
	return has(root, "seeds") || has(root, "value")
}

func has(v yamlfile.Value, key string) bool {
	if !v.IsMapping() {
		return false
	}
	for name := range v.Entries() {
		if name == key {
			return true
		}
	}
	return false
}

// ReadSeeds reads a seed file of PyRIT as version 1.1.0 does. The error is an [*Error].
func ReadSeeds(name string, data []byte) (*SeedFile, error) {
	text, err := decode(name, data)
	if err != nil {
		return nil, err
	}
	f, root, ok := yamlfile.Parse([]byte(text), "the seed file", MaxYAML)
	var file *SeedFile
	if ok {
		file = readSeedFile(root)
	}
	for _, p := range f.Problems("") {
		return nil, wrong(p.Line, p.Column, p.Hint, "%s", p.Message)
	}
	return file, nil
}

// seedReader reads the seeds of a file.
type seedReader struct {
	file SeedFile
	// defaults are the dataset's own values for its seeds.
	seedType, dataType string
	harm               []string
	told               map[string]bool
}

func (r *seedReader) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if r.told == nil {
		r.told = map[string]bool{}
	}
	if !r.told[text] {
		r.told[text] = true
		r.file.Notes = append(r.file.Notes, text)
	}
}

func readSeedFile(root yamlfile.Value) *SeedFile {
	r := &seedReader{seedType: SeedPrompt, dataType: "text"}
	if !root.RequireMapping() {
		return &r.file
	}
	var list yamlfile.Value
	if !has(root, "seeds") {
		r.group([]Seed{r.seed(root)})
		return &r.file
	}
	for key, v := range root.Entries() {
		switch key {
		case "seeds":
			list = v
		case "dataset_name", "name":
			if key == "dataset_name" || r.file.Name == "" {
				r.file.Name = v.Written()
			}
		case "seed_type":
			r.seedType = choice(v, SeedPrompt, SeedObjective, "simulated_conversation")
		case "data_type":
			r.dataType = cmp.Or(written(v), "text")
		case "harm_categories":
			r.harm = texts(v)
		case "description", "authors", "groups", "source", "date_added", "added_by":
			r.note("%s: of the dataset is not carried over: a campaign has a description and tags of its own", key)
		default:
			v.Problem("PyRIT refuses it, too", "unknown key %q of a seed file", key)
		}
	}
	if list.IsList() && list.Len() == 0 {
		list.Problem("", "there are no seeds")
	}
	var seeds []Seed
	list.List(func(v yamlfile.Value) {
		if v.RequireMapping() {
			seeds = append(seeds, r.seed(v))
		}
	})
	r.group(seeds)
	return &r.file
}

// seed reads a seed.
func (r *seedReader) seed(v yamlfile.Value) Seed {
	s := Seed{Line: v.At().Line, Type: r.seedType, HarmCategories: r.harm, Role: "user"}
	given := false
	for key, v := range v.Entries() {
		switch key {
		case "value":
			given = true
			s.Value = written(v)
			if !v.IsText() {
				v.Problem("write it in quotes", "value must be a text, not %s", v.Describe())
			}
		case "seed_type":
			s.Type = choice(v, SeedPrompt, SeedObjective, "simulated_conversation")
		case "data_type":
			s.DataType = written(v)
		case "role":
			s.Role = choice(v, "user", "assistant", "simulated_assistant", "system", "tool", "developer")
		case "sequence":
			s.Sequence, _ = v.Integer(-1<<31, 1<<31-1)
		case "prompt_group_alias":
			s.alias = written(v)
		case "parameters":
			s.Parameters = texts(v)
		case "harm_categories":
			s.HarmCategories = merge(r.harm, texts(v))
		case "metadata":
			s.Metadata = r.metadata(v)
		case "prompt_group_id":
			v.Problem("write prompt_group_alias", "prompt_group_id must not be set in a file")
		default:
			r.other(key, v)
		}
	}
	if !given {
		v.Problem("", `a seed needs the key "value"`)
	}
	return r.finish(s)
}

// other reads the keys that are not carried over.
func (r *seedReader) other(key string, v yamlfile.Value) {
	switch key {
	case "name", "dataset_name", "description", "authors", "groups", "source", "date_added", "added_by", "id", "value_sha256", "is_jinja_template":
		r.note("%s: of seeds is not carried over: it has no place in a campaign", key)
	case "is_general_technique":
		r.note("is_general_technique: is not carried over: an attack's strategy says how it proceeds")
	case "response_json_schema", "response_json_schema_name":
		r.note("%s: is not carried over: whether a reply has a form is for a scorer to judge", key)
	case "num_turns", "adversarial_chat_system_prompt_path", "simulated_target_system_prompt_path", "next_message_system_prompt_path":
		r.note("%s: is not carried over: write strategy: {use: red_team}", key)
	default:
		v.Problem("PyRIT refuses it, too", "unknown key %q of a seed", key)
	}
}

func (r *seedReader) metadata(v yamlfile.Value) map[string]string {
	if v.IsNull() || !v.RequireMapping() {
		return nil
	}
	all := map[string]string{}
	for key, v := range v.Entries() {
		if v.IsScalar() {
			all[key] = v.Written()
		} else {
			r.note("metadata %s: is not carried over: it is %s", key, v.Describe())
		}
	}
	return all
}

// finish applies what PyRIT does once a seed is read.
func (r *seedReader) finish(s Seed) Seed {
	s.Value = r.render(s.Value)
	if s.Type != SeedPrompt {
		s.DataType, s.Role, s.Sequence, s.Parameters = "text", "", 0, nil
		return s
	}
	if s.DataType == "" {
		s.DataType = r.dataType
	}
	return s
}

// group groups the seeds by alias, in the order of the file, and their messages by
// sequence.
func (r *seedReader) group(seeds []Seed) {
	at := map[string]int{}
	for i, s := range seeds {
		key := "\x00" + strconv.Itoa(i)
		if s.alias != "" {
			key = s.alias
		}
		n, ok := at[key]
		if !ok {
			n = len(r.file.Groups)
			at[key] = n
			r.file.Groups = append(r.file.Groups, SeedGroup{Line: s.Line, Alias: s.alias})
		}
		r.add(&r.file.Groups[n], s)
	}
	for i := range r.file.Groups {
		slices.SortStableFunc(r.file.Groups[i].Messages, func(a, b SeedMessage) int { return cmp.Compare(a.Sequence, b.Sequence) })
	}
}

func (r *seedReader) add(g *SeedGroup, s Seed) {
	switch {
	case s.Type == SeedObjective && g.Objective != "":
		r.note("line %d: a second objective of a group is not read; PyRIT refuses the group when it is used", s.Line)
	case s.Type == SeedObjective:
		g.Objective = s.Value
	case s.Type != SeedPrompt:
		r.note("line %d: a simulated conversation is not carried over: write strategy: {use: red_team}", s.Line)
	default:
		i := slices.IndexFunc(g.Messages, func(m SeedMessage) bool { return m.Sequence == s.Sequence })
		if i < 0 {
			g.Messages = append(g.Messages, SeedMessage{s.Sequence, s.Role, []Seed{s}})
			return
		}
		if g.Messages[i].Role != s.Role {
			r.note("line %d: a message has one role: %s stays; PyRIT refuses the group when it is used", s.Line, g.Messages[i].Role)
		}
		g.Messages[i].Parts = append(g.Messages[i].Parts, s)
	}
}

// seeds makes a row of each group: text is what its only message says, and objective what
// it wants.
func (b *builder) seeds(root yamlfile.Value) error {
	for _, g := range readSeedFile(root).Groups {
		row := Row{Line: g.Line, Cells: map[string]string{}}
		for _, column := range []string{Text, "objective", "alias", "harm_categories"} {
			if err := b.column(g.Line, column); err != nil {
				return err
			}
		}
		row.Cells["alias"], row.Cells["harm_categories"] = g.Alias, ""
		if g.Objective != "" {
			row.Cells["objective"] = g.Objective
		} else {
			row.absent("objective", "none")
		}
		switch {
		case len(g.Messages) == 0:
			row.absent(Text, "an objective alone")
		case len(g.Messages) > 1:
			row.absent(Text, fmt.Sprintf("a conversation of %d messages, which orchestrator new --from pyrit makes an attack of", len(g.Messages)))
		case len(g.Messages[0].Parts) > 1 || g.Messages[0].Parts[0].DataType != "text":
			row.absent(Text, "a message with a file, which orchestrator new --from pyrit makes an attack of")
		case g.Messages[0].Role != "user":
			row.absent(Text, "a message of the role "+g.Messages[0].Role)
		default:
			row.Cells[Text] = g.Messages[0].Parts[0].Value
			row.Cells["harm_categories"] = strings.Join(g.Messages[0].Parts[0].HarmCategories, ", ")
		}
		if err := b.row(row); err != nil {
			return err
		}
	}
	return nil
}

// choice reads one of the words.
func choice(v yamlfile.Value, options ...string) string {
	word, _ := v.Choice(options...)
	return word
}

// written returns a scalar as it is written; "" for null and others.
func written(v yamlfile.Value) string {
	if v.IsScalar() && !v.IsNull() {
		return v.Written()
	}
	return ""
}

// texts reads a text or a list of texts.
func texts(v yamlfile.Value) []string {
	if v.IsNull() {
		return nil
	}
	if v.IsScalar() {
		return []string{v.Written()}
	}
	var all []string
	v.List(func(entry yamlfile.Value) { all = append(all, written(entry)) })
	return all
}

// merge joins two lists, each text once.
func merge(left, right []string) []string {
	var all []string
	for _, text := range slices.Concat(left, right) {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
