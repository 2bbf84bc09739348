// Package cassette holds conversations again from their record. A run that was
// recorded call by call is replayed as it was ([Player]); the conversations of any
// run are judged again by other scorers ([Rescore]).
//
// Both stand in the place of components ([engine.Replayer]): the engine, the
// strategies and the verdict work as in the run itself.
package cassette
