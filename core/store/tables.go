package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// table is a table that holds a part of the record of a run.
type table struct {
	name string
	// run is the column that names the run, and key what tells the run's rows
	// apart.
	run string
	key []string
	// artifacts are the columns that refer to artifacts by their SHA-256. There
	// is an index for each of them.
	artifacts []string
	// since is the version of the tables that has it first.
	since int64
}

// runTables are the tables that hold the record of a run, those that others refer to
// first. It is what is exported and removed, and what keeps artifacts from being
// garbage.
func runTables() []table {
	return []table{
		{name: "runs", run: "id", since: schemaFirst},
		{name: "run_plugins", run: "run_id", key: []string{"ordinal"}, since: schemaFirst},
		{name: "run_files", run: "run_id", key: []string{"name"}, artifacts: []string{"artifact"}, since: schemaResume},
		{name: "sessions", run: "run_id", key: []string{"ordinal"}, since: schemaResume},
		{name: "connections", run: "run_id", key: []string{"ordinal"}, since: schemaPlugins},
		{name: "run_components", run: "run_id", key: []string{"ordinal"}, since: schemaCalls},
		{name: "notices", run: "run_id", key: []string{"ordinal"}, since: schemaNotices},
		{name: "attacks", run: "run_id", key: []string{"name"}, since: schemaFirst},
		{name: "trials", run: "run_id", key: []string{"id"}, since: schemaFirst},
		{name: "history", run: "run_id", key: []string{"trial_id", "ordinal"}, since: schemaDelivery},
		{name: "turns", run: "run_id", key: []string{"trial_id", "attempt", "turn"}, since: schemaFirst},
		{name: "scores", run: "run_id", key: []string{"trial_id", "attempt", "turn", "ordinal"}, since: schemaFirst},
		{
			name: "parts", run: "run_id", key: []string{"trial_id", "attempt", "turn", "place", "ordinal"},
			artifacts: []string{"artifact", "original_artifact"}, since: schemaFirst,
		},
		{name: "helper_turns", run: "run_id", key: []string{"trial_id", "attempt", "ordinal"}, since: schemaHelpers},
		{name: "calls", run: "run_id", key: []string{"trial_id", "attempt", "ordinal"}, since: schemaCalls},
		{
			name: "call_artifacts", run: "run_id", key: []string{"trial_id", "attempt", "ordinal", "artifact"},
			artifacts: []string{"artifact"}, since: schemaCalls,
		},
	}
}

// tablesAt returns the tables that there are in a version.
func tablesAt(schema int64) []table {
	return slices.DeleteFunc(runTables(), func(t table) bool { return t.since > schema })
}

// kind is what a column holds.
type kind string

// The kinds, as the migrations write them.
const (
	kindText   kind = "TEXT"
	kindBytes  kind = "BYTEA"
	kindNumber kind = "BIGINT"
	kindReal   kind = "DOUBLE PRECISION"
)

// columns returns what the columns of a table hold.
func (t table) columns(ctx context.Context, db querier) (_ map[string]kind, err error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+t.name+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	kinds := map[string]kind{}
	for _, c := range types {
		kinds[c.Name()] = kind(c.DatabaseTypeName())
	}
	return kinds, rows.Err()
}

// eachRow calls do for every row of a run, in the order of their keys.
func (t table) eachRow(ctx context.Context, db querier, run string, do func(runfile.Row) error) error {
	kinds, err := t.columns(ctx, db)
	if err != nil {
		return err
	}
	query := "SELECT * FROM " + t.name + " WHERE " + t.run + " = $1"
	// There were no attempts once.
	if key := slices.DeleteFunc(slices.Clone(t.key), func(c string) bool { return kinds[c] == "" }); len(key) > 0 {
		query += " ORDER BY " + strings.Join(key, ", ")
	}
	_, err = collect(ctx, db, func(rows *sql.Rows) (none struct{}, err error) {
		values, err := scanRow(rows, kinds)
		if err == nil {
			err = do(runfile.Row{Table: t.name, Values: values})
		}
		return none, err
	}, query, run)
	return err
}

