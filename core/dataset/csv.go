package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// csv reads a header and rows. delimiter 0 is a comma, or what a first line sep=; says,
// as Excel writes it.
func (b *builder) csv(text string, delimiter rune) error {
	before := 0
	if line, rest, _ := strings.Cut(text, "\n"); strings.HasPrefix(line, "sep=") {
		said, size := utf8.DecodeRuneInString(line[len("sep="):])
		if strings.TrimRight(line[len("sep=")+size:], "\r") == "" && size > 0 && said != '\r' {
			if delimiter != 0 && delimiter != said {
				return wrong(1, 1, "leave one of them out", "the file says sep=%c, and the campaign delimiter: %q", said, delimiter)
			}
			delimiter, text, before = said, rest, 1
		}
	}
	in := csv.NewReader(strings.NewReader(text))
	in.ReuseRecord = true
	if delimiter != 0 {
		in.Comma = delimiter
	}
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return wrong(before+1, 0, "the first line names the columns", "there is no header")
	} else if err != nil {
		return csvError(err, before, nil, delimiter)
	}
	header = slices.Clone(header)
	first, _ := in.FieldPos(0)
	for i, column := range header {
		if strings.TrimSpace(column) == "" {
			return wrong(first+before, 0, "the first line names the columns", "column %d has no name", i+1)
		}
		if b.known[column] {
			return wrong(first+before, 0, "", "two columns are named %s", shown(column))
		}
		if err := b.column(first+before, column); err != nil {
			return err
		}
	}
	return b.records(in, header, before, delimiter)
}

func (b *builder) records(in *csv.Reader, header []string, before int, delimiter rune) error {
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return csvError(err, before, header, delimiter)
		}
		line, _ := in.FieldPos(0)
		row := Row{Line: line + before, Cells: make(map[string]string, len(header))}
		for i, column := range header {
			row.Cells[column] = record[i]
		}
		if err := b.row(row); err != nil {
			return err
		}
	}
}

// csvError places an error of package csv, whose columns are bytes.
func csvError(err error, before int, header []string, delimiter rune) error {
	e, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return wrong(0, 0, "the delimiter is one character, such as ; or a tab", "%v", err)
	}
	hint := ""
	if other := likelyDelimiter(header); other != "" && delimiter == 0 {
		hint = other
	}
	return wrong(e.Line+before, e.Column, hint, "%v", e.Err)
}

// likelyDelimiter is the hint for a header that is one column, and looks like several;
// "" where it does not.
func likelyDelimiter(header []string) string {
	if len(header) != 1 {
		return ""
	}
	for _, other := range []string{";", "\t", "|"} {
		if strings.Contains(header[0], other) {
			return fmt.Sprintf("the columns seem to be separated by %q: write delimiter: %q", other, other)
		}
	}
	return ""
}

// DelimiterHint says which delimiter the columns seem to be separated by; "" where they
// are several, or seem to be none.
func (t *Table) DelimiterHint() string { return likelyDelimiter(t.Columns) }
