//go:build linux

package host_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestAPluginSeesNothingOfTheEnvironmentButTheAllowedVariables(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-do-not-pass-on")
	t.Setenv("HOME", "/home/secret-customer")
	t.Setenv("HTTPS_PROXY", "http://proxy.example:3128")
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	h, _ := newHost(t, nil)
	environ := ask(t, h, "environ", "")
	for _, secret := range []string{"sk-do-not-pass-on", "OPENAI", "secret-customer"} {
		if strings.Contains(environ, secret) {
			t.Errorf("the plugin's environment contains %q", secret)
		}
	}
	allowed := "GOMEMLIMIT GOGC PATH HOME TMPDIR TZ LANG LANGUAGE SSL_CERT_FILE SSL_CERT_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy GORACE"
	for variable := range strings.SplitSeq(strings.Trim(environ, "\x00"), "\x00") {
		name, _, _ := strings.Cut(variable, "=")
		own := strings.HasPrefix(name, "PLUGIN_") || strings.HasPrefix(name, "ORCHESTRATOR_PLUGIN")
		certificate := strings.Contains(name, "\n") || name == ""
		if !own && !certificate && !strings.HasPrefix(name, "LC_") && !strings.Contains(" "+allowed+" ", " "+name+" ") {
			t.Errorf("the plugin gets the variable %s", name)
		}
	}
	if !strings.Contains(environ, "HTTPS_PROXY=http://proxy.example:3128") {
		t.Error("the plugin does not get the proxy")
	}
	if !strings.Contains(environ, "GORACE=atexit_sleep_ms=0") {
		t.Error("a plugin with the race detector does not get its settings")
	}
}

func TestAPluginThatIsHeldToNothingFindsTheHome(t *testing.T) {
	t.Setenv("HOME", "/home/auditor")
	h, _ := newHost(t, func(o *host.Options) { o.Confinement.Exempt = []string{"orchestrator"} })
	if environ := ask(t, h, "environ", ""); !strings.Contains(environ, "\x00HOME=/home/auditor\x00") {
		t.Errorf("what it runs does not find its settings: %q", environ)
	}
}

func TestOnlyTheHostCanSpeakToAPlugin(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	sockets, err := filepath.Glob(filepath.Join(ask(t, h, "socket", ""), "plugin*"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("sockets %v, %v; want one", sockets, err)
	}
	if conn, err := net.Dial("unix", sockets[0]); err != nil {
		t.Fatalf("the socket is not there: %v", err)
	} else {
		conn.Close()
	}
	for name, stranger := range map[string]credentials.TransportCredentials{
		"without TLS":              insecure.NewCredentials(),
		"without a certificate":    credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}),
		"with another certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{certificate(t)}}),
	} {
		conn, err := grpc.NewClient("unix://"+sockets[0], grpc.WithTransportCredentials(stranger))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err = conn.Invoke(ctx, "/redteam.plugin.v1.PluginService/Describe", &emptypb.Empty{}, &emptypb.Empty{})
		cancel()
		conn.Close()
		if err == nil {
			t.Errorf("a stranger %s got an answer", name)
		}
	}
}

// certificate is one that nobody has asked for.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestAPluginLeadsItsOwnProcessGroup(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	var pid, group int
	if _, err := fmt.Sscan(ask(t, h, "pid", ""), &pid, &group); err != nil {
		t.Fatal(err)
	}
	if pid != group || group == syscall.Getpgrp() {
		t.Errorf("plugin %d is in group %d; ours is %d", pid, group, syscall.Getpgrp())
	}
}

func TestTheSocketLiesInAPrivateFolderThatGoesWithThePlugin(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	dir := ask(t, h, "socket", "")
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode of %s is %v, want 0700", dir, info.Mode().Perm())
	}
	closeWithin(t, h, 5*time.Second)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func TestALongTemporaryFolderDoesNotKeepAPluginFromStarting(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	h, _ := newHost(t, nil)
	if got := ask(t, h, "nested/length", "four"); got != "4" {
		t.Errorf("got %q", got)
	}
}

func TestAPanicIsAnErrorOfItsCall(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	before := pidOf(t, h)
	_, err := openConverter(t, h, "panic", "").Convert(t.Context(), core.TextValue(""))
	if core.KindOf(err) != core.ErrorInternal || !strings.Contains(err.Error(), "out of cheese") {
		t.Errorf("error %v, want an internal one with the panic's value", err)
	}
	log.waitFor(t, "[ERROR] host.orchestrator: panic")
	log.waitFor(t, "out of cheese")
	log.waitFor(t, "fixture_test.go")
	if after := pidOf(t, h); after != before {
		t.Errorf("the process changed from %d to %d", before, after)
	}
}

func TestADeathFailsTheCallWithItsReasonAndTheNextOpenStartsAnew(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ use, status, last string }{
		{"exit", "exit status 3", "the disk is full disk=sda"},
		{"crash", "exit status 2", "panic: out of cheese in the background"},
	} {
		t.Run(test.use, func(t *testing.T) {
			h, _ := newHost(t, nil)
			before := pidOf(t, h)
			_, err := openConverter(t, h, test.use, "").Convert(t.Context(), core.TextValue(""))
			if core.KindOf(err) != core.ErrorUnavailable || !containsAll(err.Error(), []string{`"orchestrator"`, test.status, test.last}) {
				t.Errorf("error %v, want an unavailable one with name, %q and %q", err, test.status, test.last)
			}
			if after := pidOf(t, h); after == before {
				t.Error("the same process answers")
			}
		})
	}
}

