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

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

const (
	maxRows        = 100_000
	maxDataset     = 64 << 20
	maxDatasetYAML = 8 << 20 // what yaml.v3 keeps of a file is about thirty times its size
)

func (r *reader) datasets(v value) []Dataset {
	var all []Dataset
	r.definitions(v, "dataset", checkName, func(name Name, v value) {
		d := Dataset{Name: name.Name, At: name.At}
		var file, rows *yaml.Node
		before := len(r.problems)
		r.object(v, []field{
			{"file", false, func(v value) { file, d.Rows = v.Node, r.datasetFile(v) }},
			{"rows", false, func(v value) { rows, d.Rows = v.Node, r.rows(v) }},
		})
		switch {
		case file != nil && rows != nil:
			r.problem(place(rows), "", "a dataset is either file: or rows:, not both")
		case file == nil && rows == nil && len(r.problems) == before:
			r.problem(v.place(), "", `%s needs the key "file" or "rows"`, v.label)
		}
		all = append(all, d)
	})
	return all
}

// rows reads a list of mappings, all with the same keys.
func (r *reader) rows(v value) []map[string]string {
	var all []map[string]string
	before := len(r.problems)
	r.list(v, func(entry value) {
		row := map[string]string{}
		if !r.isMapping(entry) {
			return
		}
		for key, node := range pairs(entry.Node) {
			if node.Kind != yaml.ScalarNode || isNull(node) {
				r.problem(place(node), "", "%s.%s must be a text, not %s", entry.label, key.Value, describe(node))
			}
			row[key.Value] = node.Value
		}
		if len(all) > 0 {
			if message := differs(all[0], row); message != "" {
				r.problem(entry.place(), "all rows have the same keys", "%s %s", entry.label, message)
			}
		}
		all = append(all, row)
	})
	if len(r.problems) == before {
		r.checkRows(v.place(), all, v.label)
	}
	return all
}

// checkRows refuses datasets of no rows, which would test nothing, and of too
// many.
func (r *reader) checkRows(at Position, rows []map[string]string, label string) {
	switch {
	case len(rows) == 0:
		r.problem(at, "", "%s: there are no rows", label)
	case len(rows) > maxRows:
		r.problem(at, "", "%s: there are more than %d rows", label, maxRows)
	case len(rows[0]) == 0:
		r.problem(at, "", "%s: the rows have no keys", label)
	}
}

// differs says how the keys of a row differ from those of the first.
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

func (r *reader) datasetFile(v value) []map[string]string {
	name, ok := r.text(v)
	if !ok {
		return nil
	}
	var read func(v value, name string, data []byte) []map[string]string
	limit := int64(maxDataset)
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".csv":
		read = r.csvRows
	case ".jsonl", ".ndjson":
		read = r.jsonRows
	case ".yaml", ".yml":
		read, limit = r.yamlRows, maxDatasetYAML
	default:
		r.problem(v.place(), "a dataset's name ends in .yaml, .csv or .jsonl", "%s: unknown kind of file", shorten(name))
		return nil
	}
	data, ok := r.attachment(v.place(), name, limit)
	if !ok {
		return nil
	}
	before := len(r.problems)
	rows := read(v, name, bytes.TrimPrefix(data, []byte(byteOrderMark)))
	if len(r.problems) == before {
		r.checkRows(v.place(), rows, name)
	}
	return rows
}

// yamlRows reads a dataset in YAML: a list of mappings. Its problems show
// where they are in the dataset.
func (r *reader) yamlRows(v value, name string, data []byte) []map[string]string {
	sub := &reader{}
	var rows []map[string]string
	if sub.checkCharacters(data) {
		sub.lines = strings.Split(string(data), "\n")
		if root := sub.parse(data); root != nil {
			rows = sub.rows(value{root, "rows"})
		}
	}
	for _, p := range sub.sorted(name) {
		r.problem(v.place(), p.Hint, "%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	}
	return rows
}

// csvRows reads a dataset in CSV. Its first line names the columns; the cells
// may hold any bytes.
func (r *reader) csvRows(v value, name string, data []byte) []map[string]string {
	in := csv.NewReader(bytes.NewReader(data))
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		r.problem(v.place(), "", "%s", csvMessage(name, err))
		return nil
	}
	header = slices.Clone(header)
	for i, column := range header {
		switch {
		case strings.TrimSpace(column) == "" || !utf8.ValidString(column):
			r.problem(v.place(), "the first line names the columns", "%s:1: column %d has no name", name, i+1)
			return nil
		case slices.Contains(header[:i], column):
			r.problem(v.place(), "", "%s:1: two columns are named %q", name, column)
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
			r.problem(v.place(), "", "%s", csvMessage(name, err))
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
func (r *reader) jsonRows(v value, name string, data []byte) []map[string]string {
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
			r.problem(v.place(), `a line looks like {"text": "…"}, and all have the same keys`, "%s:%d: %s", name, number, message)
			return nil
		}
		if rows = append(rows, row); len(rows) > maxRows {
			break
		}
	}
	return rows
}

// jsonRow reads a flat JSON object. Numbers and booleans become their text as
// it is written.
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
		name := key.(string) // the decoder accepts nothing else here
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

// nearestColumn words the hint of an unknown column.
func (d Dataset) nearestColumn(name string) string {
	if near := schema.Nearest(name, d.columns()); near != "" {
		return did(near)
	}
	return "its columns are " + strings.Join(d.columns(), ", ")
}