func scanRow(rows *sql.Rows, kinds map[string]kind) (map[string]any, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]any, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	r := map[string]any{}
	for i, name := range names {
		if r[name], err = convert(values[i], kinds[name]); err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
	}
	return r, nil
}

// convert returns a value as a column of a kind holds it.
func convert(value any, to kind) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		switch to {
		case kindText:
			return v, nil
		case kindBytes:
			return []byte(v), nil
		}
	case []byte:
		switch to {
		case kindText:
			return string(v), nil
		case kindBytes:
			return payload(v), nil
		}
	case int64:
		switch to {
		case kindNumber:
			return v, nil
		case kindReal:
			return float64(v), nil
		}
	case float64:
		if to == kindReal {
			return v, nil
		}
	}
	return nil, fmt.Errorf("a %T in a column of %s", value, to)
}

// insertion returns the statement that inserts a row, and its values.
func insertion(r runfile.Row) (query string, values []any) {
	names := slices.Sorted(maps.Keys(r.Values))
	places := make([]string, len(names))
	for i, name := range names {
		places[i] = fmt.Sprintf("$%d", i+1)
		values = append(values, r.Values[name])
	}
	return "INSERT INTO " + r.Table + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")", values
}

// rowsOf reads the record of a run as rows of its tables, in their version schema.
type rowsOf struct {
	db     querier
	schema int64
}

// each calls do for every row of a run's record, always in the same order.
func (r rowsOf) each(ctx context.Context, run string, do func(runfile.Row) error) error {
	for _, t := range tablesAt(r.schema) {
		if err := t.eachRow(ctx, r.db, run, do); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return nil
}

// fingerprint returns a checksum of all that is recorded of a run.
func (r rowsOf) fingerprint(ctx context.Context, run string) (string, error) {
	hash := sha256.New()
	lines := json.NewEncoder(hash)
	err := r.each(ctx, run, func(row runfile.Row) error { return lines.Encode(row) })
	return hex.EncodeToString(hash.Sum(nil)), err
}

// artifacts returns the artifacts that a run refers to, in the order of their
// SHA-256.
func (r rowsOf) artifacts(ctx context.Context, run string) ([]string, error) {
	sums := map[string]bool{}
	err := r.eachReference(ctx, sums, func(t table, column string) (string, []any) {
		return "SELECT DISTINCT " + column + " FROM " + t.name + " WHERE " + t.run + " = $1 AND " + column + " IS NOT NULL", []any{run}
	})
	return slices.Sorted(maps.Keys(sums)), err
}

// unreferred returns which of the artifacts, whose names begin as given, nothing
// refers to.
func (r rowsOf) unreferred(ctx context.Context, prefix string, sums []string) ([]string, error) {
	referred := map[string]bool{}
	err := r.eachReference(ctx, referred, func(t table, column string) (string, []any) {
		return referring(t.name, column), []any{prefix, prefix + "g"} // g comes behind all hexadecimal digits
	})
	return slices.DeleteFunc(slices.Clone(sums), func(sum string) bool { return referred[sum] }), err
}

// eachReference adds to sums what the queries for the columns that refer to
// artifacts return.
func (r rowsOf) eachReference(ctx context.Context, sums map[string]bool, query func(t table, column string) (string, []any)) error {
	for _, t := range tablesAt(r.schema) {
		for _, column := range t.artifacts {
			text, args := query(t, column)
			_, err := collect(ctx, r.db, func(rows *sql.Rows) (none struct{}, err error) {
				var sum string
				err = rows.Scan(&sum)
				sums[sum] = true
				return none, err
			}, text, args...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// referring is the query for the artifacts between $1 and $2 that a column refers
// to.
func referring(table, column string) string {
	return "SELECT DISTINCT " + column + " FROM " + table + " WHERE " + column + " >= $1 AND " + column + " < $2"
}
