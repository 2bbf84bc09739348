// Package match holds the scorers that search text: for given words, regular
// expressions, and the phrases with which models refuse.
//
// They are deterministic and fast, but match wording, not meaning: a paraphrased
// secret is not found, and a quoted refusal counts as one. Audio is judged by its
// transcript.
package match
