// Package text compares texts as people read them: what differs in a way that a
// reader does not see, or does not care about, is the same text.
//
// [Fold] makes equal what reads alike: compatible forms of a character (NFKC), every
// kind of space, dash, quotation mark and apostrophe, digits of all scripts, upper and
// lower case; code points that show nothing are left out. A [Search] makes a [Phrase]
// of what is looked for, which [Phrase.In] finds in a [Text]; positions are those of
// the text as it was given. What needs more than folding has a [Rule], which the
// [Match] names. [Visible] tells whether a text shows anything.
package text
