// Package egress is the way out of the network for plugins: an HTTP proxy on
// this machine that lets through what the campaign's scope allows, and records
// every connection.
//
// A plugin has a credential of its own, so that each connection is attributed
// and nobody else on the machine can use the proxy. Nothing is decrypted: HTTPS
// and WebSockets go through CONNECT, and what is judged is the host that is
// named there.
//
// A host is in scope by its name, so its addresses are judged where they are
// dialled: a name that leads to this machine, to a link-local address or to
// none is refused, whatever the DNS says on the next occasion. Where the host
// reaches the network through a proxy itself, that one looks names up, and only
// the names are judged here.
package egress
