// Package plan turns a campaign into the list of trials that a run will hold.
// Every mismatch between the campaign and the components it uses (unknown
// components, wrong configuration, a modality that is not taken) ends here, as
// positioned problems, before anything is sent.
//
// [New] makes a [Plan] of a campaign. Whoever carries a plan out, records it or
// estimates it needs no campaign and no file: a Plan has all that a run needs, without
// positions.
package plan
