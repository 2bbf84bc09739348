package runfile_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// must stops the test at the first error.
func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// contents is a Sink that keeps everything.
type contents struct {
	Header    runfile.Header
	Rows      []runfile.Row
	Artifacts []string
}

func (c *contents) Begin(_ context.Context, h runfile.Header) error {
	c.Header = h
	return nil
}

func (c *contents) Row(_ context.Context, r runfile.Row) error {
	c.Rows = append(c.Rows, r)
	return nil
}

func (c *contents) Artifact(_ context.Context, sum string, data io.Reader) error {
	content, err := io.ReadAll(data)
	c.Artifacts = append(c.Artifacts, string(content))
	return err
}

// sample returns rows with every kind of value, and artifacts.
func sample() contents {
	c := contents{
		Header: runfile.Header{Run: "20261123-203434-k3x9", Schema: 7, Orchestrator: "v1"},
		Rows: []runfile.Row{
			{Table: "runs", Values: map[string]any{"id": "20261123-203434-k3x9", "seed": int64(-1 << 63), "ended": nil, "file": "<&>\x00\u2028"}},
			{Table: "parts", Values: map[string]any{"data": []byte("a\x00\xff"), "none": []byte{}, "media": "caf\xe9", "value": 0.25, "whole": 1.0}},
		},
		Artifacts: []string{"RIFF one", "", "RIFF three"},
	}
	slices.SortFunc(c.Artifacts, func(a, b string) int { return strings.Compare(sum(a), sum(b)) })
	return c
}

func sum(data string) string {
	raw := sha256.Sum256([]byte(data))
	return hex.EncodeToString(raw[:])
}

func write(t testing.TB, c contents) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := runfile.NewWriter(&file, c.Header)
	must(t, err)
	for _, r := range c.Rows {
		must(t, w.Row(r))
	}
	for _, a := range c.Artifacts {
		must(t, w.Artifact(t.Context(), sum(a), int64(len(a)), strings.NewReader(a)))
	}
	must(t, w.Close())
	return file.Bytes()
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	want := sample()
	file := write(t, want)
	var got contents
	must(t, runfile.Read(t.Context(), bytes.NewReader(file), &got))
	want.Header.Kind, want.Header.Format = "orchestrator run", 1
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
	if !bytes.Equal(file, write(t, sample())) {
		t.Error("written again, it is another file")
	}
}

func TestALongRowIsReadBack(t *testing.T) {
	want := sample()
	want.Rows = append(want.Rows, runfile.Row{Table: "parts", Values: map[string]any{"text": strings.Repeat("x", 3<<20)}})
	var got contents
	must(t, runfile.Read(t.Context(), bytes.NewReader(write(t, want)), &got))
	if !cmp.Equal(want.Rows, got.Rows) {
		t.Errorf("%d rows are read, and not those that were written", len(got.Rows))
	}
}

func TestOnlyTheOwnerReadsWhatIsUnpacked(t *testing.T) {
	entries := 0
	for r := tar.NewReader(bytes.NewReader(write(t, sample()))); ; entries++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if h.Mode != 0o600 || h.Typeflag != tar.TypeReg {
			t.Errorf("%s has the mode %o and the type %c", h.Name, h.Mode, h.Typeflag)
		}
	}
	if entries != 7 {
		t.Errorf("%d entries, want 7", entries)
	}
}

func TestEveryValueOfARowIsReadBack(t *testing.T) {
	for _, want := range []any{nil, int64(0), int64(7), int64(-1), int64(math.MinInt64), 0.0, 7.0, -0.5, 1e300, "", "7", "null", "\xff", []byte{}, []byte{0, 0xff}} {
		line, err := json.Marshal(runfile.Row{Table: "t", Values: map[string]any{"a": want}})
		must(t, err)
		var got runfile.Row
		must(t, json.Unmarshal(line, &got))
		if diff := cmp.Diff(want, got.Values["a"]); diff != "" {
			t.Errorf("%s (-written +read):\n%s", line, diff)
		}
	}
}

func TestOtherProgramsCanCheckAFile(t *testing.T) {
	dir := t.TempDir()
	unpack := exec.CommandContext(t.Context(), "sh", "-c", "tar -xf - && sha256sum -c SHA256SUMS")
	unpack.Dir = dir
	unpack.Stdin = bytes.NewReader(write(t, sample()))
	out, err := unpack.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "rows/000001.jsonl: OK") {
		t.Errorf("%v:\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "artifacts", "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("artifacts %v, %v; want 3", files, err)
	}
}

