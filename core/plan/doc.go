// Package plan turns a campaign into the list of trials that a run will hold.
// Every mismatch between the campaign and the components it uses (unknown
// components, wrong configuration, a modality that is not taken) ends here, as
// positioned problems, before anything is sent.
package plan
