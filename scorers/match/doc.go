// Package match holds the scorers that search text: for given words, regular
// expressions, and the phrases with which models refuse.
//
// They are deterministic and fast, but match wording, not meaning: a paraphrased
// secret is not found, nor is a refusal in other words. Audio is judged by its
// transcript.
package match
