// Package match holds the scorers that look for patterns in what was said:
// given words, regular expressions, and the phrases with which models refuse.
//
// They are exact, cheap and the same every time, and they understand nothing:
// a secret in other words is not found, and a refusal that is quoted counts as
// one. They judge text; audio is judged by way of its transcript.
package match
