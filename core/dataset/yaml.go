package dataset

import (
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// MaxYAML is the largest size of a YAML file, in bytes: the parser needs about thirty
// times as much.
const MaxYAML = 8 << 20

// yaml reads a list of mappings or texts, or a seed file of PyRIT.
func (b *builder) yaml(text string) error {
	f, root, ok := yamlfile.Parse([]byte(text), "rows", MaxYAML)
	if ok {
		if err := b.yamlRoot(root); err != nil {
			return err
		}
	}
	for _, p := range f.Problems("") {
		return wrong(p.Line, p.Column, p.Hint, "%s", p.Message)
	}
	return nil
}

func (b *builder) yamlRoot(root yamlfile.Value) error {
	if IsSeedFile(root) {
		return b.seeds(root)
	}
	return b.rows(root)
}

// rows reads a list of mappings or texts.
func (b *builder) rows(root yamlfile.Value) (err error) {
	root.List(func(entry yamlfile.Value) {
		if err == nil {
			err = b.yamlRow(entry)
		}
	})
	return err
}

func (b *builder) yamlRow(entry yamlfile.Value) error {
	line := entry.At().Line
	if entry.IsScalar() && !entry.IsNull() {
		return b.text(line, entry.Written())
	}
	if !entry.RequireMapping() {
		return nil
	}
	row := Row{Line: line, Cells: map[string]string{}}
	for key, cell := range entry.Entries() {
		if err := b.column(line, key); err != nil {
			return err
		}
		switch {
		case cell.IsNull():
			row.absent(key, "null")
		case cell.IsList():
			row.absent(key, "a list")
		case cell.IsMapping():
			row.absent(key, "a mapping")
		default:
			row.Cells[key] = cell.Written()
		}
	}
	return b.row(row)
}

// Values reads the rows that a campaign holds itself. What is wrong is noted in its file,
// too.
func Values(root yamlfile.Value) (*Table, error) {
	b := &builder{}
	if err := b.rows(root); err != nil {
		return nil, err
	}
	return &b.table, nil
}
