// Package ending says what a reply is worth whose text cannot be what was said: one of
// which nothing can be seen, or that ends in the middle of a character, is never whole.
package ending
