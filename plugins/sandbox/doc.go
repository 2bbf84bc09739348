// Package sandbox restricts a plugin's process, and all processes that it starts,
// to the permissions that the plugin has declared. The host builds a [Policy] from
// them and starts a launcher with it: this program again, with a hidden command
// that calls [Exec]. The launcher restricts itself and then executes the plugin,
// which cannot undo the restrictions. They exist on Linux only; [Supported] says
// what the system can enforce.
//
// Landlock restricts files, TCP ports, signals and sockets. A seccomp filter
// refuses the system calls that would bypass Landlock, that change the modes,
// owners and attributes of files, and that leave the session or the process group,
// by which the host kills a plugin. All capabilities are dropped except
// CAP_DAC_OVERRIDE, so that the restrictions hold for root too.
//
// Known limits:
//
//   - Landlock restricts TCP ports, not addresses: every host can be reached on the
//     port number of the egress proxy. Only a network namespace that contains
//     nothing but the proxy would prevent this.
//   - A process may listen on a TCP port that the kernel picks, for which Landlock
//     has no rule. Another process has to connect to it.
//   - Before Landlock ABI 9, Unix sockets with a path can be connected to wherever
//     the user may, such as those of an SSH agent or a container engine. Abstract
//     Unix sockets cannot, from ABI 6 on.
//   - Names, sizes and times of all files can be queried. Contents cannot be read,
//     and folders cannot be listed.
//   - The list of executable programs protects against mistakes, not against
//     attacks: a process that can read a program can run it, under the same
//     restrictions, for instance through the dynamic loader.
//   - The times of all files of the user can be set.
//   - CPU time, memory and disk space are not restricted here. The host watches the
//     memory that the processes have mapped. It does not see files in the temporary
//     folder, also if that is in memory, nor memfds and the buffers of pipes.
//   - A host that is killed by SIGKILL cannot end its plugins. They end because
//     their standard input is closed; a plugin that ignores this goes on running.
//
// User namespaces cannot be created: unshare, setns, and clone with a namespace
// flag are refused. The flags of clone3 are in memory, which a filter cannot read,
// so clone3 fails with ENOSYS and the C library falls back to clone, as it does on
// old kernels and in containers. Landlock and the filter would hold in a user
// namespace, too, but its capabilities expose parts of the kernel that no plugin
// needs.
package sandbox
