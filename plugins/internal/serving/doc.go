// Package serving holds the state that plugin and host keep of the targets that
// they serve, the plugin of its own and the host of the campaign's: items by
// generated names, the calls in progress, and conversations with one call at a
// time.
package serving
