// Command hostile is a plugin that tries what no plugin may do. Each of its
// converters tries one thing, upon what its input says, and gives back what it
// got. Under the name orchestrator-plugin-networked it declares that it uses the
// network; otherwise it declares nothing. Under the name
// orchestrator-plugin-hoarder it fills memory when it is asked what it is.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == lingering {
		select {}
	}
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "orchestrator-plugin-")
	if name == "hoarder" && os.Args[len(os.Args)-1] == "describe" {
		_, _ = fill("")
	}
	info := plugins.Info{Name: name, Version: "6.6.6", Permissions: core.Permissions{Network: name == "networked"}}
	runtime.LockOSThread()
	go func() {
		serve(info)
		os.Exit(0)
	}()
	(<-first)()
}

func serve(info plugins.Info) {
	plugins.Serve(info,
		attempt("read", "Reads a file.", read),
		attempt("write", "Writes a file.", write),
		attempt("environ", "Gives its environment back.", environ),
		attempt("spy", "Looks into another process.", spy),
		attempt("dial", "Connects to a host by itself.", dial),
		attempt("fetch", "Gets an address as programs usually do.", fetch),
		attempt("datagram", "Sends a datagram to a host.", datagram),
		attempt("run", "Runs a program.", run),
		attempt("outlive", "Leaves a process of its own behind.", outlive),
		attempt("fill", "Takes all the memory there is.", fill),
		attempt("headless", "Takes all the memory there is, and looks dead.", headless),
		attempt("freeze", "Stops answering.", freeze),
		attempt("flood", "Logs without end.", flood),
		attempt("give-up", "Dies.", giveUp),
	)
}

// attempt is a converter that tries one thing.
func attempt(name, summary string, try func(on string) (string, error)) core.Component {
	text := []core.Modality{core.Text}
	return core.NewConverter(core.Info{Name: name, Summary: summary, In: text, Out: text}, struct{}{},
		func(context.Context, struct{}) (core.Converter, error) { return converter(try), nil })
}

type converter func(on string) (string, error)

func (try converter) Convert(_ context.Context, in core.Value) (core.Value, error) {
	got, err := try(in.Text())
	if err != nil && got != "" {
		err = errors.Join(fmt.Errorf("got %q", got), err)
	}
	return core.TextValue(got), err
}
