package host

import (
	"os"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

func TestWhatIsToldOfAStartMayUseTheProcess(t *testing.T) {
	how := &confined{folder: t.TempDir()}
	if err := os.Mkdir(how.temp(), 0o700); err != nil {
		t.Fatal(err)
	}
	p := &plugin{program: program{argv: []string{"sleep", "3600"}}}
	ids := make(chan string, 1)
	r := newRun(p, how, newPluginLog(hclog.NewNullLogger()), nil)
	r.started = func(int) {
		ids <- r.ID()
		_ = r.Kill(t.Context())
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.over:
	case <-time.After(time.Minute):
		t.Fatal("the process was not killed")
	}
	if id := <-ids; id != r.ID() || id == "not started" {
		t.Errorf("it was told of %s, want %s", id, r.ID())
	}
}

func TestALineThatHangsKeepsNobodyFromTheNextOne(t *testing.T) {
	hung, release := make(chan struct{}), make(chan struct{})
	w := &lineWriter{f: func(line string) {
		if line == "first" {
			close(hung)
			<-release
		}
	}}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = w.Write([]byte("first\n"))
	}()
	<-hung
	_, _ = w.Write([]byte("second\nlast"))
	w.flush()
	close(release)
	<-written
}
