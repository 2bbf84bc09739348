// Package text holds the converters that rewrite text: encodings, ciphers and
// templates.
//
// Attack payloads may contain any byte. Converters that work on letters leave
// all other bytes as they are, whether they are valid UTF-8 or not.
package text
