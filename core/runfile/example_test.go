package runfile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// printer is a Sink that prints.
type printer struct{}

func (printer) Begin(_ context.Context, h runfile.Header) error {
	fmt.Println("run", h.Run, "of", h.Orchestrator)
	return nil
}

func (printer) Row(_ context.Context, r runfile.Row) error {
	fmt.Println(r.Table, r.Values["name"])
	return nil
}

func (printer) Artifact(_ context.Context, sum string, data io.Reader) error {
	n, err := io.Copy(io.Discard, data)
	fmt.Println("artifact", sum[:8], n, "bytes")
	return err
}

// A file consists of rows and the bytes that they refer to. One flipped bit, and the
// file is refused.
func Example() {
	var file bytes.Buffer
	w, err := runfile.NewWriter(&file, runfile.Header{Run: "20261130-220000-k3x9", Orchestrator: "v0.1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	audio := "RIFF…"
	sum := sha256.Sum256([]byte(audio))
	fmt.Println(w.Row(runfile.Row{Table: "trials", Values: map[string]any{"name": "patient-caller/1"}}))
	fmt.Println(w.Artifact(context.Background(), hex.EncodeToString(sum[:]), int64(len(audio)), strings.NewReader(audio)))
	fmt.Println(w.Close())

	fmt.Println(runfile.Read(context.Background(), bytes.NewReader(file.Bytes()), printer{}))
	damaged := bytes.Replace(file.Bytes(), []byte("patient"), []byte("impatie"), 1)
	fmt.Println(runfile.Read(context.Background(), bytes.NewReader(damaged), printer{}) != nil)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// run 20261130-220000-k3x9 of v0.1.0
	// trials patient-caller/1
	// artifact 57467e17 7 bytes
	// <nil>
	// run 20261130-220000-k3x9 of v0.1.0
	// trials impatie-caller/1
	// true
}
