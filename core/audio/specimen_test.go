package audio_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// specimen is a file and the expected result: samples, perhaps with one warning, or
// an error.
type specimen struct {
	name string
	file []byte

	want    []int16
	warning string // a part of it; "" for none
	err     string // a part of it; "" for none
}

// specimens are all crafted files.
func specimens() []specimen {
	var all []specimen
	for _, some := range [][]specimen{
		lyingChunks(), openLengths(), cutOffFiles(), arrangements(),
		encodings(), extensibleHeaders(), undecodable(), contradictions(), otherFiles(),
	} {
		all = append(all, some...)
	}
	return all
}

// check decodes specimens.
func check(t *testing.T, list []specimen) {
	t.Helper()
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			clip, warnings, err := audio.DecodeWAV(s.file)
			if s.err != "" {
				checkRefused(t, s, clip, warnings, err)
				return
			}
			if err != nil {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(s.want, clip.Samples); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
			if s.warning == "" && len(warnings) == 0 {
				return
			}
			if s.warning == "" || len(warnings) != 1 || !strings.Contains(warnings[0], s.warning) {
				t.Errorf("warnings %q, want %q", warnings, s.warning)
			}
		})
	}
}

func checkRefused(t *testing.T, s specimen, clip audio.Clip, warnings []string, err error) {
	t.Helper()
	if core.KindOf(err) != core.ErrorInput || !strings.Contains(err.Error(), s.err) {
		t.Errorf("error %v, want an input error with %q", err, s.err)
	}
	if clip.Samples != nil || clip.Rate != 0 || warnings != nil {
		t.Errorf("beside the error there are %v and warnings %q", clip, warnings)
	}
}

// chunk is a RIFF chunk, whose size may be wrong.
type chunk struct {
	id       string
	body     []byte
	lie      uint32 // the size to claim, where it is not 0
	unpadded bool   // lacks the byte that fills up an odd body
}

func riff(form string, chunks ...chunk) []byte {
	b := append([]byte("RIFF\xff\xff\xff\xff"), form...)
	for _, c := range chunks {
		b = c.append(b)
	}
	return b
}

func (c chunk) append(b []byte) []byte {
	size := uint32(len(c.body))
	if c.lie != 0 {
		size = c.lie
	}
	b = append(b, c.id...)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = append(b, c.body...)
	if len(c.body)%2 == 1 && !c.unpadded {
		b = append(b, 0)
	}
	return b
}

// fmtChunk describes a format, also one that does not exist.
func fmtChunk(tag uint16, channels, rate, bits int) chunk {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, tag)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*bits/8))
	b = le.AppendUint16(b, uint16(channels*bits/8))
	b = le.AppendUint16(b, uint16(bits))
	return chunk{id: "fmt ", body: b}
}

// extensible describes a format with the extensible header.
func extensible(tag uint16, channels, rate, bits, validBits int) chunk {
	c := fmtChunk(0xFFFE, channels, rate, bits)
	le := binary.LittleEndian
	c.body = le.AppendUint16(c.body, 22)
	c.body = le.AppendUint16(c.body, uint16(validBits))
	c.body = le.AppendUint32(c.body, 0) // loudspeakers
	c.body = le.AppendUint16(c.body, tag)
	c.body = append(c.body, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71)
	return c
}

func plain(channels, rate, bits int) chunk { return fmtChunk(1, channels, rate, bits) }

// mono is the format of most specimens.
func mono() chunk { return plain(1, 8000, 16) }

func data(b ...byte) chunk { return chunk{id: "data", body: b} }

// sampleFiles are the files of other programs in testdata, by name.
func sampleFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*/*.wav")
	if err != nil || len(names) == 0 {
		t.Fatalf("no sample files: %v", err)
	}
	files := make(map[string][]byte)
	for _, name := range names {
		files[name] = read(t, name)
	}
	return files
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// join puts bytes one after the other.
func join(pieces ...[]byte) []byte { return bytes.Join(pieces, nil) }
