// Package programfile opens the files of programs that are read before they are started.
package programfile
