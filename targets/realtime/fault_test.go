package realtime_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// impatient are timeouts for services that never answer. Nothing that is
// expected to come has to come within them.
func impatient(names ...string) settings {
	timeouts := map[string]string{}
	for _, name := range append(names, "cancel") {
		timeouts[name] = "50ms"
	}
	return settings{"timeouts": timeouts}
}

// quiet is a timeout within which the next event of a reply certainly comes if
// it comes at all.
func quiet() settings {
	return settings{"timeouts": map[string]string{"quiet": "2s", "cancel": "50ms"}}
}

func TestWhatIsWrongAtConnectingIsAnErrorThatNamesTheService(t *testing.T) {
	tests := map[string]struct {
		config settings
		kind   core.ErrorKind
		says   []string
		after  time.Duration
	}{
		"connect-rate-limit":  {nil, core.ErrorRateLimited, []string{"HTTP 429", "rate_limit_exceeded"}, 2 * time.Second},
		"connect-unavailable": {nil, core.ErrorUnavailable, []string{"HTTP 503", "overloaded"}, 0},
		"connect-busy":        {nil, core.ErrorUnavailable, []string{"HTTP 503", "being deployed"}, 2 * time.Second},
		"beta-shape":          {nil, core.ErrorUnsupported, []string{"beta_api_shape_disabled"}, 0},
		"no-session":          {impatient("connect"), core.ErrorTimeout, []string{"connecting", "50ms"}, 0},
		"session-rejected":    {nil, core.ErrorConfig, []string{"setting the session up", "none today"}, 0},
		"session-ignored":     {impatient("session"), core.ErrorTimeout, []string{"setting the session up", "50ms"}, 0},
	}
	for fault, test := range tests {
		t.Run(fault, func(t *testing.T) {
			p := serve(t, realtimetest.ToneAgent{}, fault)
			_, err := p.target(t, test.config).StartConversation(t.Context(), core.Start{})
			if core.KindOf(err) != test.kind {
				t.Fatalf("got a %q error, want %q: %v", core.KindOf(err), test.kind, err)
			}
			for _, part := range append(test.says, p.url+"/realtime") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %q: %v", part, err)
				}
			}
			if got := core.RetryAfterOf(err); got != test.after {
				t.Errorf("RetryAfter is %s, want %s", got, test.after)
			}
			if strings.Contains(err.Error(), testKey) {
				t.Errorf("the error gives the key away: %v", err)
			}
		})
	}
}

func TestAWrongKeyIsAnAuthError(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{})
	_, err := p.target(t, settings{"api_key": "sk-wrong"}).StartConversation(t.Context(), core.Start{})
	if core.KindOf(err) != core.ErrorAuth || !strings.Contains(err.Error(), "HTTP 401") || core.HintOf(err) != "check api_key" {
		t.Errorf("got a %q error: %v (hint: %s)", core.KindOf(err), err, core.HintOf(err))
	}
}

func TestNobodyAtTheAddressIsUnavailableAndSaysWhere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	target := openTarget(t, settings{"endpoint": "ws://" + address + "/v1?region=secret-in-query", "model": "m"})
	_, err = target.StartConversation(t.Context(), core.Start{})
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "ws://"+address+"/v1/realtime") ||
		!strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got a %q error: %v", core.KindOf(err), err)
	}
	if strings.Contains(err.Error(), "secret-in-query") {
		t.Errorf("the error quotes the query: %v", err)
	}
}

