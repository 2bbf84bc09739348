package realtime

import (
	"github.com/redteam-orchestrator/orchestrator/core"
)

// asked begins a script: the message is sent, and its reply asked for.
func asked(more ...beat) []beat {
	return append([]beat{{0, begins, item + " " + ask}}, more...)
}

func replyScripts() map[string]script {
	return map[string]script{
		"a reply": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "ye"), ""}, beat{1 * s, word("r", "s"), ""}, beat{2 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: yes"},
		},
		"a service that confirms messages is asked when it has": {
			ledger: acknowledges,
			beats: []beat{
				{0, begins, item},
				{1 * s, added("another"), ""},
				{2 * s, added("item_1"), ask},
				{3 * s, created("r"), ""},
				{3 * s, word("r", "yes"), ""},
				{3 * s, ended("r", "completed"), ""},
			},
			replies: []string{"complete: yes"},
		},
		"a reply without output is none": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"unconfirmed: "},
		},
		"a filtered reply":  {beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, `{"type":"response.done","response":{"id":"r","status":"incomplete","status_details":{"reason":"content_filter"}}}`, ""}), replies: []string{"blocked: "}},
		"a truncated reply": {beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "incomplete"), ""}), replies: []string{"truncated: y"}},
		"a reply that somebody cancelled": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "cancelled"), ""}),
			replies: []string{"interrupted: y"},
		},
		"a reply that is too long is cancelled": {
			config:  func(c *Config) { c.MaxReplyBytes = 3 },
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "long"), cancel}, beat{1 * s, word("r", "er"), ""}, beat{2 * s, ended("r", "cancelled"), ""}),
			replies: []string{"truncated: long"},
		},
		"events of unknown types are remarked upon": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, `{"type":"something.new"}`, ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: y"}, warns: "something.new",
		},
		"an out-of-band message is asked for at once": {
			messages: []core.Message{{Role: core.User, Parts: core.UserText("psst").Parts, Delivery: core.Delivery{OutOfBand: true}}},
			beats:    []beat{{0, begins, ask}, {1 * s, created("r"), ""}, {1 * s, word("r", "y"), ""}, {1 * s, ended("r", "completed"), ""}},
			replies:  []string{"complete: y"},
		},
	}
}

func deadlineScripts() map[string]script {
	const unfinished = "unconfirmed: "
	return map[string]script{
		"a reply that keeps coming is not cut off": { // quiet is 10 s
			beats: asked(
				beat{1 * s, created("r"), ""}, beat{9 * s, word("r", "a"), ""}, beat{10 * s, "", ""}, beat{18 * s, word("r", "b"), ""},
				beat{19 * s, "", ""}, beat{27 * s, word("r", "c"), ""}, beat{28 * s, "", ""}, beat{36 * s, `{"type":"response.content_part.done","response_id":"r"}`, ""},
				beat{37 * s, "", ""}, beat{45 * s, ended("r", "completed"), ""},
			),
			replies: []string{"complete: abc"},
		},
		"nothing comes for too long": {
			beats: asked(
				beat{1 * s, created("r"), ""}, beat{5 * s, word("r", "a"), ""}, beat{10 * s, "", ""}, beat{15*s - 1, "", ""}, beat{15 * s, "", cancel},
				beat{16 * s, ended("r", "cancelled"), ""},
			),
			replies: []string{unfinished + "a"},
		},
		"and the service does not even confirm that it was cancelled": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{5 * s, word("r", "a"), ""}, beat{15 * s, "", cancel}, beat{17*s - 1, "", ""}, beat{17 * s, "", ""}),
			replies: []string{unfinished + "a"}, outOfSync: true,
		},
		"and the service says that there is nothing to cancel": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{5 * s, word("r", "a"), ""}, beat{15 * s, "", cancel}, beat{16 * s, objects("response_cancel_not_active", "ev_4"), ""}),
			replies: []string{unfinished + "a"},
		},
		"and the service objects to the cancellation": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{5 * s, word("r", "a"), ""}, beat{15 * s, "", cancel}, beat{16 * s, objects("odd", "ev_4"), ""}, beat{17 * s, "", ""}),
			replies: []string{unfinished + "a"}, outOfSync: true, warns: "odd",
		},
		"another reply that keeps coming does not keep this one waiting": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{5 * s, word("r", "a"), ""}, beat{14 * s, word("old", "b"), ""}, beat{15 * s, "", cancel}, beat{16 * s, ended("r", "cancelled"), ""}),
			replies: []string{unfinished + "a"},
		},
		"an error that names nothing in place of a reply": { // cancel is 2 s
			beats: asked(beat{1 * s, objects("odd", ""), ""}, beat{3*s - 1, "", ""}, beat{3 * s, "", cancel}, beat{4 * s, objects("response_cancel_not_active", "ev_4"), remove}),
			kind:  core.ErrorProtocol, says: "odd",
		},
		"an error that names nothing, and a reply all the same": {
			beats:   asked(beat{1 * s, objects("odd", ""), ""}, beat{2 * s, created("r"), ""}, beat{10 * s, word("r", "a"), ""}, beat{11 * s, ended("r", "completed"), ""}),
			replies: []string{unfinished + "a"}, warns: "odd",
		},
		"no sign of a reply": { // first_event is 30 s
			beats: asked(beat{30*s - 1, "", ""}, beat{30 * s, "", cancel}, beat{31 * s, objects("response_cancel_not_active", "ev_4"), remove}),
			kind:  core.ErrorTimeout, says: "no sign of a reply within 30s",
		},
		"a reply is waited for from the question on, which a late confirmation puts off": {
			ledger: acknowledges,
			beats: []beat{
				{0, begins, item},
				{9 * s, added("item_1"), ask},
				{39*s - 1, "", ""},
				{39 * s, "", cancel},
				{40 * s, objects("response_cancel_not_active", "ev_4"), remove},
			},
			kind: core.ErrorTimeout, says: "no sign of a reply within 30s",
		},
		"a reply that began says nothing": { // turn is 2 m
			beats: asked(beat{29 * s, created("r"), ""}, beat{120*s - 1, "", ""}, beat{120 * s, "", cancel}, beat{121 * s, ended("r", "cancelled"), remove}),
			kind:  core.ErrorTimeout, says: "not complete within 2m",
		},
		"a reply takes too long as a whole": {
			config: func(c *Config) { c.Timeouts.Turn = core.Duration(12 * s) },
			beats: asked(
				beat{1 * s, created("r"), ""}, beat{8 * s, word("r", "a"), ""}, beat{11 * s, word("r", "b"), ""}, beat{12*s - 1, "", ""}, beat{12 * s, "", cancel},
				beat{13 * s, ended("r", "cancelled"), ""},
			),
			replies: []string{unfinished + "ab"},
		},
		"a message that is never confirmed was not asked": { // session is 10 s
			ledger: acknowledges,
			beats:  []beat{{0, begins, item}, {10*s - 1, "", ""}, {10 * s, "", ""}},
			kind:   core.ErrorTimeout, says: "did not confirm the message within 10s", notAsked: true, outOfSync: true,
		},
		"a turn that failed, and whose response does not end": {
			beats: asked(beat{1 * s, objects("server_error", ""), cancel}, beat{3*s - 1, "", ""}, beat{3 * s, "", ""}),
			kind:  core.ErrorUnavailable, says: "server_error", outOfSync: true,
		},
	}
}

