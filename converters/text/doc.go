// Package text holds the converters that rewrite text: encodings, ciphers and
// templates.
//
// Texts may contain any byte. Converters that work on letters leave all other
// bytes unchanged, also those that are not valid UTF-8.
package text
