// Package text has the operations on text for people that several packages need:
// it counts nouns, shortens texts and checksums, and keeps a text within a line.
package text
