package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Connection is a network connection that a plugin opened or tried to open.
type Connection struct {
	Plugin string
	// Host is its destination, as host:port.
	Host string
	At   time.Time
	// Refused says why it was refused; "" if it was not.
	Refused string
	// Sent and Received are in bytes, from the plugin's point of view.
	Sent, Received int64
}

// RecordConnection records a connection, once it has ended or was refused. It
// need not be durable on return.
func (j *Journal) RecordConnection(c Connection) error {
	j.mu.Lock()
	ordinal := j.connections
	j.connections++
	j.mu.Unlock()
	return j.later(func(w *writer) error {
		return w.exec(`INSERT INTO connections (run_id, ordinal, plugin, host, at, refused, sent, received) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			j.id, ordinal, c.Plugin, c.Host, c.At.UnixNano(), c.Refused, c.Sent, c.Received)
	})
}

// Connections returns the connections of a run's plugins, in the order in which
// they ended.
func (r *Reader) Connections(ctx context.Context, run string) ([]Connection, error) {
	if r.db == nil {
		return nil, ErrClosed
	}
	if r.schema < schemaPlugins {
		return nil, nil
	}
	found, err := collect(ctx, r.db, func(rows *sql.Rows) (c Connection, err error) {
		var at int64
		err = rows.Scan(&c.Plugin, &c.Host, &at, &c.Refused, &c.Sent, &c.Received)
		c.At = moment(at)
		return c, err
	}, `SELECT plugin, host, at, refused, sent, received FROM connections WHERE run_id = $1 ORDER BY ordinal`, run)
	if err != nil {
		return nil, fmt.Errorf("reading the connections of run %s: %w", run, err)
	}
	return found, nil
}
