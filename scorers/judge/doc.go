// Package judge holds the scorers that ask a model of the campaign about a reply.
//
// What is judged is written by a system under attack, and may hold instructions to
// the judge. It is given as data between lines that begin with a mark, which is
// derived from the data itself: no reply can hold its own. A judge that does not
// answer in the form that it was asked for has not judged: the score is unknown.
package judge
