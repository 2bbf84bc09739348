package cli

import (
	"github.com/spf13/cobra"
)

// noSuchCommand returns an error for an unknown command, with the nearest known
// one.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	return usagef("unknown command %q", cmd.CommandPath()+" "+args[0]).suggesting(args[0], known)
}

// takes returns a check for the number of arguments of a command; what is their
// name.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		switch {
		case len(given) < least:
			return usagef("%s needs %s", cmd.CommandPath(), what).withHint("usage: %s", cmd.UseLine())
		case len(given) > most:
			return usagef("%s takes %s; %q is too much", cmd.CommandPath(), what, given[most]).withHint("usage: %s", cmd.UseLine())
		}
		return nil
	}
}
