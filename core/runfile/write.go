package runfile

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// chunk is how large, in bytes, a file of rows gets before there is another one.
const chunk = 1 << 20

// Writer writes a file: its rows, then its artifacts. It holds no more in memory
// than a few rows and one line for each MiB of them.
type Writer struct {
	tar  *tar.Writer
	rows bytes.Buffer
	// files counts those with rows, and sums has a line for each entry up to the
	// artifacts.
	files int
	sums  bytes.Buffer

	artifacts int
	last      string
	begun     bool // the artifacts
}

// NewWriter writes the header of a run, whose Kind and Format it fills in.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	h.Kind, h.Format = kindOfFile, Format
	if err := h.check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the header: %w", err)
	}
	out := &Writer{tar: tar.NewWriter(w)}
	return out, out.entry(headerEntry, append(text, '\n'))
}

// Row writes a row. There are no more rows once there was an artifact.
func (w *Writer) Row(r Row) error {
	if w.begun {
		return errors.New("a row comes after the artifacts")
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding a row of %s: %w", r.Table, err)
	}
	if len(line) > maxRow {
		return fmt.Errorf("a row of %s is larger than %d bytes", r.Table, maxRow)
	}
	w.rows.Write(append(line, '\n'))
	if w.rows.Len() < chunk {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if w.rows.Len() == 0 {
		return nil
	}
	w.files++
	err := w.entry(fmt.Sprintf(rowsEntry, w.files), w.rows.Bytes())
	w.rows.Reset()
	return err
}

// Artifact writes bytes with a SHA-256, in hexadecimal. They come in the order of
// their checksums. It fails where the bytes have another one, and the file is then
// of no use.
func (w *Writer) Artifact(ctx context.Context, sum string, size int64, data io.Reader) error {
	if err := w.beginArtifacts(); err != nil {
		return err
	}
	if !isSum(sum) || sum <= w.last {
		return fmt.Errorf("artifact %q does not come after %q", sum, w.last)
	}
	w.last = sum
	w.artifacts++
	if err := w.header(artifactPrefix+sum, size); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w.tar, hash), cancellable{ctx, data}); err != nil {
		return fmt.Errorf("artifact %s: %w", sum, err)
	}
	if hexadecimal(hash.Sum(nil)) != sum {
		return fmt.Errorf("artifact %s is damaged: the contents have another SHA-256", sum)
	}
	return nil
}

// beginArtifacts ends the rows.
func (w *Writer) beginArtifacts() error {
	if w.begun {
		return nil
	}
	w.begun = true
	if err := w.flush(); err != nil {
		return err
	}
	return w.entry(sumsEntry, bytes.Clone(w.sums.Bytes()))
}

// Close ends the file. A file that was not closed is refused by who reads it.
func (w *Writer) Close() error {
	if err := w.beginArtifacts(); err != nil {
		return err
	}
	if err := w.entry(endEntry, fmt.Appendf(nil, "%d\n", w.artifacts)); err != nil {
		return err
	}
	return w.tar.Close()
}

func (w *Writer) entry(name string, data []byte) error {
	fmt.Fprintf(&w.sums, "%x  %s\n", sha256.Sum256(data), name)
	if err := w.header(name, int64(len(data))); err != nil {
		return err
	}
	_, err := w.tar.Write(data)
	return err
}

func (w *Writer) header(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600})
}

// cancellable is a reader that fails once its context is cancelled.
type cancellable struct {
	ctx context.Context
	io.Reader
}

func (r cancellable) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
