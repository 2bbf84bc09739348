package realtime

import (
	"github.com/redteam-orchestrator/orchestrator/core"
)

func lossScripts() map[string]script {
	return map[string]script{
		"a connection that is lost before the reply was asked for": {
			ledger: acknowledges,
			beats:  []beat{{0, begins, item}, {1 * s, loses, ""}},
			kind:   core.ErrorUnavailable, says: "lost", notAsked: true, outOfSync: true,
		},
		"a connection that is lost after it": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{2 * s, loses, ""}),
			replies: []string{"broken: y"}, kind: core.ErrorUnavailable, says: "waiting for the reply: lost", outOfSync: true,
		},
		"a caller who leaves in the middle of a reply": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{2 * s, leaves, ""}),
			replies: []string{"broken: y"}, kind: core.ErrorTimeout, outOfSync: true,
		},
		"an error event in the middle of a reply": {
			beats: asked(
				beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{2 * s, objects("server_error", ""), cancel},
				beat{2 * s, word("r", "es"), ""}, beat{3 * s, ended("r", "cancelled"), remove + " " + remove},
			),
			replies: []string{"broken: yes"}, kind: core.ErrorUnavailable, says: "server_error",
		},
		"an error event in the middle of a reply that does not end": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{2 * s, objects("server_error", ""), cancel}, beat{4 * s, "", ""}),
			replies: []string{"broken: y"}, kind: core.ErrorUnavailable, says: "server_error", outOfSync: true,
		},
		"a connection that is lost while a reply is cancelled": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{11 * s, "", cancel}, beat{12 * s, loses, ""}),
			replies: []string{"broken: y"}, kind: core.ErrorUnavailable, outOfSync: true,
		},
		"a cancellation of a reply that cannot be sent": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{11 * s, "", cancel}, beat{11 * s, unsends, ""}),
			replies: []string{"broken: y"}, kind: core.ErrorUnavailable, outOfSync: true,
		},
		"a frame that is no event in the middle of a reply": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{2 * s, breaks, cancel}, beat{3 * s, ended("r", "cancelled"), remove + " " + remove}),
			replies: []string{"broken: y"}, kind: core.ErrorProtocol,
		},
		"a failed response that says what it had said": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{2 * s, `{"type":"response.done","response":{"id":"r","status":"failed","status_details":{"error":{"code":"rate_limit_exceeded","message":"try again in 3s"}},` +
				`"output":[{"id":"o","type":"message","content":[{"type":"output_text","text":"y"}]}]}}`, remove + " " + remove}),
			replies: []string{"broken: y"}, kind: core.ErrorRateLimited, says: "rate_limit_exceeded",
		},
		"a status that nobody knows behind a reply": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{2 * s, ended("r", "odd"), remove + " " + remove}),
			replies: []string{"broken: y"}, kind: core.ErrorProtocol,
		},
		"a caller who leaves before the reply was asked for": {
			ledger: acknowledges,
			beats:  []beat{{0, begins, item}, {1 * s, leaves, ""}},
			kind:   core.ErrorTimeout, says: "deadline", outOfSync: true,
		},
		"a message that cannot be sent":  {ledger: acknowledges, beats: []beat{{0, begins, item}, {0, unsends, ""}}, kind: core.ErrorUnavailable, notAsked: true, outOfSync: true},
		"a question that cannot be sent": {beats: asked(beat{0, unsends, ""}), kind: core.ErrorUnavailable, outOfSync: true},
		"a connection that is lost while a turn is taken back": {
			beats: asked(beat{1 * s, objects("server_error", ""), cancel}, beat{2 * s, loses, ""}),
			kind:  core.ErrorUnavailable, says: "server_error", outOfSync: true,
		},
		"a cancellation of a failed turn that cannot be sent": {
			beats: asked(beat{1 * s, objects("server_error", ""), cancel}, beat{1 * s, unsends, ""}),
			kind:  core.ErrorUnavailable, says: "server_error", outOfSync: true,
		},
	}
}

