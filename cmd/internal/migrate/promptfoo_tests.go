package migrate

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/dataset"
)

// maxTests bounds the tests, whose texts are written into the campaign.
const maxTests = 5_000

// test is a test of promptfoo, with a value for each variable.
type test struct {
	description string
	vars        map[string]string
	// scorers judge it, and success says when its assertions do not hold.
	scorers any
	success string
}

// tests reads the tests; one without variables where there are none.
func (d *draft) tests(c map[string]any) ([]test, error) {
	defaults := mapping(c["defaultTest"])
	if file, ok := c["defaultTest"].(string); ok {
		d.note("defaultTest: %s: a file is not read: write it out", file)
	}
	d.rest(defaults, "defaultTest", "is not carried over: it has no counterpart", "vars", "assert", "description", "options")
	var all []any
	for i, v := range list(c["tests"]) {
		if file, ok := v.(string); ok {
			rows, err := d.testFile(file)
			if err != nil {
				return nil, err
			}
			all = append(all, rows...)
			continue
		}
		if mapping(v) == nil {
			d.note("tests[%d]: is not carried over: it is no mapping", i)
			continue
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		all = []any{map[string]any{}}
	}
	var tests []test
	for i, v := range all {
		made, err := d.test(fmt.Sprintf("tests[%d]", i), mapping(v), defaults)
		if err != nil {
			return nil, err
		}
		if tests = append(tests, made...); len(tests) > maxTests {
			return nil, core.Errorf(core.ErrorConfig, "%s: there are more than %d tests", d.options.File, maxTests).
				WithHint("write the campaign of a few of them, and put the others into a dataset: docs/datasets.md")
		}
	}
	return tests, nil
}

// test makes the tests of one entry: one for each combination of values of its variables.
func (d *draft) test(where string, t, defaults map[string]any) ([]test, error) {
	d.rest(t, where, "is not carried over: it has no counterpart", "vars", "assert", "description", "options", "metadata", "__row")
	d.rest(mapping(t["options"]), where+".options", "is not carried over: it has no counterpart", "provider", "disableVarExpansion")
	if file, ok := t["vars"].(string); ok {
		d.note("%s.vars: %s: a file of variables is not read: write it out", where, file)
	}
	vars := maps.Clone(mapping(defaults["vars"]))
	if vars == nil {
		vars = map[string]any{}
	}
	maps.Copy(vars, mapping(t["vars"]))
	rows := []map[string]string{{}}
	for _, name := range sortedVars(vars) {
		values := list(vars[name])
		if mapping(t["options"])["disableVarExpansion"] == true && len(values) > 1 {
			d.note("%s: the variable %q is a list, of which each value makes a test", where, name)
		}
		var next []map[string]string
		for _, value := range values {
			filled := d.variable(where, name, value)
			for _, row := range rows {
				more := maps.Clone(row)
				more[name] = filled
				next = append(next, more)
			}
			if len(next) > maxTests {
				return nil, core.Errorf(core.ErrorConfig, "%s: %s: its variables make more than %d tests", d.options.File, where, maxTests).
					WithHint("give fewer values, or a dataset: docs/datasets.md")
			}
		}
		if len(values) > 0 {
			rows = next
		}
	}
	asserts := append(slices.Clone(list(defaults["assert"])), list(t["assert"])...)
	grader := mapping(t["options"])["provider"]
	if grader == nil {
		grader = mapping(defaults["options"])["provider"]
	}
	var tests []test
	for _, row := range rows {
		one := test{description: text(t["description"]), vars: row}
		one.scorers, one.success = d.assertions(where, asserts, row, grader)
		tests = append(tests, one)
	}
	return tests, nil
}

// variable returns the value of a variable, or what the file holds that it names.
func (d *draft) variable(where, name string, value any) string {
	written := text(value)
	if mapping(value) != nil {
		d.note("%s: the variable %q is a mapping, which is written as it is", where, name)
		return flow(value)
	}
	file, ok := strings.CutPrefix(written, "file://")
	if !ok {
		return written
	}
	if !slices.Contains([]string{".txt", ".md", ".json", ".yaml", ".yml"}, strings.ToLower(path.Ext(file))) {
		d.note("%s: the variable %q is the file %s, which is no text: write it as audio: or image:", where, name, file)
		return written
	}
	data, err := d.options.Read(file)
	if err != nil {
		d.note("%s: the variable %q: %s cannot be read: %v", where, name, file, err)
		return written
	}
	return strings.TrimSpace(string(data))
}

// testFile reads a file of tests: CSV, JSON Lines, or a list in YAML or JSON.
func (d *draft) testFile(file string) ([]any, error) {
	name := strings.TrimPrefix(file, "file://")
	switch ext := strings.ToLower(path.Ext(name)); {
	case strings.Contains(name, "://"), !slices.Contains([]string{".csv", ".tsv", ".jsonl", ".json", ".yaml", ".yml"}, ext):
		d.note("tests: %s: is not read: only files of CSV, JSON and YAML are", name)
		return nil, nil
	}
	data, err := d.options.Read(name)
	if err != nil {
		d.note("tests: %s cannot be read: %v", name, err)
		return nil, nil
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		value, err := parse(name, data)
		return list(value), err
	case ".jsonl":
		var all []any
		number := 0
		for line := range bytes.Lines(data) {
			number++
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			value, err := parse(fmt.Sprintf("%s, line %d", name, number), line)
			if err != nil {
				return nil, err
			}
			all = append(all, value)
		}
		return all, nil
	}
	table, err := dataset.Read(name, data, dataset.Options{})
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "%s: %v", name, err)
	}
	var all []any
	for _, row := range table.Rows {
		all = append(all, d.tableTest(name, table.Columns, row.Cells))
	}
	return all, nil
}

// tableTest makes a test of a row: columns that begin with __ say what is expected.
func (d *draft) tableTest(name string, columns []string, cells map[string]string) map[string]any {
	vars, t := map[string]any{}, map[string]any{}
	var asserts []any
	for _, column := range columns {
		cell := cells[column]
		switch {
		case strings.HasPrefix(column, "__expected"):
			if strings.TrimSpace(cell) != "" {
				asserts = append(asserts, expectation(cell))
			}
		case column == "__description":
			t["description"] = cell
		case strings.HasPrefix(column, "__"):
			d.note("%s: the column %s is not carried over: it has no counterpart", name, column)
		default:
			vars[column] = cell
		}
	}
	t["vars"], t["assert"] = vars, asserts
	return t
}

// expectation reads a cell such as "icontains: blue eleven"; one without a type says what
// the reply has to be.
func expectation(cell string) map[string]any {
	kind, value, ok := strings.Cut(cell, ":")
	kind = strings.TrimSpace(kind)
	base := strings.TrimPrefix(kind, "not-")
	switch known := assertionTypes()[base] != nil || slices.Contains(programs(), base); {
	case base == "grade" && ok:
		return map[string]any{"type": "llm-rubric", "value": strings.TrimSpace(value)}
	case base == "fn" && ok, base == "eval" && ok:
		return map[string]any{"type": "javascript", "value": strings.TrimSpace(value)}
	case base == "file" && ok:
		return map[string]any{"type": "javascript", "value": cell}
	case known && ok:
		return map[string]any{"type": kind, "value": strings.TrimSpace(value)}
	case known:
		return map[string]any{"type": kind}
	}
	return map[string]any{"type": "equals", "value": strings.TrimSpace(cell)}
}
