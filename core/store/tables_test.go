package store_test

import (
	"database/sql"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// outsideOfRuns are the tables with a run in them that are not part of its record.
var outsideOfRuns = []string{"fires"}

// schemaOf returns the tables of a store, with their columns.
func schemaOf(t *testing.T, db *sql.DB) map[string][]string {
	t.Helper()
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`)
	must(t, err)
	defer rows.Close()
	schema := map[string][]string{}
	for rows.Next() {
		var table, column string
		must(t, rows.Scan(&table, &column))
		schema[table] = append(schema[table], column)
	}
	must(t, rows.Err())
	return schema
}

func openSQL(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "runs.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// Whoever adds a table that belongs to a run learns here that it has to be
// exported, removed and swept for, too.
func TestEveryTableThatNamesARunIsPartOfItsRecord(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	var want []string
	for name, columns := range schemaOf(t, openSQL(t, dir)) {
		if name == "runs" || slices.Contains(columns, "run_id") && !slices.Contains(outsideOfRuns, name) {
			want = append(want, name)
		}
	}
	got := store.RecordTables()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the record is %q,\nand the tables that name a run are %q: a new one belongs into runTables() in tables.go, or into outsideOfRuns here", got, want)
	}
}

func TestEveryColumnThatRefersToAnArtifactIsKnown(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	j := begin(t, s, store.Run{Plan: "f1", Files: []store.File{{Name: "a.wav", Data: []byte("RIFF file")}}})
	turn, asked := everything(), helped()
	original := longText()
	turn.Sent.Parts[0].Original = &original
	must(t, j.BeginTrial(trialAt(1, 1), start), j.RecordTurn(trial(1).ID, turn), j.RecordHelperTurn(trial(1).ID, asked[0]), j.RecordCall(trial(1).ID, spoken()[1]),
		j.Finish(store.Interrupted, "", start)) // nothing waits for a call to be written
	kept := map[string]bool{}
	for _, path := range artifacts(t, dir) {
		kept[filepath.Base(path)] = true
	}
	known := store.ReferringColumns()
	db := openSQL(t, dir)
	var found []string
	for table, columns := range schemaOf(t, db) {
		for _, column := range columns {
			name := table + "." + column
			if refers(t, db, table, column, kept) {
				found = append(found, name)
			} else if strings.Contains(column, "artifact") && !slices.Contains(known, name) {
				t.Errorf("%s is called an artifact: it belongs into runTables() in tables.go", name)
			}
		}
	}
	slices.Sort(found)
	slices.Sort(known)
	if !slices.Equal(known, found) {
		t.Errorf("artifacts are kept in %q, and known are %q: see runTables() in tables.go", found, known)
	}
}

// refers reports whether a column names an artifact.
func refers(t *testing.T, db *sql.DB, table, column string, artifacts map[string]bool) bool {
	t.Helper()
	rows, err := db.Query(fmt.Sprintf(`SELECT CAST(%s AS TEXT) FROM %s WHERE %s IS NOT NULL`, column, table, column))
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var value string
		must(t, rows.Scan(&value))
		if artifacts[value] {
			return true
		}
	}
	must(t, rows.Err())
	return false
}

func TestWhoSweepsNeedNotReadWholeTables(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	db := openSQL(t, dir)
	for _, name := range store.ReferringColumns() {
		table, column, _ := strings.Cut(name, ".")
		rows, err := db.Query("EXPLAIN QUERY PLAN "+store.Referring(table, column), "ab", "abg")
		must(t, err)
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			must(t, rows.Scan(&id, &parent, &unused, &detail))
			plan.WriteString(detail)
		}
		must(t, rows.Close())
		if !strings.Contains(plan.String(), "SEARCH") {
			t.Errorf("%s has no index: %s", name, &plan)
		}
	}
}

// Another database is to stand behind the same statements one day.
func TestOnlyOneFileSpeaksTheDialectOfSQLite(t *testing.T) {
	dialect := regexp.MustCompile(`(?i)\b(PRAGMA|sqlite_\w+|rowid|AUTOINCREMENT|BEGIN IMMEDIATE|INSERT OR|REPLACE INTO|ifnull|strftime|datetime|julianday|group_concat|json_\w+|WITHOUT ROWID|GLOB|hex)\b|\?`)
	migrations, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	for _, name := range migrations {
		text, err := os.ReadFile(name)
		must(t, err)
		for line := range strings.Lines(string(text)) {
			if statement, _, _ := strings.Cut(line, "--"); dialect.MatchString(statement) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	sources, err := filepath.Glob("*.go")
	must(t, err)
	statement := regexp.MustCompile(`^.(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|PRAGMA|BEGIN)\b`)
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") || name == "sqlite.go" {
			continue
		}
		files := token.NewFileSet()
		tree, err := parser.ParseFile(files, name, nil, 0)
		must(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if ok && literal.Kind == token.STRING && statement.MatchString(literal.Value) && dialect.MatchString(literal.Value) {
				t.Errorf("%s: %s", files.Position(literal.Pos()), literal.Value)
			}
			return true
		})
	}
}
