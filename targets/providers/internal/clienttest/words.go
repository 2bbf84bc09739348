package clienttest

import "strings"

// Words are the words of a text, in which a stream gives it: each is an event. The last of
// at most 64 is all that is left, for a text may have millions.
func Words(text string) []string { return strings.SplitAfterN(text, " ", 64) }
