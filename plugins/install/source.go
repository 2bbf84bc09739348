package install

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aead.dev/minisign"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// serverPatience is how long a server may send nothing.
const serverPatience = 30 * time.Second

// origin is the source of a program, with what is known of it before it is
// fetched.
type origin struct {
	place place
	// file is the program's file name there.
	file string
	// known are the expected properties of the program. Source is set, the
	// others as far as the source names them.
	known Entry
}

// sum is the checksum that the program must have; "" where it is not known.
func (o origin) sum() string { return o.known.SHA256[Platform()] }

// findOrigin returns the origin for a source: the checksums file of a release,
// as a URL or a path; a folder with one; or a program.
func findOrigin(ctx context.Context, source string, key *minisign.PublicKey) (origin, error) {
	if err := requirement.CheckSource(source); err != nil {
		return origin{}, core.Errorf(core.ErrorConfig, "%w", err)
	}
	if requirement.IsURL(source) {
		i := strings.LastIndex(source, "/") + 1
		if !strings.HasSuffix(source, sumsSuffix) {
			return origin{}, core.Errorf(core.ErrorConfig, "%s is not the address of a checksums file", source).
				WithHint("give the address that ends with %sNAME_VERSION%s; the programs are beside it", host.FilePrefix, sumsSuffix)
		}
		return releaseAt(ctx, web{source[:i], serverPatience}, source[i:], source, key)
	}
	path, err := filepath.Abs(source)
	if err != nil {
		return origin{}, core.Errorf(core.ErrorConfig, "%w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return origin{}, core.Errorf(core.ErrorConfig, "%w", err).
			WithHint("give a program, the folder of a release, or the address of its checksums file")
	}
	if info.IsDir() {
		if path, err = onlySums(path); err != nil {
			return origin{}, err
		}
	}
	dir, file := filepath.Split(path)
	if strings.HasSuffix(file, sumsSuffix) {
		return releaseAt(ctx, folder(dir), file, path, key)
	}
	return programAt(folder(dir), file, path, key)
}

// onlySums returns the only checksums file of a folder.
func onlySums(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(escapeGlob(dir), host.FilePrefix+"*"+sumsSuffix))
	switch {
	case err != nil:
		return "", core.Errorf(core.ErrorConfig, "%w", err)
	case len(found) == 0:
		return "", core.Errorf(core.ErrorConfig, "there is no checksums file in %s", dir).
			WithHint("a release has a file %sNAME_VERSION%s; a single program is given by its own path", host.FilePrefix, sumsSuffix)
	case len(found) > 1:
		return "", core.Errorf(core.ErrorConfig, "there are %d checksums files in %s", len(found), dir).
			WithHint("name the one to install, such as %s", found[len(found)-1])
	}
	return found[0], nil
}

// escapeGlob escapes a folder's name for use in a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// releaseAt reads the checksums file of a release, and verifies its signature
// if there is a key.
func releaseAt(ctx context.Context, p place, file, source string, key *minisign.PublicKey) (origin, error) {
	data, err := read(ctx, p, file, maxSums)
	if err != nil {
		return origin{}, err
	}
	o := origin{place: p, known: Entry{Source: source}}
	if key != nil {
		signature, err := read(ctx, p, file+signatureSuffix, maxSignature)
		if errors.Is(err, fs.ErrNotExist) {
			return origin{}, core.Errorf(core.ErrorConfig, "the release is not signed: there is no %s%s beside %s", file, signatureSuffix, source).
				WithHint("--unsigned takes a release without a signature")
		}
		if err != nil {
			return origin{}, err
		}
		if err := verifySignature(*key, file, data, signature); err != nil {
			return origin{}, err
		}
		o.known.SignedBy = key.String()
	}
	sums, err := ParseChecksums(file, data)
	if err != nil {
		return origin{}, err
	}
	o.known.Name, o.known.Version, o.known.SHA256 = sums.Name, sums.Version, sums.SHA256
	err = o.forThisPlatform(source)
	return o, err
}

// programAt is a program without a release.
func programAt(p place, file, source string, key *minisign.PublicKey) (origin, error) {
	if key != nil {
		return origin{}, core.Errorf(core.ErrorConfig, "%s is a program, and it is checksums files that are signed", source).
			WithHint("give the release's %sNAME_VERSION%s instead", host.FilePrefix, sumsSuffix)
	}
	o := origin{place: p, file: file, known: Entry{Source: source}}
	if name, ok := strings.CutPrefix(file, host.FilePrefix); ok {
		if o.known.Name, o.known.Version, ok = releaseName(strings.TrimSuffix(file, programSuffix())); !ok {
			o.known.Name, o.known.Version = name, ""
		}
	}
	return o, nil
}

// programSuffix is the suffix of the names of a release's programs for this
// platform.
func programSuffix() string { return "_" + strings.Replace(Platform(), "/", "_", 1) }

// lockedOrigin is the origin of a locked plugin. It needs no checksums file:
// the lock has the checksums.
func lockedOrigin(l Entry) (origin, error) {
	if err := requirement.CheckSource(l.Source); err != nil {
		return origin{}, core.Errorf(core.ErrorConfig, "plugin %q: %w", l.Name, err)
	}
	i := strings.LastIndexAny(l.Source, "/"+string(filepath.Separator)) + 1
	o := origin{place: folder(l.Source[:i]), file: l.Source[i:], known: l}
	if requirement.IsURL(l.Source) {
		o.place = web{l.Source[:i], serverPatience}
	}
	if strings.HasSuffix(l.Source, sumsSuffix) {
		o.file = ""
	}
	err := o.forThisPlatform("the lock")
	return o, err
}

// forThisPlatform returns the name of the release's program for this platform.
func (o *origin) forThisPlatform(who string) error {
	if o.sum() == "" {
		return core.Errorf(core.ErrorConfig, "%s has no program of plugin %q %s for %s; it has some for %s",
			who, o.known.Name, o.known.Version, Platform(), strings.Join(platforms(o.known), ", "))
	}
	if o.file == "" {
		o.file = programFile(o.known.Name, o.known.Version, Platform())
	}
	return nil
}
