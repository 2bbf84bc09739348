package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
)

// place is a folder or a URL with the files of a release.
type place interface {
	// open returns a file and its size in bytes, -1 if unknown. The error is
	// fs.ErrNotExist if there is none.
	open(ctx context.Context, name string) (io.ReadCloser, int64, error)
}

// read reads a small file.
func read(ctx context.Context, p place, name string, limit int64) ([]byte, error) {
	f, _, err := p.open(ctx, name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, core.Errorf(core.ErrorConfig, "%s is larger than %d bytes", name, limit)
	}
	return data, nil
}

// folder is a release in a local folder.
type folder string

func (d folder) open(_ context.Context, name string) (io.ReadCloser, int64, error) {
	path := filepath.Join(string(d), name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, core.Errorf(core.ErrorConfig, "%w", err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would block
		return nil, 0, core.Errorf(core.ErrorConfig, "%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, core.Errorf(core.ErrorConfig, "%w", err)
	}
	return f, info.Size(), nil
}

// maxRedirects is the largest number of redirects.
const maxRedirects = 5

// web is a release at a URL that ends with a slash.
type web struct {
	base string
	// patience is how long the server may send nothing.
	patience time.Duration
}

func (w web) open(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	address := w.base + name
	ctx, cancel := context.WithCancelCause(ctx)
	silence := time.AfterFunc(w.patience, func() {
		cancel(core.Errorf(core.ErrorTimeout, "the server was silent for %v", w.patience))
	})
	body := &download{silence: silence, patience: w.patience, ctx: ctx, cancel: cancel}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, errors.Join(core.Errorf(core.ErrorConfig, "%w", err), body.Close())
	}
	client := http.Client{CheckRedirect: checkRedirect}
	response, err := client.Do(request) //nolint:bodyclose // the download closes it
	if err != nil {
		return nil, 0, errors.Join(body.explain(core.Errorf(core.ErrorUnavailable, "downloading: %w", err)), body.Close())
	}
	body.body = response.Body
	switch {
	case response.StatusCode == http.StatusNotFound:
		err = core.Errorf(core.ErrorUnavailable, "downloading %s: %s: %w", address, response.Status, fs.ErrNotExist)
	case response.StatusCode != http.StatusOK:
		err = core.Errorf(core.ErrorUnavailable, "downloading %s: the server says %s", address, response.Status)
	}
	if err != nil {
		return nil, 0, errors.Join(err, body.Close())
	}
	return body, response.ContentLength, nil
}

// checkRedirect allows redirects only to addresses that would be allowed as a
// source.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return core.Errorf(core.ErrorUnavailable, "the server redirects more than %d times", maxRedirects)
	}
	if err := requirement.CheckSource(next.URL.String()); err != nil {
		return core.Errorf(core.ErrorUnavailable, "the server redirects: %w", err)
	}
	if next.URL.Scheme == "http" && via[0].URL.Scheme == "https" {
		return core.Errorf(core.ErrorUnavailable, "the server redirects from https to http: %s", next.URL)
	}
	return nil
}

// download is a body whose Read fails when the server sends nothing for too
// long.
type download struct {
	body     io.ReadCloser
	silence  *time.Timer
	patience time.Duration
	ctx      context.Context
	cancel   context.CancelCauseFunc
}

// Read reads the body.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	if n > 0 {
		d.silence.Reset(d.patience)
	}
	return n, d.explain(err)
}

// explain returns the cause of the context's end, if that caused the error.
func (d *download) explain(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && d.ctx.Err() != nil {
		return context.Cause(d.ctx)
	}
	return err
}

// Close ends the download.
func (d *download) Close() error {
	d.silence.Stop()
	d.cancel(nil)
	if d.body == nil {
		return nil
	}
	return d.body.Close()
}
