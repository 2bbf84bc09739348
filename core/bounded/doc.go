// Package bounded keeps what other programs print, up to a number of bytes, so that
// none of them fills the memory.
package bounded
