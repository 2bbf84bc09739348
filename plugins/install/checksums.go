package install

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"runtime"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

const (
	sumsSuffix = "_SHA256SUMS"
	// maxSums is the largest size of a checksums file, in bytes.
	maxSums = 1 << 20
)

// Checksums is the content of a release's checksums file: the SHA-256 of the
// program of one version of a plugin for each platform.
type Checksums struct {
	Name    string
	Version string
	// SHA256 are in hexadecimal, by platform, such as "linux/amd64".
	SHA256 map[string]string
}

// Platform is the operating system and architecture of this program, such as
// "linux/amd64".
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// ParseChecksums reads a checksums file in the format of sha256sum. Its name is
// orchestrator-plugin-NAME_VERSION_SHA256SUMS, and those of the programs in it
// orchestrator-plugin-NAME_VERSION_OS_ARCH; it may list other files, too. The
// error is of kind config.
func ParseChecksums(file string, data []byte) (Checksums, error) {
	c := Checksums{SHA256: map[string]string{}}
	stem, ok := strings.CutSuffix(file, sumsSuffix)
	if ok {
		c.Name, c.Version, ok = releaseName(stem)
	}
	if !ok {
		return c, core.Errorf(core.ErrorConfig, "%q is not the name of a checksums file", file).
			WithHint("the file of checksums is called %sNAME_VERSION%s, such as %sacme_0.3.1%s", host.FilePrefix, sumsSuffix, host.FilePrefix, sumsSuffix)
	}
	if len(data) > maxSums {
		return c, core.Errorf(core.ErrorConfig, "%s is larger than %d MiB", file, maxSums>>20)
	}
	number := 0
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		number++
		sum, name, err := checksumLine(lines.Text())
		if err != nil {
			return c, core.Errorf(core.ErrorConfig, "%s:%d: %w", file, number, err)
		}
		platform, ok := platformOf(stem, name)
		if !ok {
			continue
		}
		if first, given := c.SHA256[platform]; given && first != sum {
			return c, core.Errorf(core.ErrorConfig, "%s:%d: a second checksum of %s", file, number, name)
		}
		c.SHA256[platform] = sum
	}
	if err := lines.Err(); err != nil {
		return c, core.Errorf(core.ErrorConfig, "%s:%d: %w", file, number+1, err)
	}
	if len(c.SHA256) == 0 {
		return c, core.Errorf(core.ErrorConfig, "%s lists no program %s_OS_ARCH", file, stem)
	}
	return c, nil
}

// checksumLine reads "HASH  NAME", or "HASH *NAME" for a file read as binary.
func checksumLine(line string) (sum, name string, err error) {
	line = strings.TrimSuffix(line, "\r")
	sum, name, ok := strings.Cut(line, " ")
	if raw, err := hex.DecodeString(sum); !ok || len(name) < 2 || !strings.ContainsRune(" *", rune(name[0])) || err != nil || len(raw) != sha256.Size {
		return "", "", core.Errorf(core.ErrorConfig, "not a line of sha256sum: 64 hexadecimal digits, two spaces, the name of a file")
	}
	return strings.ToLower(sum), name[1:], nil
}

// releaseName splits orchestrator-plugin-NAME_VERSION.
func releaseName(stem string) (name, version string, ok bool) {
	rest, ok := strings.CutPrefix(stem, host.FilePrefix)
	name, version, found := strings.Cut(rest, "_")
	_, err := semver.StrictNewVersion(version)
	return name, version, ok && found && err == nil && host.IsName(name)
}

// platformOf returns the platform of a program of a release by its file name.
func platformOf(stem, file string) (string, bool) {
	rest, ok := strings.CutPrefix(file, stem+"_")
	if !ok || !regexp.MustCompile(`^[a-z0-9]+_[a-z0-9]+$`).MatchString(rest) {
		return "", false
	}
	return strings.Replace(rest, "_", "/", 1), true
}

// programFile is the file name of a release's program for a platform.
func programFile(name, version, platform string) string {
	return host.FilePrefix + name + "_" + version + "_" + strings.Replace(platform, "/", "_", 1)
}