func errorScripts() map[string]script {
	return map[string]script{
		"an error that names an event of the turn": {
			beats: asked(beat{1 * s, objects("odd", "ev_2"), cancel}, beat{1 * s, objects("response_cancel_not_active", "ev_4"), remove}),
			kind:  core.ErrorProtocol, says: "odd",
		},
		"an error that names an event before the turn": {
			ledger:  func(l *ledger) { l.ids = 10 },
			beats:   asked(beat{1 * s, objects("odd", "ev_2"), ""}, beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: y"}, warns: "odd",
		},
		"an error that names nothing and is not grave": {
			beats:   asked(beat{1 * s, objects("odd", ""), ""}, beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"unconfirmed: y"}, warns: "odd",
		},
		"a lost race":                {beats: asked(beat{1 * s, objects("response_cancel_not_active", ""), ""}, beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}), replies: []string{"complete: y"}},
		"a filter that says so":      {beats: asked(beat{1 * s, objects("content_filter", ""), ""}), replies: []string{"blocked: "}},
		"an error behind a reply":    {beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{1 * s, objects("server_error", ""), ""}), replies: []string{"complete: y"}},
		"a frame that is no event":   {beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, breaks, cancel}, beat{1 * s, ended("r", "cancelled"), remove}), kind: core.ErrorProtocol},
		"audio that is not base64":   {beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, `{"type":"response.output_audio.delta","response_id":"r","item_id":"o","delta":"!"}`, cancel}, beat{1 * s, ended("r", "cancelled"), remove + " " + remove}), kind: core.ErrorProtocol},
		"a response that failed":     {beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "failed"), remove + " " + remove}), replies: []string{"broken: y"}, kind: core.ErrorUnavailable, says: "did not say why"},
		"a status that nobody knows": {beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, ended("r", "odd"), remove}), kind: core.ErrorProtocol, says: `"odd"`},
		"a message that was refused": {
			ledger: acknowledges,
			beats:  []beat{{0, begins, item}, {1 * s, objects("odd", "ev_2"), cancel}, {1 * s, objects("response_cancel_not_active", "ev_3"), remove}},
			kind:   core.ErrorProtocol, says: "odd",
		},
	}
}

func ownershipScripts() map[string]script {
	return map[string]script{
		"what is left of another response is not the reply": {
			terms: labels,
			beats: asked(
				beat{1 * s, word("old", "no"), ""}, beat{1 * s, ended("old", "completed"), ""}, beat{1 * s, labelled("another", "turn-7"), ""},
				beat{2 * s, labelled("r", "turn-1"), ""}, beat{2 * s, word("old", "no"), ""}, beat{2 * s, word("r", "yes"), ""}, beat{2 * s, ended("old", "completed"), ""}, beat{3 * s, ended("r", "completed"), ""},
			),
			replies: []string{"complete: yes"},
		},
		"a service that speaks by itself may go on doing so": {
			terms:   labels,
			beats:   asked(beat{1 * s, created("own"), ""}, beat{1 * s, labelled("r", "turn-1"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: y"}, outOfSync: true, warns: "speak by itself",
		},
		"a service that begins to speak after the reply": {
			messages: []core.Message{clip(100*ms, false)}, terms: transcribes,
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{1 * s, created("own"), ""}, beat{2 * s, transcribed("item_1", "hm"), ""}),
			replies: []string{"complete: y (heard hm)"}, outOfSync: true,
		},
		"a response that nobody announced": {
			beats:   asked(beat{1 * s, `{"type":"response.done","response":{"id":"r","metadata":{"turn":"turn-1"},"status":"completed","output":[{"id":"o","type":"message","content":[{"type":"output_text","text":"y"}]}]}}`, ""}),
			replies: []string{"complete: y"},
		},
	}
}
