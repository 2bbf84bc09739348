package realtimetest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// FaultKind is a kind of misbehaviour of a server.
type FaultKind string

// Faults of the connection. [Fault.Turn] counts the server's connections.
const (
	// ConnectRateLimit answers the handshake with 429 and "Retry-After: 2".
	ConnectRateLimit FaultKind = "connect-rate-limit"
	// ConnectUnavailable answers the handshake with 503.
	ConnectUnavailable FaultKind = "connect-unavailable"
	// ConnectBusy answers the handshake with 503 and "Retry-After: 2".
	ConnectBusy FaultKind = "connect-busy"
	// Forbidden answers the handshake with 403.
	Forbidden FaultKind = "forbidden"
	// NotFound answers the handshake with 404, model_not_found.
	NotFound FaultKind = "not-found"
	// ConnectQuota answers the handshake with 429, insufficient_quota.
	ConnectQuota FaultKind = "connect-quota"
	// BetaShape sends the error of the retired beta protocol instead of
	// session.created and closes with 4000.
	BetaShape FaultKind = "beta-shape"
	// NoSession sends nothing at all after the handshake.
	NoSession FaultKind = "no-session"
	// SessionRejected answers every session.update with an error event.
	SessionRejected FaultKind = "session-rejected"
	// SessionIgnored never answers session.update.
	SessionIgnored FaultKind = "session-ignored"
	// SessionAltered answers session.update with another voice and other
	// instructions than requested.
	SessionAltered FaultKind = "session-altered"
	// ShortSession says in session.created that the session expires in a
	// second. It does not.
	ShortSession FaultKind = "short-session"
	// XAINames uses xAI's variants of events: conversation.created follows
	// session.created, conversation.item.created replaces
	// conversation.item.added, and transcriptions arrive as
	// conversation.item.input_audio_transcription.updated, each of which
	// repeats the transcript so far.
	XAINames FaultKind = "xai-names"
)

// Faults of a reply. [Fault.Turn] counts the socket's responses, whether a client
// asked for them or a turn was detected.
const (
	// DropMidReply closes the TCP connection after half of the reply.
	DropMidReply FaultKind = "drop-mid-reply"
	// NoDone sends the whole reply but never response.done.
	NoDone FaultKind = "no-done"
	// HalfReply sends half of the reply, then nothing more.
	HalfReply FaultKind = "half-reply"
	// Silence sends nothing in answer to response.create.
	Silence FaultKind = "silence"
	// CreatedOnly sends response.created, then nothing more.
	CreatedOnly FaultKind = "created-only"
	// EmptyReply completes a response that has no output.
	EmptyReply FaultKind = "empty-reply"
	// RateLimit fails the response with rate_limit_exceeded, "try again in
	// 1.5s".
	RateLimit FaultKind = "rate-limit"
	// Quota fails the response with insufficient_quota.
	Quota FaultKind = "quota"
	// ServerError fails the response with server_error.
	ServerError FaultKind = "server-error"
	// ErrorEvent answers response.create with an error event only.
	ErrorEvent FaultKind = "error-event"
	// BenignError sends the error event of a lost race (the response to cancel
	// was already over), then the reply.
	BenignError FaultKind = "benign-error"
	// ContentFilter cuts the reply in half: incomplete, content_filter.
	ContentFilter FaultKind = "content-filter"
	// Truncated cuts the reply in half: incomplete, max_output_tokens.
	Truncated FaultKind = "truncated"
	// Cancelled cuts the reply in half: cancelled, turn_detected.
	Cancelled FaultKind = "cancelled"
	// StaleResponse sends the remaining events of another response, including
	// its response.done, before the reply.
	StaleResponse FaultKind = "stale-response"
	// MalformedFrame sends a frame that is not JSON, then the reply.
	MalformedFrame FaultKind = "malformed-frame"
	// NoTranscript sends the audio of the reply without its transcript.
	NoTranscript FaultKind = "no-transcript"
	// NoAudio sends the transcript of the reply without its audio.
	NoAudio FaultKind = "no-audio"
	// WrongTranscript sends deltas of the transcript that differ from the
	// final one.
	WrongTranscript FaultKind = "wrong-transcript"
	// DoneOnly sends no deltas; the only text or transcript is the one in
	// response.done.
	DoneOnly FaultKind = "done-only"
	// BetaNames sends the reply under the beta protocol's event names.
	BetaNames FaultKind = "beta-names"
	// SessionExpired sends the session_expired error and closes with 1001.
	SessionExpired FaultKind = "session-expired"
	// DropAfterReply closes the TCP connection after response.done.
	DropAfterReply FaultKind = "drop-after-reply"
	// Close1000, Close1008, Close1011 and Close1012 end the socket with that
	// code after half of the reply.
	Close1000 FaultKind = "close-1000"
	Close1008 FaultKind = "close-1008"
	Close1011 FaultKind = "close-1011"
	Close1012 FaultKind = "close-1012"
	// SlowReply sends the deltas no faster than they play, a word of a written
	// reply every 200 ms.
	SlowReply FaultKind = "slow-reply"
	// LimitsExhausted says in rate_limits.updated that no request is left for
	// 0.2 seconds.
	LimitsExhausted FaultKind = "limits-exhausted"
	// TwoItems sends a reply of two words or more as two messages, the first
	// in phase "commentary", the second in "final_answer".
	TwoItems FaultKind = "two-items"
	// TextOnly writes the reply although audio was asked for.
	TextOnly FaultKind = "text-only"
	// NoMetadata sends response objects without their metadata.
	NoMetadata FaultKind = "no-metadata"
	// UnknownEvents sends events of undocumented types between the others.
	UnknownEvents FaultKind = "unknown-events"
	// DisagreeingDone has another text or transcript in response.done than in
	// all events before it.
	DisagreeingDone FaultKind = "disagreeing-done"
	// HugeFrame sends an event of 40 MiB, then the reply.
	HugeFrame FaultKind = "huge-frame"
	// HalfSample sends audio deltas with odd numbers of bytes, and an odd
	// number of them in all.
	HalfSample FaultKind = "half-sample"
)

