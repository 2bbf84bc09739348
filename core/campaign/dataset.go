package campaign

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

const (
	maxRows        = 100_000
	maxDataset     = 64 << 20
	maxDatasetYAML = 8 << 20 // yaml.v3 needs about thirty times the size of a file
)

func readDatasets(v value, in *folder) []Dataset {
	var all []Dataset
	v.Definitions("dataset", checkName, func(name string, at yamlfile.Position, v value) {
		d := Dataset{Name: name}
		var file, rows value
		before := v.File().Count()
		v.Object(
			yamlfile.Optional("file", func(v value) { file, d.Rows = v, readDatasetFile(v, in) }),
			yamlfile.Optional("rows", func(v value) { rows, d.Rows = v, readRows(v) }),
		)
		switch {
		case file.Given() && rows.Given():
			rows.Problem("", "a dataset is either file: or rows:, not both")
		case !file.Given() && !rows.Given() && v.File().Count() == before:
			v.Problem("", `%s needs the key "file" or "rows"`, v.Label())
		}
		all = append(all, d)
	})
	return all
}

// readRows reads a list of mappings, all with the same keys.
func readRows(v value) []map[string]string {
	var all []map[string]string
	before := v.File().Count()
	v.List(func(entry value) {
		row := map[string]string{}
		if !entry.RequireMapping() {
			return
		}
		for key, cell := range entry.Entries() {
			if !cell.IsScalar() || cell.IsNull() {
				cell.Problem("", "%s must be a text, not %s", cell.Label(), cell.Describe())
			}
			row[key] = cell.Written()
		}
		if len(all) > 0 {
			if message := differs(all[0], row); message != "" {
				entry.Problem("all rows have the same keys", "%s %s", entry.Label(), message)
			}
		}
		all = append(all, row)
	})
	if v.File().Count() == before {
		checkRows(v, all, v.Label())
	}
	return all
}

// checkRows reports a dataset without rows, which would test nothing, or with
// too many.
func checkRows(v value, rows []map[string]string, label string) {
	switch {
	case len(rows) == 0:
		v.Problem("", "%s: there are no rows", label)
	case len(rows) > maxRows:
		v.Problem("", "%s: there are more than %d rows", label, maxRows)
	case len(rows[0]) == 0:
		v.Problem("", "%s: the rows have no keys", label)
	}
}

// differs describes how the keys of a row differ from those of the first.
func differs(first, row map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(first)) {
		if _, ok := row[key]; !ok {
			return fmt.Sprintf("lacks the key %q of the first row", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(row)) {
		if _, ok := first[key]; !ok {
			return fmt.Sprintf("has the key %q, which the first row lacks", key)
		}
	}
	return ""
}

func readDatasetFile(v value, in *folder) []map[string]string {
	name, ok := v.Text()
	if !ok {
		return nil
	}
	var read func(v value, name string, data []byte) []map[string]string
	limit := int64(maxDataset)
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".csv":
		read = csvRows
	case ".jsonl", ".ndjson":
		read = jsonRows
	case ".yaml", ".yml":
		read, limit = yamlRows, maxDatasetYAML
	default:
		v.Problem("a dataset's name ends in .yaml, .csv or .jsonl", "%s: unknown kind of file", yamlfile.Quote(name))
		return nil
	}
	data, ok := in.attachment(v, name, limit)
	if !ok {
		return nil
	}
	before := v.File().Count()
	rows := read(v, name, bytes.TrimPrefix(data, []byte(byteOrderMark)))
	if v.File().Count() == before {
		checkRows(v, rows, name)
	}
	return rows
}

// yamlRows reads a dataset in YAML: a list of mappings. Its problems have
// positions in the dataset.
func yamlRows(v value, name string, data []byte) []map[string]string {
	var rows []map[string]string
	f, root, ok := yamlfile.Parse(data, "rows", maxDatasetYAML)
	if ok {
		rows = readRows(root)
	}
	for _, p := range f.Problems(name) {
		v.Problem(p.Hint, "%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	}
	return rows
}

// csvRows reads a dataset in CSV. Its first line names the columns; the cells
// may hold any bytes.
func csvRows(v value, name string, data []byte) []map[string]string {
	in := csv.NewReader(bytes.NewReader(data))
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		v.Problem("", "%s", csvMessage(name, err))
		return nil
	}
	header = slices.Clone(header)
	for i, column := range header {
		switch {
		case strings.TrimSpace(column) == "" || !utf8.ValidString(column):
			v.Problem("the first line names the columns", "%s:1: column %d has no name", name, i+1)
			return nil
		case slices.Contains(header[:i], column):
			v.Problem("", "%s:1: two columns are named %q", name, column)
			return nil
		}
	}
	var rows []map[string]string
	for len(rows) <= maxRows {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			v.Problem("", "%s", csvMessage(name, err))
			return nil
		}
		row := make(map[string]string, len(header))
		for i, column := range header {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func csvMessage(name string, err error) string {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Sprintf("%s:%d:%d: %v", name, e.Line, e.Column, e.Err)
	}
	return fmt.Sprintf("%s: %v", name, err)
}

// jsonRows reads a dataset of one JSON object a line. Blank lines are skipped.
func jsonRows(v value, name string, data []byte) []map[string]string {
	var rows []map[string]string
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		row, err := jsonRow(line)
		message := ""
		if err != nil {
			message = err.Error()
		} else if len(rows) > 0 {
			message = differs(rows[0], row)
		}
		if message != "" {
			v.Problem(`a line looks like {"text": "…"}, and all have the same keys`, "%s:%d: %s", name, number, message)
			return nil
		}
		if rows = append(rows, row); len(rows) > maxRows {
			break
		}
	}
	return rows
}

// jsonRow reads a flat JSON object. Numbers and booleans become text, as they
// are written.
func jsonRow(line []byte) (map[string]string, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("not UTF-8 text")
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	token, err := decoder.Token()
	if err != nil || token != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	row := map[string]string{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("not a JSON object: %w", err)
		}
		cell, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("not a JSON object: %w", err)
		}
		name := key.(string) // the decoder returns only strings as keys
		if _, twice := row[name]; twice {
			return nil, fmt.Errorf("key %q appears twice", name)
		}
		switch c := cell.(type) {
		case string:
			row[name] = c
		case json.Number, bool:
			row[name] = fmt.Sprint(c)
		default:
			return nil, fmt.Errorf("key %q is neither a text nor a number", name)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return row, nil
}

// columns returns the names that a template can use.
func (d Dataset) columns() []string {
	if len(d.Rows) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(d.Rows[0]))
}

// nearestColumn makes the hint for an unknown column.
func (d Dataset) nearestColumn(name string) string {
	if near := schema.Nearest(name, d.columns()); near != "" {
		return yamlfile.DidYouMean(near)
	}
	return "its columns are " + strings.Join(d.columns(), ", ")
}
