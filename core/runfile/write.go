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

// chunk is the size in bytes from which an entry with rows is complete.
const chunk = 1 << 20

// Writer writes a file: first the rows, then the artifacts. It keeps about 1 MiB
// of rows in memory, and one checksum line for each MiB of rows. It is not safe
// for concurrent use.
type Writer struct {
	tar  *tar.Writer
	rows bytes.Buffer
	// files counts the entries with rows; sums has a line for each entry before
	// the artifacts.
	files int
	sums  bytes.Buffer

	artifacts int
	last      string
	begun     bool // whether the rows have ended
}

// NewWriter writes the header of a run, after setting its Kind and Format. The
// caller closes the Writer; that does not close w.
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

// Row writes a row. It fails after the first artifact.
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

// Artifact writes size bytes with the SHA-256 sum, in lower-case hexadecimal.
// Artifacts have to be written in ascending order of their sums. If the bytes have
// another sum it fails, and the file has to be discarded.
func (w *Writer) Artifact(ctx context.Context, sum string, size int64, data io.Reader) error {
	if err := w.beginArtifacts(); err != nil {
		return err
	}
	if !IsSum(sum) || sum <= w.last {
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

// beginArtifacts writes the remaining rows and the checksums, the first time.
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

// Close writes the end of the file. [Read] refuses a file without it.
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
