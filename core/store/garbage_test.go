package store_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// litter puts an artifact into a store that nothing refers to, and returns its
// path there.
func litter(t testing.TB, dir, data string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(data))
	name := hex.EncodeToString(sum[:])
	path := filepath.Join("artifacts", name[:2], name)
	written := filepath.Join(t.TempDir(), name)
	must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o700), os.WriteFile(written, []byte(data), 0o600), os.Rename(written, filepath.Join(dir, path)))
	return path
}

// collected returns what a garbage collection found: [store.Reader.FindGarbage] or
// [store.Store.CollectGarbage].
func collected(t testing.TB, collect func(context.Context, store.GCOptions) error) (found []store.Garbage) {
	t.Helper()
	must(t, collect(t.Context(), store.GCOptions{Found: func(g store.Garbage) { found = append(found, g) }}))
	return found
}

func TestWhatNothingRefersToIsSwept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	id := full(t, s)
	j := begin(t, s, store.Run{}) // is being carried out
	before := artifacts(t, dir)
	orphan := litter(t, dir, "RIFF orphan")
	unfinished := filepath.Join("artifacts", orphan[10:12], ".new-123")
	stale := filepath.Join("running", "20200101-000000-dead.lock")
	half := filepath.Join("incoming", "ABC")
	must(t,
		os.WriteFile(filepath.Join(dir, unfinished), []byte("RI"), 0o600),
		os.WriteFile(filepath.Join(dir, stale), nil, 0o600),
		os.WriteFile(filepath.Join(dir, half+".lock"), nil, 0o600),
		os.MkdirAll(filepath.Join(dir, half, "artifacts"), 0o700),
		os.WriteFile(filepath.Join(dir, half, "runs.db"), []byte("half"), 0o600),
		os.WriteFile(filepath.Join(dir, "artifacts", "README"), []byte("not ours"), 0o600))
	want := []store.Garbage{
		{Kind: store.GarbageLock, Path: stale},
		{Kind: store.GarbageUnfinished, Path: filepath.Join(half, "runs.db"), Bytes: 4},
		{Kind: store.GarbageLock, Path: half + ".lock"},
		{Kind: store.GarbageUnfinished, Path: unfinished, Bytes: 2},
		{Kind: store.GarbageArtifact, Path: orphan, Bytes: 11},
	}
	reader, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	for what, found := range [][]store.Garbage{collected(t, reader.FindGarbage), collected(t, s.FindGarbage), collected(t, s.CollectGarbage)} {
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s (-want +found):\n%s", []string{"dry run by a reader", "dry run", "sweep"}[what], diff)
		}
	}
	must(t, reader.Close())
	if found := collected(t, s.CollectGarbage); len(found) != 0 {
		t.Errorf("swept again: %v", found)
	}
	if diff := cmp.Diff(before, artifacts(t, dir)); diff != "" {
		t.Errorf("artifacts (-before +after):\n%s", diff)
	}
	everythingOf(t, s.Reader, id)
	if run, err := s.Run(t.Context(), j.Run()); err != nil || run.Status != store.Running {
		t.Errorf("the run that is being carried out is %s, %v", run.Status, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "artifacts", "README")); err != nil {
		t.Errorf("what is not the store's: %v", err)
	}
}

func TestAReaderFindsGarbageAndRemovesNothing(t *testing.T) {
	dir := kept(t)
	orphan := litter(t, dir, "RIFF orphan")
	s, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	defer s.Close()
	if found := collected(t, s.FindGarbage); len(found) != 1 || found[0].Path != orphan {
		t.Errorf("found %+v, want %s", found, orphan)
	}
	if _, err := os.Stat(filepath.Join(dir, orphan)); err != nil {
		t.Errorf("what a reader found is gone: %v", err)
	}
}

func TestASweepIsInterruptedBetweenTwoFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 20 {
		litter(t, dir, fmt.Sprint("orphan ", i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	found := 0
	err := s.CollectGarbage(ctx, store.GCOptions{Found: func(store.Garbage) {
		if found++; found == 5 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || found != 5 || len(artifacts(t, dir)) != 15 {
		t.Errorf("Sweep: %v after %d files, %d are left; want Canceled after 5, and 15 left", err, found, len(artifacts(t, dir)))
	}
}

func TestAStoreOfAnEarlierVersionIsLookedThrough(t *testing.T) {
	eachEarlier(t, func(t *testing.T, dir string) {
		orphan := litter(t, dir, "RIFF orphan")
		s, err := store.OpenReader(t.Context(), dir)
		must(t, err)
		defer s.Close()
		if found := collected(t, s.FindGarbage); len(found) != 1 || found[0].Path != orphan {
			t.Errorf("found %v, want %s", found, orphan)
		}
	})
}

// Another process records turns, and each of its artifacts lies around for a
// moment before anything refers to it: some are new, and some lay there already and
// nothing referred to them. This one sweeps the whole time.
func TestSweepingBesideAProcessThatWritesTakesNothingThatItUses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const turns = 150
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), asWriter+"="+dir)
	out, err := writer.StdoutPipe()
	must(t, err)
	must(t, writer.Start())
	done := make(chan error, 1)
	var recorded atomic.Int64
	go func() {
		lines := bufio.NewScanner(out)
		for last := 0; last < turns && lines.Scan(); recorded.Store(int64(last)) {
			if _, err := fmt.Sscanf(lines.Text(), "recorded %d", &last); err != nil {
				done <- fmt.Errorf("the writer says %q", lines.Text())
				return
			}
		}
		done <- writer.Process.Kill()
	}()
	sweeps, swept := 0, 0
	for running := true; running; {
		select {
		case err := <-done:
			must(t, err)
			running = false
		default:
			for i := range int64(10) { // as the writer's will be
				litter(t, dir, fmt.Sprintf("RIFF %d", recorded.Load()+i))
			}
			swept += len(collected(t, s.CollectGarbage))
			sweeps++
		}
	}
	_ = writer.Wait() // it was killed
	swept += len(collected(t, s.CollectGarbage))
	read, err := s.Turns(t.Context(), "killed", trial(1).ID) // reads every artifact
	must(t, err)
	if len(read) < turns || sweeps < 2 || swept == 0 {
		t.Errorf("%d turns, %d sweeps found %d files; the test shows nothing", len(read), sweeps, swept)
	}
	t.Logf("%d turns beside %d sweeps, which removed %d files", len(read), sweeps, swept)
}

// An artifact is there, and is swept before its turn is recorded.
func TestAnArtifactThatWasSweptBeforeItWasReferredToIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	j := begin(t, s, store.Run{})
	must(t, j.BeginTrial(trialAt(1, 1), start))
	turn := said("hello")
	turn.Reply.Message.Parts = []core.Part{{Value: core.WAVValue([]byte("RIFF swept"))}}
	must(t, store.RecordTurnAfter(j, trial(1).ID, turn, func() {
		if found := collected(t, other.CollectGarbage); len(found) != 1 {
			t.Errorf("found %v, want the artifact", found)
		}
	}))
	turns, err := other.Turns(t.Context(), j.Run(), trial(1).ID)
	if err != nil || !bytes.Equal(turns[0].Reply.Message.Parts[0].Data, []byte("RIFF swept")) {
		t.Errorf("Turns: %+v, %v", turns, err)
	}
}

func TestARunIsRemovedAndItsArtifactsAreSwept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	id := full(t, s)
	had := len(artifacts(t, dir))
	must(t, s.Remove(t.Context(), id))
	if found := collected(t, s.CollectGarbage); len(found) != had || len(artifacts(t, dir)) != 0 {
		t.Errorf("%d of %d artifacts are swept", len(found), had)
	}
}

func BenchmarkSweep(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	j := begin(b, s, store.Run{})
	const turns = 2000
	must(b, j.BeginTrial(trialAt(1, 1), start))
	for i := range turns {
		turn := said("hello")
		turn.Index = i
		turn.Reply.Message.Parts = []core.Part{{Value: core.WAVValue(fmt.Appendf(nil, "RIFF %d", i))}}
		must(b, j.RecordTurn(trial(1).ID, turn))
	}
	b.ResetTimer()
	for b.Loop() {
		collected(b, s.CollectGarbage)
	}
}
