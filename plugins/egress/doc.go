// Package egress is the HTTP proxy through which plugins reach the network. It
// listens on this machine, allows the connections that the campaign's scope allows,
// and records every connection.
//
// Each plugin has its own credential, so that connections are attributed and other
// processes of the machine cannot use the proxy. Nothing is decrypted: HTTPS and
// secure WebSockets go through CONNECT, and the host named there is checked.
//
// A host is in scope by its name. Its addresses are checked when they are dialled,
// after the name was resolved, so that DNS rebinding does not help: a name that
// resolves to this machine, a link-local address or the unspecified address is
// refused. If the orchestrator itself has to use an upstream proxy, that proxy
// resolves names, and only names are checked here.
package egress
