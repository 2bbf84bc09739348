package sandbox_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// script writes an executable file and returns its path.
func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orchestrator-plugin-script")
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAScriptGetsItsInterpreter(t *testing.T) {
	y := newYard(t)
	for name, text := range map[string]string{
		"by its path":       "#!/bin/sh\necho hello\n",
		"with an argument":  "#!/bin/sh -u\necho hello\n",
		"by env":            "#!/usr/bin/env sh\necho hello\n",
		"by env -S":         "#!/usr/bin/env -S A=b sh -u\necho hello\n",
		"without a newline": "#!/bin/echo",
	} {
		out, ok := output(t, y.command(t, core.Permissions{}, 0, script(t, text)))
		if !ok || !strings.Contains(out, "hello") && name != "without a newline" {
			t.Errorf("%s: %q", name, out)
		}
	}
}

func TestAScriptRunsNothingElse(t *testing.T) {
	needs(t)
	y := newYard(t)
	file := script(t, "#!/bin/sh\n/usr/bin/id\n")
	if out, ok := output(t, y.command(t, core.Permissions{}, 0, file)); ok || !strings.Contains(out, "Permission denied") {
		t.Errorf("%q, want a refusal", out)
	}
	if out, ok := output(t, y.command(t, core.Permissions{Programs: []string{"id"}}, 0, file)); !ok {
		t.Errorf("declared: %q", out)
	}
}

func TestTheFirstLineOfAScriptOpensNoFileOfItsChoice(t *testing.T) {
	needs(t)
	y := newYard(t)
	key := filepath.Join(y.home, ".ssh", "id_ed25519")
	tool := filepath.Join(y.home, "bin", "tool")
	if err := errors.Join(os.Mkdir(filepath.Dir(tool), 0o700), os.Mkdir(filepath.Join(y.home, "lib"), 0o700)); err != nil {
		t.Fatal(err)
	}
	copyFile(t, "/usr/bin/true", tool)
	// env drops a variable of that name, and the dynamic loader, which may be
	// executed because env needs it, runs a shell that may not.
	const shell = " /lib64/ld-linux-x86-64.so.2 /bin/sh\n"
	for name, test := range map[string]struct{ text, file string }{
		"a value of env's":         {"#!/usr/bin/env -S -u " + key + shell, key},
		"a value of env's, joined": {"#!/usr/bin/env -S --unset " + key + shell, key},
		"a program as a value":     {"#!/usr/bin/env -S -C " + tool + shell, filepath.Join(y.home, "lib")},
		"an interpreter":           {"#!" + key + "\n", key},
	} {
		file := script(t, test.text+"read line < "+test.file+"; echo \"$line\"\n")
		policy, err := sandbox.Process{Program: file, Environment: y.environ(), Own: []string{y.own}}.Policy()
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(slices.Concat(policy.Read, policy.Execute), test.file) {
			t.Errorf("%s: %s may be read", name, test.file)
		}
		if out, _ := output(t, y.command(t, core.Permissions{}, 0, file)); strings.Contains(out, "a private key") {
			t.Errorf("%s: it has read %q", name, out)
		}
	}
}

