package sandbox

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// program is an ELF file that names a loader in so many bytes.
func program(t *testing.T, loader string, size uint64) []byte {
	t.Helper()
	const headers = 64 + 56
	var file bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
			Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
		},
		elf.Prog64{Type: uint32(elf.PT_INTERP), Off: headers, Filesz: size, Memsz: size},
	} {
		if err := binary.Write(&file, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return append(file.Bytes(), loader...)
}

// failing cannot be read from an offset on.
type failing struct {
	io.ReaderAt
	from int64
}

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.from {
		n, _ := f.ReaderAt.ReadAt(p[:max(0, f.from-at)], at)
		return n, errors.New("the disk is broken")
	}
	return f.ReaderAt.ReadAt(p, at)
}

func TestTheLoaderOfAProgramIsTheOneThatItNames(t *testing.T) {
	const name = "/lib64/ld-linux-x86-64.so.2"
	whole := program(t, name+"\x00", uint64(len(name)+1))
	for what, test := range map[string]struct {
		file io.ReaderAt
		want string
	}{
		"a program":                  {bytes.NewReader(whole), name},
		"a script":                   {bytes.NewReader([]byte("#!/bin/sh\n")), ""},
		"a name without end":         {bytes.NewReader(program(t, name, 1<<40)), ""},
		"a name that cannot be read": {failing{bytes.NewReader(whole), int64(len(whole)) - 5}, ""},
	} {
		if got := loader(test.file); got != test.want {
			t.Errorf("%s: the loader is %q, want %q", what, got, test.want)
		}
	}
}
