package install_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func readLock(source string) (*install.Lock, error) {
	fsys := fstest.MapFS{install.LockName: {Data: []byte(source)}}
	return install.ReadLockFile(fsys, install.LockName, "l.yaml")
}

// twoLocked is a lock with all that a lock can hold.
func twoLocked() *install.Lock {
	l := &install.Lock{}
	l.Put(install.Entry{
		Name: "zeta", Source: "build/orchestrator-plugin-zeta", Version: "1.0.0", Protocol: "redteam.plugin.v1",
		SHA256: map[string]string{"linux/amd64": strings.Repeat("1", 64)},
	})
	l.Put(install.Entry{
		Name: "acme", Source: "https://example.com/orchestrator-plugin-acme_0.3.1_SHA256SUMS", Version: "0.3.1", Protocol: "redteam.plugin.v1",
		Permissions: core.Permissions{Network: true, Read: []string{"/usr/share/acme"}, Write: []string{"/var/acme"}, Programs: []string{"espeak-ng"}},
		SHA256:      map[string]string{"linux/amd64": strings.Repeat("a", 64), "darwin/arm64": strings.Repeat("1e", 32)},
		SignedBy:    "RWQmS5rE3L3pmZ2ZWRlQpu3nLmQbpDWz0nJMfL4VqlAVPUlmmk4hXXXX",
	})
	return l
}

func TestALockComesBackAsItWasWritten(t *testing.T) {
	data, err := twoLocked().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := readLock(string(data))
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	options := cmp.Options{cmpopts.IgnoreFields(install.Lock{}, "File", "Source")}
	if diff := cmp.Diff(twoLocked(), got, options); diff != "" {
		t.Errorf("-written +read:\n%s\n%s", diff, data)
	}
	if again, err := got.Encode(); err != nil || string(again) != string(data) {
		t.Errorf("written again (%v) it differs:\n%s\n%s", err, data, again)
	}
}

func TestALockIsReadStrictly(t *testing.T) {
	acme := "version: 1\nplugins:\n  acme:\n    source: x\n    version: 0.3.1\n    protocol: redteam.plugin.v1\n"
	sum := "    sha256: {linux/amd64: " + strings.Repeat("a", 64) + "}\n"
	for _, test := range []struct{ name, source, want string }{
		{"sound", acme + sum, ""},
		{"empty", "", `l.yaml:1:1: the file is empty (begin with version: 1)`},
		{"another version", strings.Replace(acme, "1", "2", 1) + sum, `l.yaml:1:10: version must be 1, not the number 2`},
		{"an unknown key", acme + sum + "    sha512: x\n", `l.yaml:8:5: unknown key "sha512" (the keys here are source, version, protocol, permissions, sha256, signed_by)`},
		{"a key twice", acme + sum + sum, `l.yaml:8:5: key "sha256" appears twice; the first is on line 7`},
		{"no checksum", acme, `l.yaml:4:5: plugin "acme" needs the key "sha256"`},
		{"no checksums", acme + "    sha256: {}\n", `l.yaml:7:13: sha256: there are no checksums (a plugin without a checksum cannot be verified)`},
		{"a short checksum", acme + "    sha256: {linux/amd64: abc}\n", `l.yaml:7:27: platform "linux/amd64": "abc" is not a SHA-256 (64 hexadecimal digits, in lower case)`},
		{"no platform", acme + strings.Replace(sum, "/", "-", 1), `l.yaml:7:14: "linux-amd64" is not a platform, which is the system and the architecture, such as linux/amd64`},
		{"no version", strings.Replace(acme, "0.3.1", "latest", 1) + sum, `l.yaml:5:14: version: "latest" is not a semantic version (such as 0.3.1)`},
		{"a relative permission", acme + sum + "    permissions: {read: [etc]}\n", `l.yaml:8:18: permissions: the permission for "etc": a path is absolute and has no . or .. in it`},
		{"an open source", strings.Replace(acme, "source: x", "source: http://example.com/x", 1) + sum, `l.yaml:4:13: source: "http://example.com/x" is not an https address; http is for this machine itself only`},
		{"a campaign", "version: 1\nname: a\n", `l.yaml:1:1: the lock needs the key "plugins"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readLock(test.source)
			got := ""
			if problems, ok := errors.AsType[yamlfile.Problems](err); ok {
				got = problems[0].Error()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAMissingLockIsNoLock(t *testing.T) {
	if _, err := install.ReadLockFile(fstest.MapFS{}, install.LockName, "l.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
}

// FuzzReadLock holds the reader to its promise: whatever the bytes, it returns;
// and what it finds right can be written and read again.
func FuzzReadLock(f *testing.F) {
	data, err := twoLocked().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add("version: 1\nplugins: {a: &x {source: x}, b: *x}\n")
	f.Fuzz(func(t *testing.T, source string) {
		l, err := readLock(source)
		if err != nil {
			return
		}
		data, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := readLock(string(data))
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		second, err := again.Encode()
		if err != nil || string(second) != string(data) {
			t.Errorf("%v\n%s\n%s", err, data, second)
		}
	})
}