// interpreter returns the real path of Python, not that of a version manager's shim.
func interpreter(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Skipf("there is no Python: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// python imports what needs shared libraries, certificates and random numbers.
const python = "import ssl, hashlib, random, tempfile, json, threading, socket\n" +
	"ssl.create_default_context(); tempfile.TemporaryFile(); print('hello')\n"

func TestAPythonScriptWorksWithItsInstallationAndInAVirtualEnvironment(t *testing.T) {
	y := newYard(t)
	installed := interpreter(t)
	venv := filepath.Join(t.TempDir(), "venv")
	if out, err := exec.Command(installed, "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
		t.Skipf("no virtual environment: %v: %s", err, out)
	}
	modules, err := filepath.Glob(filepath.Join(venv, "lib", "python*", "site-packages"))
	if err != nil || len(modules) != 1 {
		t.Fatalf("site-packages: %v, %v", modules, err)
	}
	if err := os.WriteFile(filepath.Join(modules[0], "acme.py"), []byte("name = 'acme'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"installed":           "#!" + installed + "\n" + python,
		"virtual environment": "#!" + filepath.Join(venv, "bin", "python") + "\nimport acme\n" + python,
	} {
		out, ok := output(t, y.command(t, core.Permissions{}, 0, script(t, text)))
		if !ok || out != "hello\n" {
			t.Errorf("%s: %q", name, out)
		}
	}
}

func TestAnInterpreterInSomebodysHomeDoesNotOpenTheHome(t *testing.T) {
	home := t.TempDir()
	interpreter := filepath.Join(home, "bin", "run")
	if err := os.Mkdir(filepath.Dir(interpreter), 0o700); err != nil {
		t.Fatal(err)
	}
	copyFile(t, "/usr/bin/true", interpreter)
	policy, err := sandbox.Process{Program: script(t, "#!"+interpreter+"\n"), Own: nil}.Policy()
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(policy.Read, home) || !slices.Contains(policy.Read, filepath.Join(home, "lib")) || !slices.Contains(policy.Execute, interpreter) {
		t.Errorf("policy %+v", policy)
	}
}

func TestSpeechProgramsWorkWhereTheyAreDeclared(t *testing.T) {
	y := newYard(t)
	sound := filepath.Join(y.own, "a.wav")
	for _, argv := range [][]string{
		{"espeak-ng", "-w", sound, "hello"},
		{"flite", "-t", "hello", "-o", sound},
		{"sox", "-n", "-r", "8000", "-b", "16", sound, "synth", "0.1", "sine", "440"},
		{"ffmpeg", "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "sine=duration=0.1", "-y", sound},
	} {
		if _, err := exec.LookPath(argv[0]); err != nil {
			t.Logf("%s is not installed", argv[0])
			continue
		}
		_ = os.Remove(sound)
		out, ok := output(t, y.command(t, core.Permissions{Programs: argv[:1]}, 0, append([]string{y.self, "do", "run"}, argv...)...))
		info, err := os.Stat(sound)
		if !ok || err != nil || info.Size() < 1000 {
			t.Errorf("%s: %q, %v", argv[0], out, err)
		}
	}
}

// setsid32 leaves the session by the 32-bit interface of a 64-bit machine, or by
// that of x32.
const setsid32 = `
#include <stdio.h>
int main(int argc, char **argv) {
	long result;
	if (argc > 1) __asm__ volatile("syscall" : "=a"(result) : "a"(112L | 0x40000000L) : "rcx", "r11", "memory");
	else __asm__ volatile("int $0x80" : "=a"(result) : "a"(66L) : "memory");
	printf("%d\n", (int)result);
	return 0;
}
`

func TestThereIsNoWayRoundTheFilterByAnotherArchitecture(t *testing.T) {
	needs(t)
	y := newYard(t)
	source, program := filepath.Join(t.TempDir(), "a.c"), filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(source, []byte(setsid32), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-o", program, source).CombinedOutput(); err != nil {
		t.Skipf("this needs gcc on x86-64: %v: %s", err, out)
	}
	for name, argv := range map[string][]string{"32 bit": {program}, "x32": {program, "x32"}} {
		out, _ := output(t, y.command(t, core.Permissions{}, 0, argv...))
		if want := map[string]string{"32 bit": "-1\n", "x32": "-38\n"}[name]; out != want {
			t.Errorf("%s: setsid returns %q, want %q", name, out, want)
		}
	}
}

func TestRootKeepsNoPowerButThatOverFiles(t *testing.T) {
	if unix.Geteuid() != 0 {
		t.Skip("only root has any")
	}
	y := newYard(t)
	out, _ := output(t, y.command(t, core.Permissions{}, 0, y.self, "do", "capabilities"))
	if out != "2 0" { // 1 << CAP_DAC_OVERRIDE
		t.Errorf("capabilities %q", out)
	}
	if err := os.Chown(filepath.Join(y.outside, "notes"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if out, _ := output(t, y.command(t, core.Permissions{Read: []string{y.outside}}, 0, y.self, "do", "read", filepath.Join(y.outside, "notes"))); out != "notes" {
		t.Errorf("a declared file of another user: %q", out)
	}
}
