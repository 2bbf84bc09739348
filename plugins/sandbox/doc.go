// Package sandbox holds a plugin's process, and everything that it starts, to
// what the plugin has declared. The host makes a [Policy] of that and starts a
// launcher with it: this program again, with a hidden command that calls [Exec].
// The launcher restricts itself by means of Linux and then becomes the plugin,
// which cannot undo it. On other systems nothing is enforced, and [Supported]
// says so.
//
// Landlock judges files, TCP ports, signals and sockets; a seccomp filter
// refuses the system calls that go round it, that change the modes, owners and
// attributes of files anywhere, or that leave the session and the process group by
// whose end the host ends a plugin; capabilities other than that to read and write
// files of others are given up, so that root is not above it.
//
// What it does not do:
//
//   - Landlock judges TCP ports and not addresses: what listens elsewhere on the
//     port that the egress proxy has here can be reached. A network namespace
//     with nothing but that proxy in it would close this.
//   - A process may listen on a TCP port that the kernel picks, for which
//     Landlock has no rule. Somebody else would have to connect to it.
//   - Before ABI 9 of Landlock, Unix sockets that have a path can be connected
//     to wherever the user may: an agent's or a container engine's. Those
//     without a path cannot, from ABI 6.
//   - Names, sizes and times of files can be asked for everywhere; contents
//     cannot be read, nor folders listed.
//   - Which programs may be executed keeps honest mistakes small. Who can read a
//     program and write memory can run it nonetheless, under the same
//     restrictions, by the dynamic loader for one.
//   - The times of files that belong to the user can be set everywhere.
//   - Time, load, memory and disk space of the machine are not restricted here. The
//     host watches what memory the processes have mapped; what they put into files
//     of their temporary folder, also where that is in memory, into memfds or into
//     the buffers of pipes, it does not see.
//   - A host that is killed by SIGKILL ends nothing any more. Plugins end then
//     because their standard input does; one that does not care lives on.
//
// No user namespace can be made: unshare, setns and clone with one of the
// namespace flags are refused. The flags of clone3 lie in memory, where a filter
// cannot see them, so clone3 does not exist in the sandbox, and the C library
// falls back to clone, as it does on old kernels and in containers. Landlock
// and the filter would hold within a user namespace, too, but the capabilities
// there open parts of the kernel that no plugin needs.
package sandbox