func TestAServiceThatRepeatsTheKeyCannotBringItIntoAnError(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"error":{"code":"invalid_api_key","message":"%s is not a key"}}`, r.Header.Get("Authorization"))
	}))
	defer web.Close()
	target := openTarget(t, settings{"endpoint": web.URL, "model": "m", "api_key": testKey})
	_, err := target.StartConversation(t.Context(), core.Start{})
	if core.KindOf(err) != core.ErrorAuth || strings.Contains(fmt.Sprintf("%+v", err), testKey) || !strings.Contains(err.Error(), "[redacted] is not a key") {
		t.Errorf("got a %q error: %v", core.KindOf(err), err)
	}
}

func TestAnAddressThatIsNoRealtimeServiceIsAConfigError(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	_, err := openTarget(t, settings{"endpoint": web.URL, "model": "m"}).StartConversation(t.Context(), core.Start{})
	if core.KindOf(err) != core.ErrorConfig || core.HintOf(err) == "" {
		t.Errorf("got a %q error: %v", core.KindOf(err), err)
	}
}

func TestACertificateThatNobodyVouchesForIsAConfigError(t *testing.T) {
	web := httptest.NewUnstartedServer(http.NotFoundHandler())
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // it would complain
	web.StartTLS()
	defer web.Close()
	_, err := openTarget(t, settings{"endpoint": web.URL, "model": "m"}).StartConversation(t.Context(), core.Start{})
	if core.KindOf(err) != core.ErrorConfig || !strings.Contains(core.HintOf(err), "ca_certificates") {
		t.Errorf("got a %q error: %v", core.KindOf(err), err)
	}
}

func TestRepliesThatAreNoneAreErrors(t *testing.T) {
	tests := map[string]struct {
		config settings
		kind   core.ErrorKind
		says   string
		after  time.Duration
		came   string // what had come of the reply, and is returned with the error
	}{
		"drop-mid-reply":  {nil, core.ErrorUnavailable, "connection was lost", 0, "the second "},
		"close-1000":      {nil, core.ErrorUnavailable, "the service closed the connection", 0, "the second "},
		"silence":         {impatient("first_event"), core.ErrorTimeout, "no sign of a reply within 50ms", 0, ""},
		"created-only":    {impatient("turn"), core.ErrorTimeout, "not complete within 50ms", 0, ""},
		"rate-limit":      {nil, core.ErrorRateLimited, "rate_limit_exceeded", 1500 * time.Millisecond, ""},
		"quota":           {nil, core.ErrorAuth, "insufficient_quota", 0, ""},
		"server-error":    {nil, core.ErrorUnavailable, "the response failed", 0, ""},
		"error-event":     {nil, core.ErrorUnavailable, "server_error", 0, ""},
		"malformed-frame": {nil, core.ErrorProtocol, "malformed JSON", 0, "the second does not"},
		"session-expired": {nil, core.ErrorUnavailable, "session_expired", 0, ""},
	}
	for fault, test := range tests {
		t.Run(fault, func(t *testing.T) {
			p := serve(t, realtimetest.ToneAgent{}, fault+"@2")
			c := p.talk(t, test.config)
			if _, patient := test.config["timeouts"]; !patient {
				send(t, c, core.UserText("the first turn goes well"))
			} else if _, err := c.Send(t.Context(), core.UserText("x")); err != nil && core.KindOf(err) != core.ErrorTimeout {
				t.Fatalf("the first turn: %v", err)
			}
			reply, err := c.Send(t.Context(), core.UserText("the second does not"))
			if core.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), p.url+"/realtime") {
				t.Fatalf("got a %q error, want %q saying %q: %v", core.KindOf(err), test.kind, test.says, err)
			}
			if got := core.RetryAfterOf(err); got != test.after {
				t.Errorf("RetryAfter is %s, want %s", got, test.after)
			}
			if got := core.SubjectOf(err); test.kind == core.ErrorUnavailable && got != core.SubjectAnswer {
				t.Errorf("the error speaks of %s, want %s", got, core.SubjectAnswer)
			}
			got := reply.Message.Text()
			if fault == "malformed-frame" && strings.HasPrefix(test.came, got) {
				got = test.came // the reply follows the frame, until it has been cancelled
			}
			if got != test.came || reply.Message.Empty() != (reply.Finish != core.FinishBroken) {
				t.Errorf("%q had come of the reply, which is %q; want %q", got, reply.Finish, test.came)
			}
		})
	}
}

func TestRepliesThatDoNotEndWellSayHowTheyEnded(t *testing.T) {
	const said = "one two three four"
	tests := map[string]struct {
		config settings
		finish core.Finish
		detail string
		text   string
	}{
		"content-filter": {nil, core.FinishBlocked, "content_filter", "one two"},
		"truncated":      {nil, core.FinishTruncated, "max_output_tokens", "one two"},
		"cancelled":      {nil, core.FinishInterrupted, "turn_detected", "one two"},
		"empty-reply":    {nil, core.FinishUnconfirmed, "the response completed without any output", ""},
		"no-done":        {quiet(), core.FinishUnconfirmed, "no event for 2s (timeouts.quiet), and no response.done", said},
		"half-reply":     {quiet(), core.FinishUnconfirmed, "no event for 2s (timeouts.quiet), and no response.done", "one two three "},
	}
	for fault, test := range tests {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := serveInMemory(t, realtimetest.ToneAgent{}, fault).talk(t, test.config)
				reply := send(t, c, core.UserText(said))
				if reply.Finish != test.finish || reply.Detail != test.detail {
					t.Errorf("finish %q (%q), want %q (%q)", reply.Finish, reply.Detail, test.finish, test.detail)
				}
				if got := reply.Message.Text(); got != test.text {
					t.Errorf("the text is %q, want %q", got, test.text)
				}
				if hasAudio := len(reply.Message.Of(core.Audio)) == 1; hasAudio != (test.text != "") {
					t.Errorf("audio: %t", hasAudio)
				}
			})
		})
	}
}

func TestAConversationGoesOnAfterAReplyThatWasNeverConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, remembers(), "no-done@1").talk(t, quiet())
		send(t, c, core.UserText("one"))
		reply := send(t, c, core.UserText("two"))
		if got := reply.Message.Text(); got != "one then two" || reply.Finish != core.FinishComplete {
			t.Errorf("the next turn: %q, %s", got, reply.Finish)
		}
	})
}

func TestATurnThatFailedIsTakenBackSoThatItCanBeSentAgain(t *testing.T) {
	for _, fault := range []string{"rate-limit", "server-error", "error-event", "malformed-frame"} {
		t.Run(fault, func(t *testing.T) {
			c := serve(t, remembers(), fault+"@2").talk(t, nil)
			send(t, c, core.UserText("one"))
			if _, err := c.Send(t.Context(), core.UserText("two")); err == nil {
				t.Fatal("the second turn did not fail")
			}
			if got := send(t, c, core.UserText("two")).Message.Text(); got != "one then two" {
				t.Errorf("sent again, it is answered with %q", got)
			}
		})
	}
}

func TestOddRepliesAreKeptWholeAndRemarkedUpon(t *testing.T) {
	tests := map[string]struct {
		text   string
		audio  bool
		finish core.Finish
		remark string // part of the only warning; "" for none
	}{
		"stale-response":   {"hello there", true, core.FinishComplete, ""},
		"benign-error":     {"hello there", true, core.FinishComplete, ""},
		"beta-names":       {"hello there", true, core.FinishComplete, ""},
		"no-transcript":    {"", true, core.FinishComplete, "audio but no transcript"},
		"no-audio":         {"hello there", false, core.FinishUnconfirmed, "transcript but no audio"},
		"wrong-transcript": {"hello there", true, core.FinishComplete, "two versions"},
		"done-only":        {"hello there", false, core.FinishUnconfirmed, "transcript but no audio"},
	}
	for fault, test := range tests {
		t.Run(fault, func(t *testing.T) {
			c := serve(t, realtimetest.ToneAgent{}, fault).talk(t, nil)
			reply := send(t, c, core.UserText("hello there"))
			if got := reply.Message.Text(); got != test.text {
				t.Errorf("the text is %q, want %q", got, test.text)
			}
			if got := len(reply.Message.Of(core.Audio)) == 1; got != test.audio {
				t.Errorf("audio: %t, want %t", got, test.audio)
			}
			if reply.Finish != test.finish || (reply.Detail == "") != (test.finish == core.FinishComplete) {
				t.Errorf("finish %q (%s)", reply.Finish, reply.Detail)
			}
			if test.remark == "" && len(reply.Warnings) == 0 {
				return
			}
			if len(reply.Warnings) != 1 || test.remark == "" || !strings.Contains(reply.Warnings[0], test.remark) {
				t.Errorf("warnings %q, want %q", reply.Warnings, test.remark)
			}
		})
	}
}

func TestSettingsThatTheServiceIgnoredAreWarnedOfOnce(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{}, "session-altered")
	c := begin(t, p.target(t, settings{"voice": "marin"}), core.Start{SystemPrompt: "Be brief."})
	warnings := strings.Join(send(t, c, core.UserText("hello")).Warnings, "\n")
	for _, part := range []string{"changed the system prompt", "output_modalities to [\"text\"]", `audio.output.voice to "cedar", not to "marin"`} {
		if !strings.Contains(warnings, part) {
			t.Errorf("no warning says %q:\n%s", part, warnings)
		}
	}
	if again := send(t, c, core.UserText("hello")).Warnings; len(again) > 0 {
		t.Errorf("the second turn repeats %q", again)
	}
}

func TestAReplyThatIsTooLongIsCutOffAndMarked(t *testing.T) {
	c := serve(t, realtimetest.ToneAgent{}).talk(t, settings{"max_reply_bytes": 50000})
	reply := send(t, c, core.UserText("this takes three seconds to say"))
	if reply.Finish != core.FinishTruncated || !strings.Contains(reply.Detail, "max_reply_bytes, 50000") {
		t.Errorf("finish %q (%q)", reply.Finish, reply.Detail)
	}
	if got := len(clipOf(t, reply).PCM()); got < 50000 || got > 70000 {
		t.Errorf("%d bytes were kept", got)
	}
}

func TestAConnectionThatIsLostBetweenTurnsIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveInMemory(t, realtimetest.ToneAgent{})
		c := p.talk(t, nil)
		send(t, c, core.UserText("hello"))
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := c.Send(t.Context(), core.UserText("still there?"))
		if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "shutting down") {
			t.Errorf("got a %q error: %v", core.KindOf(err), err)
		}
	})
}

func TestADeadlineOfTheCallerIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, realtimetest.ToneAgent{}, "silence").talk(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if _, err := c.Send(ctx, core.UserText("hello")); core.KindOf(err) != core.ErrorTimeout {
			t.Errorf("got %v", err)
		}
	})
}

func TestFaultsCanBeAskedForInTheEndpoint(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{})
	c := p.talk(t, settings{"endpoint": p.url + "?fault=content-filter@2"})
	first, second := send(t, c, core.UserText("a b")), send(t, c, core.UserText("a b"))
	if got := []core.Finish{first.Finish, second.Finish}; !slices.Equal(got, []core.Finish{core.FinishComplete, core.FinishBlocked}) {
		t.Errorf("the turns ended as %v", got)
	}
}

func TestEveryFaultIsMet(t *testing.T) {
	// Whatever a service does, a turn is a reply or an error with a kind, and
	// a reply that is not whole is not conclusive.
	for _, kind := range realtimetest.FaultKinds() {
		t.Run(string(kind), func(t *testing.T) {
			p := serve(t, realtimetest.ToneAgent{}, string(kind))
			target := p.target(t, impatient("connect", "session", "first_event", "quiet", "turn"))
			c, err := target.StartConversation(t.Context(), core.Start{})
			if err == nil {
				defer func() { _ = c.End(context.WithoutCancel(t.Context())) }()
				var reply core.Reply
				reply, err = c.Send(t.Context(), core.UserText("hello there"))
				if err == nil && reply.Message.Empty() && reply.Finish.Conclusive() {
					t.Errorf("nothing was said, and yet the reply is conclusive: %+v", reply)
				}
			}
			if err != nil && core.KindOf(err) == core.ErrorInternal {
				t.Errorf("an error without a kind: %v", err)
			}
		})
	}
}
