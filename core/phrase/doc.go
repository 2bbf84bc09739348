// Package phrase words short pieces of messages for people: counted nouns, numbers of
// bytes, shortened texts and checksums, and texts kept within one line. It formats; it
// does not compare texts.
package phrase
