package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
)

// options are the settings of the command line.
type options struct {
	listen  string
	python  string // absolute
	model   string // absolute
	name    string
	context int
}

// parse reads the command line. For --help it prints the help and returns
// [flag.ErrHelp]; other errors are printed by the caller.
func parse(args []string, help io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("localagent", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8180", "loopback `address` to listen on; port 0 takes a free one")
	flags.StringVar(&o.python, "python", "", "the Python `program` of a virtual environment that has cyllama")
	flags.StringVar(&o.model, "model", "", "the model, a GGUF `file`")
	flags.StringVar(&o.name, "name", "gemma-3-270m", "the `name` that the model goes by")
	flags.IntVar(&o.context, "context", 4096, "how many `tokens` a conversation may have, with the answer")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(help)
		_, _ = fmt.Fprintln(help, "Localagent serves a real language model as a chat endpoint. Flags:")
		flags.PrintDefaults()
		return o, err
	}
	switch {
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: there are only flags, see --help", flags.Arg(0))
	case o.context < 16:
		return o, fmt.Errorf("--context %d: a conversation needs 16 tokens at least", o.context)
	}
	for _, file := range []struct {
		flag string
		path *string
	}{{"--python", &o.python}, {"--model", &o.model}} {
		if *file.path, err = existing(file.flag, *file.path); err != nil {
			return o, err
		}
	}
	return o, checkLoopback(o.listen)
}

// existing returns the absolute path of a file that a flag names.
func existing(flag, path string) (string, error) {
	if path == "" {
		return "", fmt.Errorf("%s is required: .ci/real installs what it names", flag)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	if info, err := os.Stat(absolute); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: there is no file %s", flag, absolute)
	}
	return absolute, nil
}

// checkLoopback refuses addresses that other machines can reach: the server asks for
// no key.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--listen: %w; expected an address such as 127.0.0.1:8180", err)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("--listen: %q is not a loopback address: use 127.0.0.1, ::1 or localhost", host)
	}
	return nil
}