// Faults before a reply. Their turn is that of the reply: they affect the items
// created between the reply before it and its own response.create.
const (
	// DropOnItem closes the TCP connection when the client creates an item.
	DropOnItem FaultKind = "drop-on-item"
	// ItemRefused answers conversation.item.create with an error event.
	ItemRefused FaultKind = "item-refused"
	// NoAck never sends conversation.item.added and conversation.item.done, not
	// even for the items of the reply.
	NoAck FaultKind = "no-ack"
	// LateTranscript sends the input transcript only after response.done.
	LateTranscript FaultKind = "late-transcript"
	// TranscriptFailed reports that the user's audio could not be transcribed.
	TranscriptFailed FaultKind = "transcript-failed"
)

// connectionFaults are the faults of the connection.
func connectionFaults() []FaultKind {
	return []FaultKind{
		ConnectRateLimit, ConnectUnavailable, ConnectBusy, Forbidden, NotFound, ConnectQuota, BetaShape, NoSession,
		SessionRejected, SessionIgnored, SessionAltered, ShortSession, XAINames,
	}
}

// FaultKinds lists every fault, those of the connection first.
func FaultKinds() []FaultKind {
	return append(connectionFaults(),
		DropMidReply, NoDone, HalfReply, Silence, CreatedOnly, EmptyReply,
		RateLimit, Quota, ServerError, ErrorEvent, BenignError,
		ContentFilter, Truncated, Cancelled, StaleResponse, MalformedFrame,
		NoTranscript, NoAudio, WrongTranscript, DoneOnly, BetaNames, SessionExpired,
		DropAfterReply, Close1000, Close1008, Close1011, Close1012, SlowReply, LimitsExhausted,
		TwoItems, TextOnly, NoMetadata, UnknownEvents, DisagreeingDone, HugeFrame, HalfSample,
		DropOnItem, ItemRefused, NoAck, LateTranscript, TranscriptFailed,
	)
}

// refusal is the HTTP response to a handshake that is refused.
type refusal struct {
	kind    FaultKind
	status  int
	code    string
	message string
	after   string // the Retry-After header; "" for none
}

// handshakeFault returns the refusal planned for a server's n-th connection.
func handshakeFault(faults []Fault, n int) (refusal, bool) {
	refusals := []refusal{
		{ConnectRateLimit, http.StatusTooManyRequests, "rate_limit_exceeded", "Rate limit reached. Please try again in 2s.", "2"},
		{ConnectQuota, http.StatusTooManyRequests, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.", ""},
		{ConnectUnavailable, http.StatusServiceUnavailable, "server_error", "The server is overloaded.", ""},
		{ConnectBusy, http.StatusServiceUnavailable, "server_error", "The server is being deployed.", "2"},
		{Forbidden, http.StatusForbidden, "access_denied", "Your project does not have access to this model.", ""},
		{NotFound, http.StatusNotFound, "model_not_found", "The model does not exist or you do not have access to it.", ""},
	}
	i := slices.IndexFunc(refusals, func(r refusal) bool { return at(faults, r.kind, n) })
	if i < 0 {
		return refusal{}, false
	}
	return refusals[i], true
}

// Fault is one planned misbehaviour.
type Fault struct {
	Kind FaultKind
	// Turn is when it happens, counted from 1: at which connection of the
	// server or at which reply of a socket, depending on the kind. 0 means
	// every time.
	Turn int
}

// String formats the fault as [ParseFault] reads it.
func (f Fault) String() string {
	if f.Turn == 0 {
		return string(f.Kind)
	}
	return string(f.Kind) + "@" + strconv.Itoa(f.Turn)
}

// ParseFault reads a fault such as "silence" (every time) or
// "drop-mid-reply@2" (the second time only).
func ParseFault(s string) (Fault, error) {
	name, turn, numbered := strings.Cut(s, "@")
	f := Fault{Kind: FaultKind(name)}
	if !slices.Contains(FaultKinds(), f.Kind) {
		return Fault{}, fmt.Errorf("unknown fault %q: the faults are %s", name, faultNames())
	}
	if !numbered {
		return f, nil
	}
	n, err := strconv.Atoi(turn)
	if err != nil || n < 1 {
		return Fault{}, fmt.Errorf("fault %q: after @ comes a number from 1 up, not %q", name, turn)
	}
	f.Turn = n
	return f, nil
}

func faultNames() string {
	var names []string
	for _, k := range FaultKinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// at reports whether one of the faults has the kind and applies to the n-th
// time.
func at(faults []Fault, kind FaultKind, n int) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool {
		return f.Kind == kind && (f.Turn == 0 || f.Turn == n)
	})
}

// replyFault returns the fault planned for a socket's n-th reply, or "".
func replyFault(faults []Fault, n int) FaultKind {
	for _, f := range faults {
		if !slices.Contains(connectionFaults(), f.Kind) && (f.Turn == 0 || f.Turn == n) {
			return f.Kind
		}
	}
	return ""
}
