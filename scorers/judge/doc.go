// Package judge holds the scorers that ask a model of the campaign about a reply.
//
// The reply comes from a system under attack and may contain instructions to the
// judge. It is given as data between lines that begin with a mark. The mark is a
// hash of the data, so the data cannot contain it. If the judge does not answer in
// the requested form, the score is unknown.
package judge
