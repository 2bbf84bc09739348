// Package session starts programs as leaders of sessions, and kills a program
// with all processes that it has started. A process can leave its group, but it
// can leave its session only by leading a new one.
package session