func TestAFileThatIsCutShortIsRefusedWhereverItEnds(t *testing.T) {
	file := write(t, sample())
	end := bytes.LastIndex(file, []byte("3\n")) + 2 // nothing is missing behind it
	step := 7                                       // which meets every kind of place
	if os.Getenv("ENDURANCE") != "" {
		step = 1
	}
	for at := 0; at < end; at += step {
		err := runfile.Read(t.Context(), bytes.NewReader(file[:at]), &contents{})
		if core.KindOf(err) != core.ErrorInput || core.HintOf(err) == "" {
			t.Fatalf("the first %d of %d bytes: %v, want an input error with a hint", at, len(file), err)
		}
	}
}

// entry is an entry of an archive that is no run.
type entry struct {
	header tar.Header
	data   string
}

func file(name, data string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o600}, data}
}

func archive(t testing.TB, entries ...entry) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		must(t, w.WriteHeader(&e.header))
		_, err := io.WriteString(w, e.data)
		must(t, err)
	}
	must(t, w.Close())
	return out.String()
}

// begun is an archive that begins as a run does.
func begun(t testing.TB, header, rows string, rest ...entry) string {
	t.Helper()
	if header == "" {
		header = `{"kind":"orchestrator run","format":1,"run":"r","schema":5,"orchestrator":"v1"}`
	}
	sums := fmt.Sprintf("%s  run.json\n%s  rows/000001.jsonl\n", sum(header), sum(rows))
	return archive(t, append([]entry{file("run.json", header), file("rows/000001.jsonl", rows), file("SHA256SUMS", sums)}, rest...)...)
}

func TestWhatIsNoExportedRunIsRefusedWithAReason(t *testing.T) {
	const row = `{"table":"t","row":{"a":1}}` + "\n"
	header := func(changes ...string) string {
		return strings.NewReplacer(changes...).Replace(`{"kind":"orchestrator run","format":1,"run":"r","schema":5,"orchestrator":"v9"}`)
	}
	zero := sum("")
	whole := string(write(t, sample()))
	sparse := file("artifacts/"+zero, "")
	sparse.header.Typeflag, sparse.header.Size = tar.TypeLink, 0
	sparse.header.Linkname = "/etc/passwd"
	link := file("run.json", "")
	link.header.Typeflag, link.header.Linkname = tar.TypeSymlink, "/etc/passwd"
	for name, test := range map[string]struct{ file, want string }{
		"nothing":                     {"", "the file is empty"},
		"a text":                      {strings.Repeat("name: campaign\n", 100), "the file is no tar archive"},
		"a short text":                {"hello", "cut short"},
		"an empty archive":            {archive(t), "the archive is empty"},
		"another archive":             {archive(t, file("README", "hello")), `the archive begins with "README"`},
		"a link in the first place":   {archive(t, link, file("run.json", header())), `"run.json": not a regular file`},
		"another run.json":            {begun(t, `{"name":"marathon"}`, row), "that of something else"},
		"a run.json that is none":     {begun(t, `{`, row), "run.json"},
		"a run.json that is too long": {begun(t, strings.Repeat(" ", 70_000), row), "larger than 65536 bytes"},
		"a compressed one":            {"\x1f\x8b\x08\x00" + whole, "it is compressed (gzip)"},
		"a newer format":              {begun(t, header(`"format":1`, `"format":2`), row), "newer version of the orchestrator (format 2; this one reads up to 1)"},
		"no format":                   {begun(t, header(`"format":1`, `"format":-1`), row), "there is no format -1"},
		"a run that is a path":        {begun(t, header(`"run":"r"`, `"run":"../r"`), row), `"../r" is not a run's ID`},
		"a run that is hidden":        {begun(t, header(`"run":"r"`, `"run":".r"`), row), `".r" is not a run's ID`},
		"a run without a name":        {begun(t, header(`"run":"r"`, `"run":""`), row), `"" is not a run's ID`},
		"a path":                      {begun(t, "", row, file("artifacts/../../../etc/passwd", "x")), "the entry has no place there"},
		"an absolute path":            {begun(t, "", row, file("/etc/passwd", "x")), "the entry has no place there"},
		"a long path":                 {begun(t, "", row, file(strings.Repeat("a", 90)+"/b", "x")), "…"},
		"a link":                      {begun(t, "", row, sparse), "not a regular file"},
		"an artifact twice":           {begun(t, "", row, file("artifacts/"+zero, ""), file("artifacts/"+zero, "")), "the entry has no place there"},
		"a damaged artifact":          {begun(t, "", row, file("artifacts/"+zero, "x")), "another SHA-256"},
		"an artifact in capitals":     {begun(t, "", row, file("artifacts/"+strings.ToUpper(zero), "")), "the entry has no place there"},
		"a wrong end":                 {begun(t, "", row, file("END", "1\n")), `0 artifacts came before it, and it says "1"`},
		"something after the end":     {begun(t, "", row, file("END", "0\n"), file("END", "0\n")), "more comes after it"},
		"no end":                      {begun(t, "", row), "cut short"},
		"a row without a table":       {begun(t, "", `{"row":{"a":1}}`), "rows/000001.jsonl: line 1: the row names no table"},
		"a row that is none":          {begun(t, "", row+"[]\n"), "line 2"},
		"a row with more to it":       {begun(t, "", `{"table":"t","row":{"a":1},"drop":1}`), "unknown field"},
		"a value that is a list":      {begun(t, "", `{"table":"t","row":{"a":[1]}}`), "is no value of a column"},
		"a value that is a truth":     {begun(t, "", `{"table":"t","row":{"a":true}}`), "is no value of a column"},
		"a value of two kinds":        {begun(t, "", `{"table":"t","row":{"a":{"bytes":"","text":""}}}`), "neither bytes nor text"},
		"a value of no kind":          {begun(t, "", `{"table":"t","row":{"a":{}}}`), "neither bytes nor text"},
		"base64 that is none":         {begun(t, "", `{"table":"t","row":{"a":{"bytes":"?"}}}`), "line 1"},
		"rows that were changed":      {strings.Replace(whole, `"seed"`, `"sead"`, 1), "the SHA-256 is not the one that was written"},
		"a header that was changed":   {strings.Replace(whole, `"v1"`, `"v2"`, 1), "the SHA-256 is not the one that was written"},
		"a file of rows is missing": {
			archive(t, file("run.json", header()), file("SHA256SUMS", sum(header())+"  run.json\n"+zero+"  rows/000001.jsonl\n")),
			"the list names what is not there",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := runfile.Read(t.Context(), strings.NewReader(test.file), &contents{})
			if core.KindOf(err) != core.ErrorInput || core.HintOf(err) == "" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Read: %v (%s), want an input error with a hint that says %q", err, core.KindOf(err), test.want)
			}
		})
	}
}

