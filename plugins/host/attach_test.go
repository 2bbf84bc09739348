package host_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// debugged starts the plugin "acme" as its author does in a debugger, and
// returns what is pasted.
func debugged(t *testing.T) (*exec.Cmd, host.Attachments) {
	t.Helper()
	cmd := exec.Command(installed(t, "acme")+"/orchestrator-plugin-acme", "--debug")
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, pasted(t, line)
}

// pasted reads the line as a shell would.
func pasted(t *testing.T, line string) host.Attachments {
	t.Helper()
	value, err := exec.Command("sh", "-c", line+`printf %s "$ORCHESTRATOR_ATTACH"`).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	attach, err := host.ParseAttachments(string(value))
	if err != nil || len(attach) != 1 {
		t.Fatalf("%s: %v, %v", line, attach, err)
	}
	return attach
}

func TestAPluginThatItsAuthorStartedIsAttachedAndLeftAlone(t *testing.T) {
	t.Parallel()
	cmd, attach := debugged(t)
	for run := range 2 {
		h, _ := newHost(t, func(o *host.Options) { o.Attach, o.Bundled = attach, nil })
		catalog, err := h.Describe(t.Context())
		if err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		p := catalog.Plugins()[0]
		if !p.Attached || p.Name != "acme" || p.SHA256 != "" {
			t.Errorf("run %d: %+v, want acme, attached, without a checksum", run, p)
		}
		if got := ask(t, h, "acme/nested/length", "four"); got != "4" {
			t.Errorf("run %d: got %q", run, got)
		}
		closeWithin(t, h, time.Second)
		if !running(cmd.Process.Pid) {
			t.Fatalf("run %d: the plugin ended with the host", run)
		}
	}
}

func TestAPluginThatIsAttachedTakesThePlaceOfTheInstalledOne(t *testing.T) {
	t.Parallel()
	cmd, attach := debugged(t)
	h, _ := newHost(t, func(o *host.Options) {
		o.Attach, o.Programs = attach, host.Discover([]string{installed(t, "acme")}, o.Log)
	})
	if got, want := strings.Fields(ask(t, h, "acme/pid", ""))[0], fmt.Sprint(cmd.Process.Pid); got != want {
		t.Errorf("process %s answers, want %s", got, want)
	}
	catalog, err := h.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := catalog.Plugins(); len(got) != 2 || !got[1].Attached {
		t.Errorf("plugins %+v, want the bundled one and the attached one", got)
	}
}

func TestAnInterruptEndsADebuggedPluginAndTakesItsSocketAway(t *testing.T) {
	t.Parallel()
	cmd, attach := debugged(t)
	h, log := newHost(t, func(o *host.Options) { o.Attach, o.Bundled = attach, nil })
	openConverter(t, h, "acme/echo", "")
	signalTo(t, cmd.Process.Pid, syscall.SIGINT)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the plugin ends with %v", err)
	}
	log.waitFor(t, `plugin "acme" died`, "attached is gone")
	if _, err := os.Stat(attach["acme"].Socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestAStaleAttachmentSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := host.New(host.Options{Attach: pasted(t, `export ORCHESTRATOR_ATTACH='{"acme":{"socket":"/tmp/gone/plugin1","pid":1,"protocol":1}}'`+"\n")}).Describe(t.Context())
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), `attaching to plugin "acme" (/tmp/gone/plugin1): there is no such process any more`) {
		t.Errorf("error %v (%s)", err, core.KindOf(err))
	}
}

func TestAMistakeInAnAttachmentIsAnErrorOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":            `acme`,
		"a list":             `[]`,
		"an unknown key":     `{"acme": {"socket": "/x", "pid": 1, "protocol": 1, "tls": true}}`,
		"something behind":   `{} {}`,
		"a relative path":    `{"acme": {"socket": "x", "pid": 1, "protocol": 1}}`,
		"another protocol":   `{"acme": {"socket": "/x", "pid": 1, "protocol": 9}}`,
		"nothing to go with": `{"acme": {}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := host.ParseAttachments(text); core.KindOf(err) != core.ErrorConfig || core.HintOf(err) == "" {
				t.Errorf("error %v (%s), want one of kind config with a hint", err, core.KindOf(err))
			}
		})
	}
}
