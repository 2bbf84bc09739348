package runfile

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Sink receives the content of a file, in the file's order.
type Sink interface {
	// Begin receives the header. It is called first, once.
	Begin(ctx context.Context, h Header) error
	// Row receives a row, before the checksum of its entry has been compared.
	Row(ctx context.Context, r Row) error
	// Artifact receives the bytes with the SHA-256 sum, in hexadecimal. The
	// checksum is compared after Artifact has returned; it need not read data to
	// the end.
	Artifact(ctx context.Context, sum string, data io.Reader) error
}

// Read reads a file into a sink. If it fails, everything that the sink received has
// to be discarded. A file that differs from what a [Writer] wrote gives an error
// of the kind [core.ErrorInput].
func Read(ctx context.Context, file io.Reader, to Sink) error {
	buffered := bufio.NewReader(cancellable{ctx, file})
	if err := recognise(buffered); err != nil {
		return err
	}
	r := &reader{tar: tar.NewReader(buffered), sums: map[string]string{}, to: to}
	for _, step := range []func(context.Context) error{r.header, r.rows, r.artifacts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// recognise refuses empty and compressed files, without reading past the first
// bytes.
func recognise(file *bufio.Reader) error {
	begin, err := file.Peek(4)
	if len(begin) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return foreign("the file is empty")
		}
		return err
	}
	for magic, name := range map[string]string{"\x1f\x8b": "gzip", "\x28\xb5\x2f\xfd": "zstd", "PK\x03\x04": "zip", "\xfd7zX": "xz"} {
		if bytes.HasPrefix(begin, []byte(magic)) {
			return core.Errorf(core.ErrorInput, "the file is not an exported run: it is compressed (%s)", name).
				WithHint("decompress it first; orchestrator import - reads what another program decompresses")
		}
	}
	return nil
}

type reader struct {
	tar *tar.Reader
	// entry is the current entry.
	entry *tar.Header
	// sums are the checksums, by name, of the entries read so far.
	sums map[string]string
	to   Sink
	// begun is set once the first entry is the header.
	begun bool
}

// next advances to the next entry, which has to be a regular file.
func (r *reader) next() error {
	var err error
	r.entry, err = r.tar.Next()
	switch {
	case errors.Is(err, io.EOF):
		if !r.begun {
			return foreign("the archive is empty")
		}
		return cutShort("the archive")
	case err != nil:
		return r.broken("the archive", err)
	case r.entry.Typeflag != tar.TypeReg:
		return damaged(quoted(r.entry.Name), "not a regular file")
	}
	for key := range r.entry.PAXRecords { // a sparse entry expands to more bytes than the file has
		if strings.HasPrefix(key, "GNU.sparse.") {
			return damaged(quoted(r.entry.Name), "the entry is sparse")
		}
	}
	return nil
}

// header reads the header entry.
func (r *reader) header(ctx context.Context) error {
	if err := r.next(); err != nil {
		return err
	}
	if r.entry.Name != headerEntry {
		return foreign("the archive begins with %s", quoted(r.entry.Name))
	}
	r.begun = true
	text, err := r.all(maxHeader)
	if err != nil {
		return err
	}
	var h Header
	if err := json.Unmarshal(text, &h); err != nil {
		return damaged(headerEntry, "%w", err)
	}
	if err := h.check(); err != nil {
		return err
	}
	return r.to.Begin(ctx, h)
}

// rows reads the entries with rows, and compares their checksums.
func (r *reader) rows(ctx context.Context) error {
	for n := 1; ; n++ {
		if err := r.next(); err != nil {
			return err
		}
		switch r.entry.Name {
		case fmt.Sprintf(rowsEntry, n):
			if err := r.lines(ctx); err != nil {
				return err
			}
		case sumsEntry:
			return r.checkSums()
		default:
			return r.misplaced()
		}
	}
}

// lines reads an entry with rows.
func (r *reader) lines(ctx context.Context) error {
	sum := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(r.tar, sum))
	lines.Buffer(nil, maxRow+1)
	for n := 1; lines.Scan(); n++ {
		var row Row
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			if !lines.Scan() && lines.Err() != nil { // the line was cut off by a failed read
				return r.broken(r.entry.Name, lines.Err())
			}
			return damaged(r.entry.Name, "line %d: %w", n, err)
		}
		if err := r.to.Row(ctx, row); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return r.broken(r.entry.Name, err)
	}
	r.note(sum)
	return nil
}