// A sparse entry claims to be larger than its bytes in the archive.
func TestAFileThatPretendsToBeLargeIsRefused(t *testing.T) {
	name := "artifacts/" + sum("")
	const large = "8589934592"
	records := ""
	for _, r := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=" + name, "GNU.sparse.realsize=" + large} {
		size := len(r) + 3
		size += len(fmt.Sprint(size)) - 1
		records += fmt.Sprintf("%d %s\n", len(fmt.Sprint(size))+len(r)+2, r)
	}
	good := begun(t, "", `{"table":"t","row":{"a":1}}`)
	good = strings.TrimRight(good, "\x00")
	good += strings.Repeat("\x00", (512-len(good)%512)%512)
	extended := archive(t, entry{tar.Header{Typeflag: tar.TypeReg, Name: "x", Size: int64(len(records))}, records})
	// The package does not write such headers: this one becomes one.
	block := []byte(extended)
	block[156] = 'x'
	checksum(block[:512])
	sparse := strings.TrimRight(archive(t, file("GNUSparseFile.0/x", "1\n0\n0\n"+strings.Repeat("\x00", 506))), "\x00")
	sparse += strings.Repeat("\x00", 1024-len(sparse)%512)
	bomb := good + string(bytes.TrimRight(block, "\x00"))
	bomb += strings.Repeat("\x00", (512-len(bomb)%512)%512) + sparse
	var taken int64
	err := runfile.Read(t.Context(), strings.NewReader(bomb), counting{&contents{}, &taken})
	if core.KindOf(err) != core.ErrorInput || !strings.Contains(err.Error(), "the entry is sparse") || taken != 0 {
		t.Errorf("Read: %v after %d bytes, want it to say that the entry is sparse", err, taken)
	}
}

// checksum corrects the checksum of a header.
func checksum(block []byte) {
	copy(block[148:156], "        ")
	total := 0
	for _, b := range block {
		total += int(b)
	}
	copy(block[148:156], fmt.Sprintf("%06o\x00 ", total))
}

// counting counts the bytes of artifacts.
type counting struct {
	runfile.Sink
	taken *int64
}

