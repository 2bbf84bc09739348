// Package secret finds the secret references of a configuration, fills them
// in at the last moment, and keeps their values out of everything that is
// written.
//
// A configuration refers to a secret as ${NAME}, an environment variable, or
// as ${file:path}, a file's contents. "$${" stands for a literal "${". What a
// reference means is for the caller's [Lookup] to say; this package reads
// neither the environment nor files.
package secret