func transcriptScripts() map[string]script {
	spoken := []core.Message{clip(100*ms, false)}
	reply := asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""})
	return map[string]script{
		"a transcript that comes before the reply": {
			messages: spoken, terms: transcribes,
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, transcribed("item_1", "hello"), ""}, beat{1 * s, word("r", "y"), ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: y (heard hello)"},
		},
		"a transcript that comes after it": {
			messages: spoken, terms: transcribes,
			beats:   append(reply, beat{2 * s, transcribed("another", "no"), ""}, beat{3*s - 1, transcribed("item_1", "hello"), ""}),
			replies: []string{"complete: y (heard hello)"},
		},
		"a transcript that never comes": { // transcript is 2 s
			messages: spoken, terms: transcribes,
			beats:   append(reply, beat{3*s - 1, "", ""}, beat{3 * s, "", ""}),
			replies: []string{"complete: y"}, warns: "did not say what it heard: no transcript came within 2s",
		},
		"a transcript for which the caller does not wait": {
			messages: spoken, terms: transcribes, leaves: 2 * s,
			beats:   append(reply, beat{1500*ms - 1, "", ""}, beat{1500 * ms, "", ""}),
			replies: []string{"complete: y"}, warns: "did not say what it heard",
		},
		"a transcript that is lost with the connection": {
			messages: spoken, terms: transcribes,
			beats:   append(reply, beat{2 * s, loses, ""}),
			replies: []string{"complete: y"}, warns: "did not say what it heard: lost",
		},
		"audio that could not be transcribed": {
			messages: spoken, terms: transcribes,
			beats:   append(reply, beat{2 * s, `{"type":"conversation.item.input_audio_transcription.failed","item_id":"item_1","error":{"code":"odd"}}`, ""}),
			replies: []string{"complete: y"}, warns: "could not transcribe the audio: odd",
		},
	}
}

func speechScripts() map[string]script {
	streamed := []core.Message{clip(300*ms, true)}
	heard := []beat{{0, begins, chunk}, {100 * ms, "", chunk}, {150 * ms, hears, ""}, {200 * ms, "", chunk}}
	return map[string]script{
		"speech is sent at its pace": {
			messages: streamed,
			beats: []beat{
				{0, begins, chunk},
				{100*ms - 1, "", ""},
				{100 * ms, "", chunk},
				{200 * ms, "", chunk},
				{300 * ms, "", commit + " " + ask},
				{400 * ms, created("r"), ""},
				{400 * ms, word("r", "y"), ""},
				{400 * ms, ended("r", "completed"), ""},
			},
			replies: []string{"complete: y"},
		},
		"speech that is late is sent at once": {
			messages: streamed,
			beats:    []beat{{0, begins, chunk}, {250 * ms, "", chunk + " " + chunk}, {300 * ms, "", commit + " " + ask}, {400 * ms, created("r"), ""}, {400 * ms, word("r", "y"), ""}, {400 * ms, ended("r", "completed"), ""}},
			replies:  []string{"complete: y"},
		},
		"silence follows until the service has seen the end": {
			messages: streamed, config: detects,
			beats: append(heard,
				beat{300 * ms, "", chunk}, beat{400 * ms, "", chunk}, beat{450 * ms, committed, ""}, beat{500 * ms, "", ""},
				beat{600 * ms, created("r"), ""}, beat{600 * ms, word("r", "y"), ""}, beat{600 * ms, ended("r", "completed"), ""}),
			replies: []string{"complete: y"},
		},
		"a service that detects turns and does not answer is asked": {
			messages: streamed, config: func(c *Config) { detects(c); c.TurnDetection.CreateResponse = false },
			beats: append(heard,
				beat{300 * ms, "", chunk}, beat{350 * ms, committed, ""}, beat{400 * ms, "", ask},
				beat{600 * ms, created("r"), ""}, beat{600 * ms, word("r", "y"), ""}, beat{600 * ms, ended("r", "completed"), ""}),
			replies: []string{"complete: y"},
		},
		"the end of a turn is answered, and not its beginning": {
			messages: streamed, config: detects,
			beats: []beat{
				{0, begins, chunk},
				{10 * ms, hears, ""},
				{20 * ms, committed, ""},
				{30 * ms, created("a"), ""},
				{30 * ms, word("a", "half"), ""},
				{100 * ms, "", chunk},
				{110 * ms, hears, ""},
				{120 * ms, ended("a", "cancelled"), ""},
				{200 * ms, "", chunk},
				{300 * ms, "", chunk},
				{350 * ms, committed, ""},
				{400 * ms, "", ""},
				{500 * ms, created("b"), ""},
				{500 * ms, word("b", "whole"), ""},
				{500 * ms, ended("b", "completed"), ""},
			},
			replies: []string{"complete: whole"}, warns: "before the turn was over",
		},
		"the end of a turn that is never answered": { // first_event is 30 s
			messages: streamed, config: detects,
			beats: []beat{
				{0, begins, chunk},
				{10 * ms, hears, ""},
				{20 * ms, committed, ""},
				{30 * ms, created("a"), ""},
				{30 * ms, word("a", "half"), ""},
				{40 * ms, ended("a", "completed"), ""},
				{100 * ms, "", chunk},
				{110 * ms, hears, ""},
				{200 * ms, "", chunk},
				{300 * ms, "", chunk},
				{350 * ms, committed, ""},
				{400 * ms, "", ""},
				{400*ms + 30*s - 1, "", ""},
				{400*ms + 30*s, "", ""},
			},
			replies: []string{"unconfirmed: half"}, outOfSync: true,
		},
		"speech that cannot be sent is not said again": {
			messages: streamed,
			beats:    []beat{{0, begins, chunk}, {100 * ms, "", chunk}, {100 * ms, unsends, ""}},
			kind:     core.ErrorUnavailable, outOfSync: true,
		},
		"speech that failed is cleared away": {
			messages: streamed,
			beats:    []beat{{0, begins, chunk}, {50 * ms, objects("server_error", ""), cancel}, {60 * ms, objects("response_cancel_not_active", "ev_2"), empty}},
			kind:     core.ErrorUnavailable, says: "server_error",
		},
	}
}

