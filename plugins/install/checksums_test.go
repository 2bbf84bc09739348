package install_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

const sumsFile = "orchestrator-plugin-acme_0.3.1_SHA256SUMS"

var (
	ones = strings.Repeat("1", 64)
	twos = strings.Repeat("2", 64)
)

func TestAChecksumsFileNamesTheProgramsOfARelease(t *testing.T) {
	got, err := install.ParseChecksums(sumsFile, []byte(
		ones+"  orchestrator-plugin-acme_0.3.1_linux_amd64\n"+
			strings.ToUpper(strings.Repeat("a", 64))+" *orchestrator-plugin-acme_0.3.1_darwin_arm64\r\n"+
			twos+"  orchestrator-plugin-acme_0.3.0_linux_arm64\n"+
			twos+"  README and more.md\n"))
	want := install.Checksums{
		Name: "acme", Version: "0.3.1",
		SHA256: map[string]string{"linux/amd64": ones, "darwin/arm64": strings.Repeat("a", 64)},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n-want +got:\n%s", err, diff)
	}
}

func TestAChecksumsFileIsReadStrictly(t *testing.T) {
	line := ones + "  orchestrator-plugin-acme_0.3.1_linux_amd64\n"
	for _, test := range []struct{ name, file, text, want string }{
		{"another name", "SHA256SUMS", line, `"SHA256SUMS" is not the name of a checksums file`},
		{"no version", "orchestrator-plugin-acme_latest_SHA256SUMS", line, "is not the name of a checksums file"},
		{"a path", "orchestrator-plugin-../x_0.3.1_SHA256SUMS", line, "is not the name of a checksums file"},
		{"empty", sumsFile, "", "lists no program orchestrator-plugin-acme_0.3.1_OS_ARCH"},
		{"only other files", sumsFile, ones + "  x\n", "lists no program"},
		{"an empty line", sumsFile, line + "\n", "SHA256SUMS:2: not a line of sha256sum"},
		{"a short checksum", sumsFile, line[1:], "SHA256SUMS:1: not a line of sha256sum"},
		{"one space", sumsFile, strings.Replace(line, "  ", " ", 1), "SHA256SUMS:1: not a line of sha256sum"},
		{"no name", sumsFile, ones + "  \n", "SHA256SUMS:1: not a line of sha256sum"},
		{"two checksums", sumsFile, line + strings.Replace(line, ones, twos, 1), "SHA256SUMS:2: a second checksum of"},
		{"too large", sumsFile, strings.Repeat(line, 1<<14), "is larger than 1 MiB"},
		{"a line without end", sumsFile, line + strings.Repeat("x", 1<<17), "token too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := install.ParseChecksums(test.file, []byte(test.text))
			if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// FuzzParseChecksums holds the parser to its promise: whatever the bytes, it
// returns; and what it takes are checksums.
func FuzzParseChecksums(f *testing.F) {
	f.Add(sumsFile, ones+"  orchestrator-plugin-acme_0.3.1_linux_amd64\n")
	f.Add("orchestrator-plugin-a_1.0.0-rc.1+b_SHA256SUMS", twos+" *orchestrator-plugin-a_1.0.0-rc.1+b_linux_amd64\r\n")
	f.Fuzz(func(t *testing.T, file, text string) {
		sums, err := install.ParseChecksums(file, []byte(text))
		if err != nil {
			return
		}
		for platform, sum := range sums.SHA256 {
			if len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" || strings.Count(platform, "/") != 1 {
				t.Errorf("%q: %q", platform, sum)
			}
		}
		if strings.ContainsAny(sums.Name+sums.Version, "/\\_") {
			t.Errorf("%q %q would leave the folder", sums.Name, sums.Version)
		}
	})
}
