// Package core is the vocabulary of the orchestrator: messages made of parts,
// replies, scores, outcomes and errors, and the three interfaces that plugins
// implement: [Target], [Converter] and [Scorer].
//
// Plugin authors and the engine both speak this package, and the type an
// author implements is the type the engine is handed, whichever process it
// lives in. It imports the standard library only. To offer a component, build
// a [Component] with [NewTarget], [NewConverter] or [NewScorer]; to serve it,
// see package plugins.
package core