func interruptionScripts() map[string]script {
	over := []core.Message{core.UserText("tell me"), saidOver(core.UserText("stop"), 150*ms)}
	spokenOver := []core.Message{core.UserText("tell me"), saidOver(clip(200*ms, true), 150*ms)}
	listens := func(c *Config) { speaks(c); detects(c) }
	playing := asked(beat{1 * s, created("r"), ""}, beat{1 * s, sound("r"), ""}, beat{1 * s, sound("r"), ""}, beat{1 * s, sound("r"), ""})
	return map[string]script{
		"a reply that is being made is stopped": {
			messages: over, config: speaks,
			beats:   append(playing, beat{1150*ms - 1, "", ""}, beat{1150 * ms, "", cancel}, beat{1200 * ms, ended("r", "cancelled"), truncate}),
			replies: []string{"interrupted: "},
		},
		"a reply that has come whole is cut off": {
			messages: over, config: speaks,
			beats:   append(playing, beat{1100 * ms, ended("r", "completed"), ""}, beat{1150 * ms, "", truncate}),
			replies: []string{"interrupted: "},
		},
		"a reply that does not end when it is stopped": {
			messages: over, config: speaks,
			beats:   append(playing, beat{1150 * ms, "", cancel}, beat{3150 * ms, "", ""}),
			replies: []string{"interrupted: "}, outOfSync: true,
		},
		"a reply that is over too soon plays to its end": {
			messages: []core.Message{core.UserText("tell me"), saidOver(core.UserText("stop"), 1*s)}, config: speaks,
			beats:   append(playing, beat{1100 * ms, ended("r", "completed"), ""}, beat{1300*ms - 1, "", ""}, beat{1300 * ms, "", ""}),
			replies: []string{"complete: "}, warns: "was not spoken over",
		},
		"a service that listens is spoken to": {
			messages: spokenOver, config: listens,
			beats: append(playing,
				beat{1150 * ms, "", chunk}, beat{1160 * ms, hears, ""}, beat{1170 * ms, ended("r", "cancelled"), truncate},
				beat{1250 * ms, "", chunk}, beat{1350 * ms, "", chunk}, beat{1360 * ms, committed, ""}, beat{1450 * ms, "", ""},
				beat{1500 * ms, created("b"), ""}, beat{1500 * ms, sound("b"), ""}, beat{1600 * ms, ended("b", "completed"), ""}),
			replies: []string{"interrupted: ", "complete: "},
		},
		"a connection that is lost while a reply is spoken over": {
			messages: spokenOver, config: listens,
			beats: append(playing,
				beat{1150 * ms, "", chunk}, beat{1160 * ms, hears, ""}, beat{1170 * ms, ended("r", "cancelled"), truncate}, beat{1180 * ms, loses, ""}),
			replies: []string{"interrupted: "}, kind: core.ErrorUnavailable, outOfSync: true,
		},
		"a connection that is lost while a whole reply plays": {
			messages: over, config: speaks,
			beats:   append(playing, beat{1100 * ms, ended("r", "completed"), ""}, beat{1120 * ms, loses, ""}),
			replies: []string{"broken: "}, kind: core.ErrorUnavailable, outOfSync: true,
		},
		"a connection that is lost in the reply to the turn that was said over another": {
			messages: spokenOver, config: listens,
			beats: append(playing,
				beat{1150 * ms, "", chunk}, beat{1160 * ms, hears, ""}, beat{1170 * ms, ended("r", "cancelled"), truncate},
				beat{1250 * ms, "", chunk}, beat{1350 * ms, "", chunk}, beat{1360 * ms, committed, ""}, beat{1450 * ms, "", ""},
				beat{1500 * ms, created("b"), ""}, beat{1500 * ms, sound("b"), ""}, beat{1600 * ms, loses, ""}),
			replies: []string{"interrupted: ", "broken: "}, kind: core.ErrorUnavailable, outOfSync: true,
		},
		"an error that names the turn that is said over the reply": {
			messages: spokenOver, config: listens,
			beats: append(playing,
				beat{1150 * ms, "", chunk}, beat{1160 * ms, objects("odd", "ev_4"), ""}, beat{1170 * ms, ended("r", "completed"), cancel}, beat{1180 * ms, objects("response_cancel_not_active", "ev_5"), empty}),
			replies: []string{"complete: "}, kind: core.ErrorProtocol, says: "odd",
		},
	}
}
