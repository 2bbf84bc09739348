// Package plan turns a campaign into the list of trials of a run. Every
// mismatch between the campaign and the components it uses (unknown components,
// invalid configuration, a modality that is not accepted) is reported here as a
// problem with its position, before anything is sent.
//
// [New] makes a [Plan] of a campaign. Running, recording and estimating a plan
// need no campaign and no file: a Plan has everything that a run needs, without
// positions.
package plan