func (c counting) Artifact(_ context.Context, _ string, data io.Reader) error {
	n, err := io.Copy(io.Discard, data)
	*c.taken += n
	return err
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	h := sample().Header
	if _, err := runfile.NewWriter(io.Discard, runfile.Header{Run: "../r"}); err == nil {
		t.Error("a run that is a path is written")
	}
	for name, do := range map[string]func(*runfile.Writer) error{
		"a value of another type": func(w *runfile.Writer) error {
			return w.Row(runfile.Row{Table: "t", Values: map[string]any{"a": struct{}{}}})
		},
		"an artifact with another checksum": func(w *runfile.Writer) error {
			return w.Artifact(t.Context(), sum("a"), 1, strings.NewReader("b"))
		},
		"an artifact of another size": func(w *runfile.Writer) error {
			return errors.Join(w.Artifact(t.Context(), sum("a"), 2, strings.NewReader("a")), w.Close())
		},
		"artifacts out of their order": func(w *runfile.Writer) error {
			a := w.Artifact(t.Context(), sum(""), 0, strings.NewReader(""))
			return errors.Join(a, w.Artifact(t.Context(), sum(""), 0, strings.NewReader("")))
		},
		"a row after an artifact": func(w *runfile.Writer) error {
			a := w.Artifact(t.Context(), sum(""), 0, strings.NewReader(""))
			return errors.Join(a, w.Row(sample().Rows[0]))
		},
	} {
		w, err := runfile.NewWriter(io.Discard, h)
		must(t, err)
		if err := do(w); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	w, err := runfile.NewWriter(io.Discard, h)
	must(t, err)
	err = w.Row(runfile.Row{Table: "t", Values: map[string]any{"share": math.NaN()}})
	if err == nil || !strings.Contains(err.Error(), "column share: ") {
		t.Errorf("a number that is none: %v, want an error that names its column", err)
	}
}

func TestAnArtifactThatCannotBeReadIsAnErrorThatSaysWhy(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, test := range map[string]struct {
		ctx  context.Context
		data io.Reader
		want error
	}{
		"the disk fails": {t.Context(), iotest.ErrReader(io.ErrNoProgress), io.ErrNoProgress},
		"the disk fails at the end": {
			t.Context(), io.MultiReader(strings.NewReader("a"), iotest.ErrReader(io.ErrNoProgress)), io.ErrNoProgress,
		},
		"the context has ended": {stopped, strings.NewReader("a"), context.Canceled},
	} {
		w, err := runfile.NewWriter(io.Discard, sample().Header)
		must(t, err)
		if err := w.Artifact(test.ctx, sum("a"), 1, test.data); !errors.Is(err, test.want) || !strings.Contains(err.Error(), "artifact "+sum("a")) {
			t.Errorf("%s: %v, want %v and the artifact's name", name, err, test.want)
		}
	}
}

// zeros is a reader of a number of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes and reads 96 MiB")
	}
	size, rows, most := int64(96<<20), 5_000, int64(32<<20)
	if os.Getenv("ENDURANCE") != "" {
		size, rows, most = 192<<20, 20_000, 64<<20
	}
	hash := sha256.New()
	_, err := io.CopyN(hash, zeros{}, size)
	must(t, err)
	name := hex.EncodeToString(hash.Sum(nil))
	pipe, out := io.Pipe()
	go func() {
		w, err := runfile.NewWriter(out, sample().Header)
		for i := 0; i < rows && err == nil; i++ {
			err = w.Row(runfile.Row{Table: "t", Values: map[string]any{"id": int64(i), "text": strings.Repeat("x", 1000)}})
		}
		if err == nil {
			err = w.Artifact(context.Background(), name, size, io.LimitReader(zeros{}, size))
		}
		_ = out.CloseWithError(errors.Join(err, w.Close()))
	}()
	var taken int64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	must(t, runfile.Read(t.Context(), pipe, counting{discard{}, &taken}))
	runtime.ReadMemStats(&after)
	if grown := int64(after.Sys) - int64(before.Sys); taken != size || grown > most {
		t.Errorf("%d bytes were read, and memory has grown by %d", taken, grown)
	}
}

// discard is a Sink that keeps nothing.
type discard struct{}

func (discard) Begin(context.Context, runfile.Header) error                { return nil }
func (discard) Row(context.Context, runfile.Row) error                     { return nil }
func (discard) Artifact(_ context.Context, _ string, data io.Reader) error { return nil }

// Every file that Read accepts has artifacts with the right checksums, and writing
// its content gives the same file.
func FuzzRead(f *testing.F) {
	f.Add(write(f, sample()))
	f.Add(write(f, contents{Header: sample().Header}))
	f.Add([]byte(begun(f, "", `{"table":"t","row":{"a":1.5,"b":null}}`+"\n", file("END", "0\n"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c contents
		if err := runfile.Read(t.Context(), bytes.NewReader(data), &c); err != nil {
			if core.KindOf(err) != core.ErrorInput {
				t.Errorf("Read: %v (%s error), want an input error", err, core.KindOf(err))
			}
			return
		}
		if strings.ContainsAny(c.Header.Run, `/\`) || strings.HasPrefix(c.Header.Run, ".") {
			t.Errorf("the run is called %q", c.Header.Run)
		}
		var again contents
		must(t, runfile.Read(t.Context(), bytes.NewReader(write(t, c)), &again))
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("-read +written and read again:\n%s", diff)
		}
	})
}
