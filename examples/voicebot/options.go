package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// options are the settings of the command line.
type options struct {
	listen    string
	apiKey    string
	faults    []realtimetest.Fault
	allowance realtimetest.Allowance
	role      agent.Role
}

// parse reads the command line. For --help it prints the help and returns
// [flag.ErrHelp]; other errors are printed by the caller.
func parse(args []string, getenv func(string) string, help io.Writer) (options, error) {
	o := options{role: agent.Line}
	var keyVariable string
	flags := flag.NewFlagSet("voicebot", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8177", "loopback `address` to listen on; port 0 takes a free one")
	flags.StringVar(&keyVariable, "api-key-env", "", "`name` of the environment variable with the API key to demand")
	flags.Func("fault", "misbehave, as in drop-mid-reply or drop-mid-reply@2 (the second time only); may be repeated", func(s string) error {
		f, err := fault.Parse(s)
		o.faults = append(o.faults, f)
		return err
	})
	flags.Func("requests-per-minute", "refuse responses and connections above this `number` a minute, from 1", func(s string) error {
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil || n == 0 {
			return errors.New("want a whole number from 1")
		}
		o.allowance.RequestsPerMinute, o.allowance.Connections = int(n), true
		return nil
	})
	flags.Func("role", "play this `part`: line, the default; or the attacker or the judge of an adaptive attack on it", func(s string) error {
		if o.role = agent.Role(s); !slices.Contains(agent.Roles(), o.role) {
			return errors.New("want line, attacker or judge")
		}
		return nil
	})
	flags.BoolVar(&o.allowance.TellsWhen, "retry-after", false, "tell those who are refused when to try again")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(help)
		_, _ = fmt.Fprintln(help, "Voicebot is a deliberately weak voice agent to practise on. Flags:")
		flags.PrintDefaults()
		_, _ = fmt.Fprintln(help, "Faults, by how the agent is reached:")
		for _, kind := range fault.All() {
			_, _ = fmt.Fprintf(help, "   %-20s %s\n", kind, reaches(kind))
		}
		return o, err
	}
	if err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: there are only flags, see --help", flags.Arg(0))
	}
	if keyVariable != "" {
		if o.apiKey = getenv(keyVariable); o.apiKey == "" {
			return o, fmt.Errorf("--api-key-env: the environment variable %s is empty or not set", keyVariable)
		}
	}
	return o, checkLoopback(o.listen)
}

// reaches says how a fault can be met.
func reaches(kind fault.Kind) string {
	realtime, web := slices.Contains(realtimetest.FaultKinds(), kind), slices.Contains(fault.Kinds(), kind)
	switch {
	case realtime && web:
		return "realtime, http"
	case web:
		return "http"
	}
	return "realtime"
}

// checkLoopback refuses addresses that other machines can reach: the agent is weak
// on purpose, and runs programs for every client.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--listen: %w; expected an address such as 127.0.0.1:8177", err)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("--listen: %q is not a loopback address: use 127.0.0.1, ::1 or localhost", host)
	}
	return nil
}