// checkSums compares the checksums of the entries read so far with the list in the
// file.
func (r *reader) checkSums() error {
	text, err := r.all(maxSums)
	if err != nil {
		return err
	}
	written := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		written[name] = sum
	}
	delete(r.sums, sumsEntry)
	for name, sum := range r.sums {
		if written[name] != sum {
			return damaged(name, "the SHA-256 is not the one that was written")
		}
	}
	if !maps.Equal(written, r.sums) {
		return damaged(sumsEntry, "the list names what is not there")
	}
	return nil
}

// artifacts reads the artifacts and the end entry.
func (r *reader) artifacts(ctx context.Context) error {
	last := ""
	for n := 0; ; n++ {
		if err := r.next(); err != nil {
			return err
		}
		if r.entry.Name == endEntry {
			return r.end(n)
		}
		sum, ok := strings.CutPrefix(r.entry.Name, artifactPrefix)
		if !ok || !IsSum(sum) || sum <= last {
			return r.misplaced()
		}
		last = sum
		if err := r.artifact(ctx, sum); err != nil {
			return err
		}
	}
}

func (r *reader) artifact(ctx context.Context, sum string) error {
	hash := sha256.New()
	if err := r.to.Artifact(ctx, sum, io.TeeReader(r.tar, hash)); err != nil {
		return r.broken(r.entry.Name, err)
	}
	if _, err := io.Copy(hash, r.tar); err != nil {
		return r.broken(r.entry.Name, err)
	}
	if hexadecimal(hash.Sum(nil)) != sum {
		return damaged(r.entry.Name, "the contents have another SHA-256")
	}
	return nil
}

// end checks the number of artifacts and that no entry follows.
func (r *reader) end(artifacts int) error {
	text, err := r.all(maxHeader)
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("%d\n", artifacts); string(text) != want {
		return damaged(endEntry, "%d artifacts came before it, and it says %s", artifacts, quoted(strings.TrimSpace(string(text))))
	}
	switch _, err := r.tar.Next(); {
	case err == nil:
		return damaged(endEntry, "more comes after it")
	case !errors.Is(err, io.EOF):
		return r.broken(endEntry, err)
	}
	return nil
}

// all reads a whole entry. It fails if the entry is larger than limit bytes.
func (r *reader) all(limit int64) ([]byte, error) {
	if r.entry.Size > limit {
		return nil, damaged(r.entry.Name, "the entry is larger than %d bytes", limit)
	}
	data, err := io.ReadAll(r.tar)
	if err != nil {
		return nil, r.broken(r.entry.Name, err)
	}
	sum := sha256.New()
	sum.Write(data)
	r.note(sum)
	return data, nil
}

// note keeps the checksum of the current entry.
func (r *reader) note(sum hash.Hash) { r.sums[r.entry.Name] = hexadecimal(sum.Sum(nil)) }

func (r *reader) misplaced() error {
	return damaged(quoted(r.entry.Name), "the entry has no place there")
}

// broken returns the error for a failed read of what. Errors that are not about
// the archive, those of the reader or the sink, are returned as they are.
func (r *reader) broken(what string, err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutShort(what)
	case errors.Is(err, tar.ErrHeader), errors.Is(err, tar.ErrInsecurePath):
		if !r.begun {
			return foreign("the file is no tar archive")
		}
		return damaged(what, "the archive cannot be read on")
	case errors.Is(err, bufio.ErrTooLong):
		return damaged(what, "a line is larger than %d bytes", maxRow)
	}
	return err
}

func cutShort(what string) error {
	return core.Errorf(core.ErrorInput, "the file is cut short: %s is not whole", what).
		WithHint("get the file again, or export the run again")
}

// quoted quotes a name that comes from the file, shortened to 80 bytes.
func quoted(name string) string {
	const longest = 80
	if len(name) > longest {
		name = name[:longest] + "…"
	}
	return fmt.Sprintf("%q", name)
}
