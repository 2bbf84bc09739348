package dataset_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/dataset"
)

var update = flag.Bool("update", false, "write the golden files")

// loaded is a seed as PyRIT and this package load it.
type loaded struct {
	Value    string   `json:"value"`
	Type     string   `json:"type"`
	DataType string   `json:"data_type"`
	Role     string   `json:"role"`
	Sequence int      `json:"sequence"`
	Harm     []string `json:"harm"`
}

// group is a group of seeds, with its objective.
type group struct {
	Objective string     `json:"objective"`
	Messages  [][]loaded `json:"messages"`
}

func groups(t *testing.T, file string) []group {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	read, err := dataset.ReadSeeds(filepath.Base(file), data)
	if err != nil {
		t.Fatal(err)
	}
	var all []group
	for _, g := range read.Groups {
		one := group{Objective: g.Objective, Messages: [][]loaded{}}
		for _, m := range g.Messages {
			var parts []loaded
			for _, s := range m.Parts {
				parts = append(parts, loaded{s.Value, s.Type, s.DataType, s.Role, s.Sequence, append([]string{}, s.HarmCategories...)})
			}
			one.Messages = append(one.Messages, parts)
		}
		all = append(all, one)
	}
	return all
}

// asPyRIT prints what PyRIT loads of files, in the form of group.
const asPyRIT = `
import json, sys
from pyrit.models import SeedDataset
out = {}
for path in sys.argv[1:]:
    dataset = SeedDataset.from_yaml_file(path)
    order, groups = [], {}
    for seed in dataset.seeds:
        if seed.prompt_group_id not in groups:
            order.append(seed.prompt_group_id)
            groups[seed.prompt_group_id] = []
        groups[seed.prompt_group_id].append(seed)
    all = []
    for key in order:
        objective = "".join(s.value for s in groups[key] if s.seed_type == "objective")
        prompts = [s for s in groups[key] if s.seed_type == "prompt"]
        messages = []
        for n in sorted({s.sequence for s in prompts}):
            messages.append([dict(value=s.value, type=s.seed_type, data_type=s.data_type, role=s.role, sequence=s.sequence, harm=list(s.harm_categories)) for s in prompts if s.sequence == n])
        all.append(dict(objective=objective, messages=messages))
    out[path] = all
print(json.dumps(out))
`

// TestSeedFilesAreReadAsPyRITReadsThem compares with files that PyRIT 1.1.0 has loaded.
// With -update, and PYRIT_PYTHON as a Python that has it, they are written anew.
func TestSeedFilesAreReadAsPyRITReadsThem(t *testing.T) {
	files, err := filepath.Glob("testdata/seeds/*.[py]*")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	golden := "testdata/pyrit-1.1.0.json"
	if python := os.Getenv("PYRIT_PYTHON"); *update && python != "" {
		out, err := exec.CommandContext(t.Context(), python, append([]string{"-c", asPyRIT}, files...)...).Output()
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("PyRIT: %v\n%s", err, e.Stderr)
		} else if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if err := os.WriteFile(golden, []byte(lines[len(lines)-1]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]group
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if diff := cmp.Diff(want[file], groups(t, file)); diff != "" || len(want[file]) == 0 {
			t.Errorf("%s (-PyRIT +ours):\n%s", file, diff)
		}
	}
}

func TestWhatOfASeedFileIsNotReadIsNoted(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"a description":            {"description: x\nseeds: [{value: a}]", "description: of the dataset is not carried over"},
		"a name":                   {"seeds: [{value: a, name: n}]", "name: of seeds is not carried over"},
		"a schema":                 {"seeds: [{value: a, response_json_schema_name: n}]", "is for a scorer to judge"},
		"a second objective":       {"seeds: [{value: a, seed_type: objective, prompt_group_alias: g}, {value: b, seed_type: objective, prompt_group_alias: g}]", "line 1: a second objective of a group is not read"},
		"two roles in a message":   {"seeds: [{value: a, prompt_group_alias: g}, {value: b, role: assistant, prompt_group_alias: g}]", "a message has one role: user stays"},
		"a simulated conversation": {"seeds: [{value: a}, {value: b, seed_type: simulated_conversation, num_turns: 3}]", "a simulated conversation is not carried over"},
		"a statement":              {"seeds: [{value: 'x {% if a %}b{% endif %}'}]", "statements, filters and trimmed white space of Jinja are not evaluated"},
		"a filter":                 {"seeds: [{value: 'x {{ a | upper }}'}]", "are not evaluated"},
		"metadata of lists":        {"seeds: [{value: a, metadata: {k: [1]}}]", "metadata k: is not carried over"},
	} {
		file, err := dataset.ReadSeeds("x.prompt", []byte(test.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(strings.Join(file.Notes, "\n"), test.want) {
			t.Errorf("%s: notes %q", name, file.Notes)
		}
	}
}

func FuzzSeedFiles(f *testing.F) {
	files, err := filepath.Glob("testdata/seeds/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, data string) {
		file, err := dataset.ReadSeeds("x.prompt", []byte(data))
		if err != nil {
			return
		}
		for _, g := range file.Groups {
			for i, m := range g.Messages {
				if len(m.Parts) == 0 || i > 0 && g.Messages[i-1].Sequence >= m.Sequence {
					t.Errorf("messages %v", g.Messages)
				}
			}
		}
	})
}
