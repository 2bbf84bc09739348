package campaign

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/dataset"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

const maxDataset = 64 << 20

func readDatasets(v value, in *folder) []Dataset {
	var all []Dataset
	v.Definitions("dataset", checkName, func(name string, at yamlfile.Position, v value) {
		d := Dataset{Name: name, at: at}
		var file, rows, delimiter, rename value
		before := v.File().Count()
		v.Object(
			yamlfile.Optional("file", func(v value) { file = v }),
			yamlfile.Optional("rows", func(v value) { rows = v }),
			yamlfile.Optional("delimiter", func(v value) { delimiter = v }),
			yamlfile.Optional("rename", func(v value) { rename = v }),
			yamlfile.Optional("skip_empty", func(v value) { d.skipEmpty = v.Boolean() }),
		)
		options := dataset.Options{Delimiter: readDelimiter(delimiter, file)}
		switch {
		case file.Given() && rows.Given():
			rows.Problem("", "a dataset is either file: or rows:, not both")
		case file.Given():
			d.readFile(file, in, options)
		case rows.Given():
			d.readRows(rows)
		case v.File().Count() == before:
			v.Problem("", `%s needs the key "file" or "rows"`, v.Label())
		}
		d.rename(rename)
		for _, row := range d.rows() {
			d.Rows = append(d.Rows, row.Cells)
		}
		all = append(all, d)
	})
	return all
}

// rows returns the rows that were read.
func (d *Dataset) rows() []dataset.Row {
	if d.table == nil {
		return nil
	}
	return d.table.Rows
}

// readDelimiter reads what separates the columns of CSV: a character, or tab.
func readDelimiter(v, file value) rune {
	if !v.Given() {
		return 0
	}
	s, ok := v.Text()
	if !ok {
		return 0
	}
	if s == "tab" {
		s = "\t"
	}
	c, size := utf8.DecodeRuneInString(s)
	switch {
	case size != len(s) || c == '"' || c == '\r' || c == '\n' || c == utf8.RuneError:
		v.Problem(`such as ";", "|" or tab`, "delimiter must be one character, not %s", yamlfile.Quote(s))
		return 0
	case !file.Given() || !strings.EqualFold(path.Ext(file.Written()), ".csv"):
		v.Problem("leave it out", "delimiter is for files whose names end in .csv")
	}
	return c
}

// readRows reads rows of the campaign: a list of mappings with the same keys, or of texts.
func (d *Dataset) readRows(v value) {
	before := v.File().Count()
	table, err := dataset.Values(v)
	if v.File().Count() > before {
		return
	}
	if e, ok := errors.AsType[*dataset.Error](err); ok {
		v.Problem(e.Hint, "%s: %s", v.Label(), e.Message)
		return
	}
	switch {
	case len(table.Rows) == 0:
		v.Problem("", "%s: there are no rows", v.Label())
		return
	case len(table.Columns) == 0:
		v.Problem("", "%s: the rows have no keys", v.Label())
		return
	}
	d.table = table
	i := 0
	v.List(func(entry value) {
		if i < len(table.Rows) {
			if message := differs(table.Rows[0], table.Rows[i], table.Columns); message != "" {
				entry.Problem("all rows have the same keys", "%s %s", entry.Label(), message)
			}
		}
		i++
	})
}

// differs describes how the keys of a row differ from those of the first.
func differs(first, row dataset.Row, columns []string) string {
	for _, key := range slices.Sorted(slices.Values(columns)) {
		switch in, here := has(first, key), has(row, key); {
		case in && !here:
			return fmt.Sprintf("lacks the key %q of the first row", key)
		case here && !in:
			return fmt.Sprintf("has the key %q, which the first row lacks", key)
		}
	}
	return ""
}

func has(row dataset.Row, column string) bool {
	_, ok := row.Cells[column]
	return ok || row.Absent[column] != ""
}

// readFile reads the rows of a file of the campaign's folder.
func (d *Dataset) readFile(v value, in *folder, o dataset.Options) {
	name, ok := v.Text()
	if !ok {
		return
	}
	ext := strings.ToLower(path.Ext(name))
	if !slices.Contains(dataset.Extensions(), ext) {
		v.Problem("a dataset's name ends in "+strings.Join(dataset.Extensions(), ", "), "%s: unknown kind of file", yamlfile.Quote(name))
		return
	}
	limit := int64(maxDataset)
	if slices.Contains([]string{".yaml", ".yml", ".prompt"}, ext) {
		limit = dataset.MaxYAML
	}
	data, ok := in.attachment(v, name, limit)
	if !ok {
		return
	}
	table, err := dataset.Read(name, data, o)
	if e, ok := errors.AsType[*dataset.Error](err); ok {
		separator := ":"
		if e.Line == 0 {
			separator = ": "
		}
		v.Problem(e.Hint, "%s%s%s", name, separator, e.Error())
		return
	}
	d.file, d.table = name, table
}