func TestAKilledPluginFailsTheConversationItHeld(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "parrot", nil)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() { _, err := talk.Send(t.Context(), core.UserText("wait")); failed <- err }()
	signalTo(t, pidOf(t, h), syscall.SIGKILL)
	if err := <-failed; core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("error %v, want an unavailable one that tells the signal", err)
	}
	if err := talk.End(t.Context()); err != nil {
		t.Errorf("ending what is gone: %v", err)
	}
}

func TestAFrozenPluginDoesNotBlockClose(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	pid := pidOf(t, h)
	signalTo(t, pid, syscall.SIGSTOP)
	closeWithin(t, h, 4*time.Second)
	if running(pid) {
		t.Error("the plugin is still there")
	}
}

func TestAPluginThatNeverAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs = host.Discover([]string{installed(t, "mute")}, o.Log)
		o.StartTimeout = 200 * time.Millisecond
		o.Bundled = nil
	})
	_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "mute/echo", nil)
	if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(err.Error(), `"mute"`) {
		t.Errorf("error %v, want a timeout that names the plugin", err)
	}
}

func TestClosingDuringAStartDoesNotWaitForIt(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "mute")}, o.Log), nil
	})
	failed := make(chan error, 1)
	go func() {
		_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "mute/echo", nil)
		failed <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := core.OpenAs[core.Converter](ctx, h.Using(nil), "mute/echo", nil); core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("the impatient caller got %v, want a timeout", err)
	}
	closeWithin(t, h, 4*time.Second)
	if err := <-failed; core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("error %v, want an unavailable one", err)
	}
}

func TestAGrandchildThatHoldsTheOutputDoesNotBlockClose(t *testing.T) {
	for _, where := range []string{"in the group", "in a group of its own", "away"} {
		t.Run(where, func(t *testing.T) {
			h, _ := newHost(t, nil)
			var grandchild int
			if _, err := fmt.Sscan(ask(t, h, "spawn", where), &grandchild); err != nil {
				t.Fatal(err)
			}
			closeWithin(t, h, 4*time.Second)
			if where == "away" {
				signalTo(t, grandchild, syscall.SIGKILL)
				return
			}
			eventually(t, time.Second, "the grandchild goes with its session", func() bool { return !running(grandchild) })
		})
	}
}

func TestADeathIsNoticedThoughAGrandchildHoldsTheOutput(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	var grandchild int
	if _, err := fmt.Sscan(ask(t, h, "spawn", "away"), &grandchild); err != nil {
		t.Fatal(err)
	}
	defer signalTo(t, grandchild, syscall.SIGKILL)
	pid := pidOf(t, h)
	signalTo(t, pid, syscall.SIGKILL)
	eventually(t, 5*time.Second, "another process answers", func() bool {
		c, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "pid", nil)
		if err != nil {
			return false
		}
		out, err := c.Convert(t.Context(), core.TextValue(""))
		return err == nil && !strings.HasPrefix(out.Text(), fmt.Sprint(pid, " "))
	})
}

func TestAPluginDiesWithAHostThatIsKilled(t *testing.T) {
	t.Parallel()
	intermediate := exec.Command(self(t), "host")
	intermediate.Stderr = os.Stderr
	output, err := intermediate.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := intermediate.Start(); err != nil {
		t.Fatal(err)
	}
	var plugin, group, grandchild int
	var socket string
	if _, err := fmt.Fscan(output, &plugin, &group, &grandchild, &socket); err != nil {
		t.Fatal(err)
	}
	if !running(plugin) || !running(grandchild) {
		t.Fatal("the plugin does not run")
	}
	signalTo(t, intermediate.Process.Pid, syscall.SIGKILL)
	_ = intermediate.Wait()
	eventually(t, 3*time.Second, "the plugin, what it started and its socket are gone", func() bool {
		_, err := os.Stat(socket)
		return !running(plugin) && !running(grandchild) && errors.Is(err, os.ErrNotExist)
	})
}

func TestNoiseBeforeTheHandshakeIsNamed(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "noisy")}, o.Log), nil
	})
	_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "noisy/echo", nil)
	if core.KindOf(err) != core.ErrorProtocol || !containsAll(err.Error(), []string{`"noisy"`, "before the plugin handshake", "starting up, please wait"}) {
		t.Errorf("error %v, want a protocol error that quotes the noise", err)
	}
}

func TestAPluginThatEndsAtOnceTellsItsLastWords(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "broken")}, o.Log), nil
	})
	_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "broken/echo", nil)
	if core.KindOf(err) != core.ErrorUnavailable || !containsAll(err.Error(), []string{`"broken"`, "exit status 7", "cannot find my model"}) {
		t.Errorf("error %v, want name, status and last words", err)
	}
}

func TestWhatAPluginPrintsGoesToTheLog(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	ask(t, h, "print", "")
	for _, line := range []string{"printed on stdout", "printed on stderr", "written to descriptor 1", "written to descriptor 2", `"@level":7`} {
		log.waitFor(t, "[INFO]", "host.orchestrator", line)
	}
}

func TestWhatAPluginLogsGoesToTheLogWithItsNameAndLevel(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, func(o *host.Options) { o.Programs = host.Discover([]string{installed(t, "acme")}, o.Log) })
	ask(t, h, "acme/log", "")
	log.waitFor(t, "[DEBUG] host.acme: quiet: n=1")
	log.waitFor(t, "[INFO]  host.acme: usual")
	log.waitFor(t, "[WARN]  host.acme: odd: where=here")
	log.waitFor(t, "[ERROR] host.acme: bad")
}
