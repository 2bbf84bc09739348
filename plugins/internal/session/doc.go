// Package session starts programs as leaders of sessions, and ends a program
// with everything that it has started. A process can leave its group, but its
// session only by leading one of its own.
package session
