// Package cassette repeats conversations from their record. A run whose calls
// were recorded is replayed without its components ([Player]); the
// conversations of any run can be judged again with other scorers ([Rescore]).
//
// Both answer the calls of components ([engine.Replayer]): the engine, the
// strategies and the verdicts work as in the run itself.
package cassette
