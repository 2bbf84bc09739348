package campaign

import (
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Request is a message that is sent to a target before or after each trial of an
// attack.
type Request struct {
	Target Reference
	// Send is its text.
	Send Text
	At   yamlfile.Position
}

// SaysNothing reports whether the campaign gives the request no text: it is sent the
// name of its list.
func (r Request) SaysNothing() bool {
	return r.Send.Written == beforeTrial || r.Send.Written == afterTrial
}

// The keys with requests. They are the texts of requests without send:, too.
const (
	beforeTrial = "before_trial"
	afterTrial  = "after_trial"
)

// requestsInto reads a list of requests. An entry is a mapping, or the name of a
// target, which is sent the list's key.
func requestsInto(into *[]Request, key string) func(value) {
	return func(v value) {
		v.List(func(entry value) {
			r := Request{Send: Text{Written: key}, At: entry.At()}
			if entry.IsMapping() {
				entry.Object(
					yamlfile.Required("target", func(v value) { r.Target, _ = readReference(v) }),
					yamlfile.Optional("send", func(v value) { r.Send = readTemplate(v) }),
				)
			} else {
				r.Target, _ = readReference(entry)
			}
			*into = append(*into, r)
		})
		if v.IsList() && v.Len() == 0 {
			v.Problem("leave it out", "%s must not be empty", v.Label())
		}
	}
}