// rename gives columns other names.
func (d *Dataset) rename(v value) {
	if !v.Given() || !v.RequireMapping() || d.table == nil {
		return
	}
	names := map[string]string{}
	for from, to := range v.Entries() {
		name, ok := to.Text()
		switch {
		case !ok:
		case !slices.Contains(d.table.Columns, from):
			to.Problem(d.nearestColumn(from), "dataset %q has no column %q", d.Name, from)
		case !isField(name):
			to.Problem("letters, digits and _, such as attack_prompt", "%s is no name for {{ .column }}", yamlfile.Quote(name))
		default:
			names[from] = name
		}
	}
	taken := map[string]bool{}
	for i, column := range d.table.Columns {
		if to, ok := names[column]; ok {
			column = to
		}
		if taken[column] {
			v.Problem("", "two columns are named %q", column)
			return
		}
		taken[column], d.table.Columns[i] = true, column
	}
	for _, row := range d.table.Rows {
		move(row.Cells, names)
		move(row.Absent, names)
	}
}

// move gives keys other names; two may change places.
func move(cells map[string]string, names map[string]string) {
	moved := map[string]string{}
	for from, to := range names {
		if cell, ok := cells[from]; ok {
			moved[to] = cell
			delete(cells, from)
		}
	}
	for to, cell := range moved {
		cells[to] = cell
	}
}

// isField reports whether a name can stand after a dot in a template.
func isField(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && name != "" && (name[0] < '0' || name[0] > '9')
}

// columns returns the names that a template can use.
func (d Dataset) columns() []string {
	if d.table == nil {
		return nil
	}
	return d.table.Columns
}

// nearestColumn makes the hint for an unknown column.
func (d Dataset) nearestColumn(name string) string {
	if hint := d.table.DelimiterHint(); hint != "" {
		return hint
	}
	const most = 20
	columns := slices.Sorted(slices.Values(d.columns()))
	if len(columns) > most {
		return fmt.Sprintf("it has %d columns, such as %s", len(columns), strings.Join(columns[:3], ", "))
	}
	if near := schema.Nearest(name, columns); near != "" {
		return yamlfile.DidYouMean(near)
	}
	return "its columns are " + strings.Join(columns, ", ")
}

// skip leaves out the rows in which a column that is used has no text, if the dataset says
// skip_empty.
func (d *Dataset) skip(f *yamlfile.File, used map[string]bool) {
	if !d.skipEmpty || d.table == nil {
		return
	}
	d.Skipped = map[int]bool{}
	for i, row := range d.table.Rows {
		for column := range used {
			if strings.TrimSpace(row.Cells[column]) == "" {
				d.Skipped[i] = true
			}
		}
	}
	if len(d.Skipped) == len(d.Rows) {
		f.Problem(d.at, "", "dataset %q: skip_empty leaves no row", d.Name)
	}
}

// absent describes the first row that has no text in a column; "" where each has one.
func (d Dataset) absent(column string) string {
	first, count, why := 0, 0, ""
	for i, row := range d.rows() {
		if _, ok := row.Cells[column]; ok || d.Skipped[i] {
			continue
		}
		if count++; count == 1 {
			first, why = i, row.Absent[column]
		}
	}
	if count == 0 {
		return ""
	}
	if why == "" {
		why = "missing"
	}
	place := fmt.Sprintf("row %d", first+1)
	if d.file != "" {
		place += fmt.Sprintf(" (%s:%d)", d.file, d.rows()[first].Line)
	}
	text := fmt.Sprintf("dataset %q: %s: %q is %s, not a text", d.Name, place, column, why)
	if count > 1 {
		text += fmt.Sprintf("; so it is in %s", phrase.Count(count-1, "other row"))
	}
	return text
}

// spelled returns the column that a template names as it is, though the name is none that
// can stand after a dot; "" where it names none.
func (d Dataset) spelled(template string) string {
	for _, column := range d.columns() {
		if !isField(column) && strings.Contains(strings.Join(strings.Fields(template), " "), "."+strings.Join(strings.Fields(column), " ")) {
			return column
		}
	}
	return ""
}

var notField = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// fieldOf makes a name that can stand after a dot in a template.
func fieldOf(column string) string {
	name := strings.ToLower(strings.Trim(notField.ReplaceAllString(column, "_"), "_"))
	if !isField(name) {
		return "column"
	}
	return name
}
