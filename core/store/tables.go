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

// table is a table of a run's record.
type table struct {
	name string
	// run is the column with the run's ID, and key are the columns that
	// identify a row within the run.
	run string
	key []string
	// artifacts are the columns with the SHA-256 of an artifact. Each of them
	// has an index.
	artifacts []string
	// since is the first version with the table.
	since int64
}

// runTables are the tables of a run's record; tables come before those that
// refer to them. They are exported and removed with a run, and an artifact that
// none of them refers to is garbage.
func runTables() []table {
	return []table{
		{name: "runs", run: "id", since: schemaFirst},
		{name: "run_plugins", run: "run_id", key: []string{"ordinal"}, since: schemaFirst},
		{name: "run_files", run: "run_id", key: []string{"name"}, artifacts: []string{"artifact"}, since: schemaResume},
		{name: "sessions", run: "run_id", key: []string{"ordinal"}, since: schemaResume},
		{name: "connections", run: "run_id", key: []string{"ordinal"}, since: schemaPlugins},
		{name: "run_components", run: "run_id", key: []string{"ordinal"}, since: schemaCalls},
		{name: "notices", run: "run_id", key: []string{"ordinal"}, since: schemaNotices},
		{name: "run_values", run: "run_id", key: []string{"ordinal"}, since: schemaValues},
		{name: "run_plain", run: "run_id", key: []string{"ordinal"}, since: schemaPlain},
		{name: "attacks", run: "run_id", key: []string{"name"}, since: schemaFirst},
		{name: "trials", run: "run_id", key: []string{"id"}, since: schemaFirst},
		{name: "attempts", run: "run_id", key: []string{"trial_id", "attempt"}, since: schemaAttempts},
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

// tablesAt returns the tables of a version.
func tablesAt(schema int64) []table {
	return slices.DeleteFunc(runTables(), func(t table) bool { return t.since > schema })
}

// kind is a column's type.
type kind string

// The kinds, as the migrations write them.
const (
	kindText   kind = "TEXT"
	kindBytes  kind = "BYTEA"
	kindNumber kind = "BIGINT"
	kindReal   kind = "DOUBLE PRECISION"
)

// columns returns the kinds of a table's columns.
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
	// Earlier versions have no attempts.
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

// convert converts a value to a column's kind.
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

// insertion returns the statement that inserts a row, and its arguments.
func insertion(r runfile.Row) (query string, values []any) {
	names := slices.Sorted(maps.Keys(r.Values))
	places := make([]string, len(names))
	for i, name := range names {
		places[i] = fmt.Sprintf("$%d", i+1)
		values = append(values, r.Values[name])
	}
	return "INSERT INTO " + r.Table + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")", values
}

// rowsOf reads the record of a run as rows of its tables, in version schema.
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

// fingerprint returns a checksum of a run's record.
func (r rowsOf) fingerprint(ctx context.Context, run string) (string, error) {
	hash := sha256.New()
	lines := json.NewEncoder(hash)
	err := r.each(ctx, run, func(row runfile.Row) error { return lines.Encode(row) })
	return hex.EncodeToString(hash.Sum(nil)), err
}

// artifacts returns the artifacts of a run, sorted by SHA-256.
func (r rowsOf) artifacts(ctx context.Context, run string) ([]string, error) {
	sums := map[string]bool{}
	err := r.eachReference(ctx, sums, func(t table, column string) (string, []any) {
		return "SELECT DISTINCT " + column + " FROM " + t.name + " WHERE " + t.run + " = $1 AND " + column + " IS NOT NULL", []any{run}
	})
	return slices.Sorted(maps.Keys(sums)), err
}

// unreferred returns the artifacts without a reference, among those whose names
// have a prefix.
func (r rowsOf) unreferred(ctx context.Context, prefix string, sums []string) ([]string, error) {
	referred := map[string]bool{}
	err := r.eachReference(ctx, referred, func(t table, column string) (string, []any) {
		return referring(t.name, column), []any{prefix, prefix + "g"} // g sorts after all hexadecimal digits
	})
	return slices.DeleteFunc(slices.Clone(sums), func(sum string) bool { return referred[sum] }), err
}

// eachReference adds to sums the results of the queries for each column with
// artifacts.
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

// referring is the query for a column's artifacts between $1 and $2.
func referring(table, column string) string {
	return "SELECT DISTINCT " + column + " FROM " + table + " WHERE " + column + " >= $1 AND " + column + " < $2"
}
