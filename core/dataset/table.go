package dataset

import (
	"fmt"
	"path"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// The bounds of a table.
const (
	MaxRows    = 100_000
	MaxColumns = 1_000
	maxCells   = 5_000_000
)

// Text is the column of a list of texts.
const Text = "text"

// Table is rows of named texts.
type Table struct {
	// Columns are the names, in the order in which they appear first.
	Columns []string
	Rows    []Row
}

// Row is a row of a table.
type Row struct {
	// Line is where it begins in the file, from 1.
	Line  int
	Cells map[string]string
	// Absent says of cells that hold no text what they are, such as "null" or "a list".
	// A cell that is in neither is missing.
	Absent map[string]string
}

// Options say how a file is read.
type Options struct {
	// Delimiter separates the columns of CSV; 0 is a comma, or what a first line sep=;
	// says.
	Delimiter rune
}

// Error is what is wrong with a file.
type Error struct {
	// Line and Column, in characters, are from 1; 0 where there is none.
	Line, Column  int
	Message, Hint string
}

// Error returns LINE:COLUMN: message.
func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return e.Message
	case e.Column == 0:
		return fmt.Sprintf("%d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

func wrong(line, column int, hint, format string, args ...any) *Error {
	return &Error{Line: line, Column: column, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Extensions are the ends of the names of files that [Read] reads.
func Extensions() []string {
	return []string{".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".yaml", ".yml", ".prompt", ".txt"}
}

// Read reads a file by the end of its name. The error is an [*Error].
func Read(name string, data []byte, o Options) (*Table, error) {
	text, err := decode(name, data)
	if err != nil {
		return nil, err
	}
	b := &builder{}
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		err = b.csv(text, o.Delimiter)
	case ".tsv":
		err = b.csv(text, '\t')
	case ".jsonl", ".ndjson":
		err = b.jsonLines(text)
	case ".json":
		err = b.json(text)
	case ".yaml", ".yml", ".prompt":
		err = b.yaml(text)
	case ".txt":
		err = b.lines(text)
	default:
		return nil, wrong(0, 0, "a dataset's name ends in "+strings.Join(Extensions(), ", "), "unknown kind of file")
	}
	if err != nil {
		return nil, err
	}
	if len(b.table.Rows) == 0 {
		return nil, wrong(0, 0, "", "there are no rows")
	}
	if len(b.table.Columns) == 0 {
		return nil, wrong(0, 0, "", "the rows have no keys")
	}
	return &b.table, nil
}

// builder makes a table, within the bounds.
type builder struct {
	table Table
	known map[string]bool
	cells int
}

// column adds a column, if it is new.
func (b *builder) column(line int, name string) error {
	if b.known[name] {
		return nil
	}
	if strings.TrimSpace(name) == "" {
		return wrong(line, 0, "give every column a name", "a column has no name")
	}
	if len(b.table.Columns) == MaxColumns {
		return wrong(line, 0, "keep the columns that the attacks use", "there are more than %d columns", MaxColumns)
	}
	if b.known == nil {
		b.known = map[string]bool{}
	}
	b.known[name] = true
	b.table.Columns = append(b.table.Columns, name)
	return nil
}

// row adds a row, whose columns are known.
func (b *builder) row(r Row) error {
	if len(b.table.Rows) == MaxRows {
		return wrong(0, 0, "split the file", "there are more than %d rows", MaxRows)
	}
	if b.cells += len(r.Cells) + len(r.Absent); b.cells > maxCells {
		return wrong(0, 0, "keep the columns that the attacks use, or split the file", "there are more than %d cells", maxCells)
	}
	b.table.Rows = append(b.table.Rows, r)
	return nil
}

// text adds a row of a list of texts.
func (b *builder) text(line int, text string) error {
	if err := b.column(line, Text); err != nil {
		return err
	}
	return b.row(Row{Line: line, Cells: map[string]string{Text: text}})
}

// lines reads a text on each line, as prompt files of garak have them. Blank lines are
// skipped.
func (b *builder) lines(text string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) == "" {
			continue
		}
		if err := b.text(number, line); err != nil {
			return err
		}
	}
	return nil
}

// shown is a text of a file as a message shows it.
func shown(s string) string { return fmt.Sprintf("%q", phrase.ShortenBytes(s, 60)) }
