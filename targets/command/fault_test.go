package command_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	"github.com/redteam-orchestrator/orchestrator/targets/command"
)

// outcome is what is expected of one message.
type outcome struct {
	text   string
	finish core.Finish // "" for none: an error and no reply
	detail string      // part of it
	kind   core.ErrorKind
	says   string // part of the error
	warns  string // part of a warning
}

func (o outcome) check(t *testing.T, reply core.Reply, err error) {
	t.Helper()
	if reply.Message.Text() != o.text || reply.Finish != o.finish || !strings.Contains(reply.Detail, o.detail) {
		t.Errorf("the reply is %s (%s): %q; want %s (%s): %q", reply.Finish, reply.Detail, reply.Message.Text(), o.finish, o.detail, o.text)
	}
	if core.KindOf(err) != o.kind || !strings.Contains(fmt.Sprint(err), o.says) {
		t.Errorf("error %v (%s), want %q saying %q", err, core.KindOf(err), o.kind, o.says)
	}
	if o.warns != "" && !strings.Contains(strings.Join(reply.Warnings, "\n"), o.warns) {
		t.Errorf("no warning says %q: %q", o.warns, reply.Warnings)
	}
}

// jsonOutcomes are what the target makes of the first message to each program.
func jsonOutcomes() map[string]outcome {
	const complete, broken, unconfirmed, protocol, unavailable = core.FinishComplete, core.FinishBroken, core.FinishUnconfirmed, core.ErrorProtocol, core.ErrorUnavailable
	return map[string]outcome{
		"echo":        {text: "hello", finish: complete},
		"streams":     {text: "in pieces", finish: complete},
		"contradicts": {text: "the code is 11\nI cannot say", finish: complete, warns: "both are kept"},
		"filters":     {finish: core.FinishBlocked, detail: "policy 7"},
		"cuts":        {text: "as far as", finish: core.FinishTruncated},
		"lies":        {finish: unconfirmed, detail: "answered with nothing"},
		"new finish":  {text: "yes", finish: unconfirmed, detail: "satisfied"},
		"broken":      {text: "yes", finish: unconfirmed, detail: "broken"},
		"no line end": {text: "unended", finish: complete},
		"sound":       {finish: complete},
		"calls":       {finish: complete},
		"greets":      {text: "hello", finish: complete, warns: "Welcome."},
		"complains":   {text: "fine", finish: complete, warns: "warning 1"},
		"limits":      {kind: core.ErrorRateLimited, says: "slow down"},
		"misses":      {kind: unavailable, says: "no model"},
		"new kind":    {kind: protocol, says: "no message"},
		"new type":    {kind: protocol, says: `"mood"`},
		"other id":    {text: "late", finish: core.FinishBroken, kind: protocol, says: "answers message 7, and was asked message 1"},
		"array":       {kind: protocol, says: "no JSON object"},
		"banner":      {kind: protocol, says: "Loading model"},
		"two values":  {kind: protocol, says: "more than one JSON value"},
		"half a line": {kind: protocol, says: "no JSON object"},
		"bad part":    {kind: protocol, says: `"audio"`},
		"long":        {text: strings.Repeat("x", 1000), finish: core.FinishTruncated, detail: "max_reply_bytes"},
		"endless":     {kind: protocol, says: "a line of more than"},
		"dies":        {text: "the code is", finish: broken, kind: unavailable, says: "ended (exit status 3) before its reply was whole; standard error of"},
		"pieces":      {text: "whole ", finish: broken, kind: core.ErrorTimeout, says: "no whole reply within"},
		"silent":      {kind: core.ErrorTimeout, says: "no whole reply within"},
		"twice":       {text: "one", finish: unconfirmed, detail: "wrote on after its reply"},
		"spaced":      {text: "one", finish: complete},
		"not UTF-8":   {text: "caf\uFFFD blue", finish: unconfirmed, detail: "not UTF-8"},
		"half a pair": {text: "a\uFFFDb", finish: complete},
		"NUL":         {text: "b\x00l\x00u\x00e", finish: unconfirmed, detail: "NUL"},
		"CRLF":        {text: "yes", finish: complete},
		"BOM":         {text: "yes", finish: complete},
		"new keys":    {text: "yes", finish: complete},
		"pretty":      {kind: protocol, says: "no JSON object"},
		"a number":    {kind: protocol, says: "no JSON object"},
		"a text ID":   {text: "yes", finish: complete, warns: "the id of a line is no number"},
		"two in one":  {kind: protocol, says: "does not have one of text, data and value"},
		"none in one": {kind: protocol, says: "does not have one of text, data and value"},
		"null":        {kind: protocol, says: `the type ""`},
		"warns":       {text: "yes", finish: complete, warns: "there are more warnings"},
	}
}

// impatient are the programs that never answer.
func impatient(name string) map[string]any {
	more := map[string]any{"max_reply_bytes": 1000}
	if name == "silent" || name == "pieces" {
		more["timeouts"] = map[string]string{"turn": "1s"}
	}
	return more
}

func TestWhatAProgramAnswersInJSONIsTakenForWhatItIs(t *testing.T) {
	plugintest.Each(t, command.Components(), func(t *testing.T, s plugintest.Source) {
		for name, want := range jsonOutcomes() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				talk := begin(t, opened(t, s, "command", config(self(t, name), impatient(name))), core.Start{})
				if name == "greets" {
					settle(t, talk)
				}
				reply, err := talk.Send(t.Context(), core.UserText("hello"))
				want.check(t, reply, err)
				if err != nil && core.SubjectOf(err) == core.SubjectReachability {
					t.Errorf("the error speaks of reachability: %v", err)
				}
			})
		}
	})
}

// settle gives a program the time to write before it is sent anything: what it is
// expected to do is the same if that was too short.
func settle(*testing.T, core.Conversation) { time.Sleep(10 * time.Millisecond) }

// begin starts a conversation that ends with the test.
func begin(t *testing.T, target core.Target, start core.Start) core.Conversation {
	t.Helper()
	talk, err := target.StartConversation(t.Context(), start)
	if err != nil {
		t.Fatalf("starting a conversation: %v", err)
	}
	t.Cleanup(func() {
		if err := talk.End(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("ending the conversation: %v", err)
		}
	})
	return talk
}

// lineCase is a script that is talked to in lines.
type lineCase struct {
	use    string
	script string
	config map[string]any
	send   string // "hello" unless given
	want   outcome
}

func lineCases() map[string]lineCase {
	until := func(until string, more ...string) map[string]any {
		c := map[string]any{"until": until, "max_reply_bytes": 1000, "greeting": until == "prompt"}
		for i := 0; i+1 < len(more); i += 2 {
			c[more[i]] = more[i+1]
		}
		return c
	}
	const complete, broken, unconfirmed = core.FinishComplete, core.FinishBroken, core.FinishUnconfirmed
	return map[string]lineCase{
		"a line":                      {script: `read a; echo "you said $a"; cat`, config: until("line"), want: outcome{text: "you said hello", finish: complete}},
		"a line with a carriage":      {script: `printf 'yes\r\n'; cat`, config: map[string]any{"greeting": true}, send: "again\r", want: outcome{text: "again", finish: complete, warns: "said: yes"}},
		"an empty line as a reply":    {script: `read a; echo; cat`, config: until("line"), want: outcome{finish: unconfirmed, detail: "answered with nothing"}},
		"a line that shows nothing":   {script: `read a; printf '\342\200\213 \n'; cat`, config: until("line"), want: outcome{text: "\u200b ", finish: unconfirmed, detail: "answered with nothing"}},
		"half a character":            {script: `read a; printf 'It is \303\n'; cat`, config: until("line"), want: outcome{text: "It is \uFFFD", finish: core.FinishTruncated, detail: "middle of a character"}},
		"two lines for one":           {script: `read a; printf 'one\ntwo\n'; cat`, config: until("line"), want: outcome{text: "one", finish: unconfirmed, detail: "wrote on"}},
		"a line that is cut":          {script: `read a; printf 'the code'`, config: until("line"), want: outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "exit status 0"}},
		"an empty line":               {script: `read a; printf '\none\ntwo\r\n\r\n'; cat`, config: until("empty_line"), want: outcome{text: "\none\ntwo", finish: complete}},
		"a marker":                    {script: `read a; printf 'one\n END\n\nEND\n'; cat`, config: until("marker", "marker", "END"), want: outcome{text: "one\n END\n", finish: complete}},
		"a marker alone":              {script: `read a; echo END; cat`, config: until("marker", "marker", "END"), want: outcome{finish: unconfirmed, detail: "answered with nothing"}},
		"a marker that never comes":   {script: `read a; echo one; cat`, config: slow(until("marker", "marker", "END")), want: outcome{text: "one", finish: broken, kind: core.ErrorTimeout, says: "no whole reply within 1s"}},
		"a prompt":                    {script: `printf 'Hi\n> '; while read a; do printf 'a > b\n%s\n> ' "$a"; done`, config: until("prompt", "marker", "> "), want: outcome{text: "a > b\nhello", finish: complete, warns: "said: Hi"}},
		"a prompt without a greeting": {script: `printf '> '; read a; printf 'x\n> '; cat`, config: until("prompt", "marker", "> "), want: outcome{text: "x", finish: complete}},
		"quiet":                       {script: `read a; printf 'one\ntwo'; cat`, config: until("quiet", "quiet", "1s"), want: outcome{text: "one\ntwo", finish: unconfirmed, detail: "nothing came for 1s"}},
		"too long":                    {script: `read a; yes | head -c 9000; echo END; cat`, config: until("marker", "marker", "END"), want: outcome{text: strings.Repeat("y\n", 500), finish: core.FinishTruncated}},
		"too long a line":             {script: `read a; head -c 90000 /dev/zero | tr '\0' x; echo END; echo END; cat`, config: until("marker", "marker", "END"), want: outcome{text: strings.Repeat("x", 1000), finish: core.FinishTruncated}},
		"several lines":               {script: `sed -u 's/^\.$/END/'`, config: until("marker", "marker", "END", "message_end", "."), send: "one\ntwo", want: outcome{text: "one\ntwo", finish: complete}},
		"several lines for one":       {script: `cat`, config: until("line"), send: "one\ntwo", want: outcome{kind: core.ErrorInput, says: "several lines"}},
		"a message with its own end":  {script: `cat`, config: until("line", "message_end", "."), send: "one\n.\ntwo", want: outcome{kind: core.ErrorInput, says: `the line "."`}},
		"not UTF-8":                   {script: `cat`, config: until("line"), send: "a\xff\x00b", want: outcome{text: "a\uFFFD\x00b", finish: unconfirmed, detail: "not UTF-8"}},
		"closes its output":           {script: `read a; printf 'the code'; exec >&-; sleep 30`, config: until("line"), want: outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "sh closed its standard output before its reply was whole"}},
		"ends before it is asked":     {script: `exit 0`, config: until("line"), want: outcome{kind: core.ErrorUnavailable, says: "exit status 0"}},
		"a flood without a line end":  {script: `read a; yes | tr -d '\n'`, config: slow(until("line")), want: outcome{text: strings.Repeat("y", 1000), finish: broken, kind: core.ErrorTimeout, says: "no whole reply within 1s"}},
		"a flood of standard error":   {script: `read a; yes >&2`, config: slow(until("line")), want: outcome{kind: core.ErrorTimeout, says: "standard error of sh: …"}},
		"UTF-16":                      {script: `read a; printf 'n\0o\0\n'; cat`, config: until("line"), want: outcome{text: "n\x00o\x00", finish: unconfirmed, detail: "NUL"}},
		"Latin-1":                     {script: `read a; printf 'caf\351 blue\n'; cat`, config: until("line"), want: outcome{text: "caf\uFFFD blue", finish: unconfirmed, detail: "not UTF-8"}},
		"needs a terminal":            {script: `read a; test -t 0 || { echo "no terminal" >&2; exit 1; }`, config: until("line"), want: outcome{kind: core.ErrorUnavailable, says: "exit status 1) before its reply was whole; standard error of sh: no terminal"}},
		"a terminal of its own":       {script: `exec script -qfec 'stty -echo; echo ready; while read a; do test -t 1 && echo "you said $a"; done' /dev/null`, config: map[string]any{"greeting": true}, want: outcome{text: "you said hello", finish: complete, warns: "said: ready"}},
		"a child that holds the pipe": {script: `read a; sleep 30 & echo yes; exit 0`, config: until("line"), want: outcome{text: "yes", finish: complete}},
		"unread":                      {script: `exec <&-; echo "no input" >&2; exit 4`, config: until("line"), want: outcome{kind: core.ErrorUnavailable, says: "exit status 4"}},
		"killed":                      {script: `read a; kill -9 $$`, config: until("line"), want: outcome{kind: core.ErrorUnavailable, says: "signal: killed"}},

		"once":             {use: "command/once", script: `echo one; cat`, want: outcome{text: "one\nhello", finish: complete}},
		"once and failed":  {use: "command/once", script: `cat; echo "no model" >&2; exit 2`, want: outcome{text: "hello", finish: broken, kind: core.ErrorUnavailable, says: "exit status 2); standard error of sh: no model"}},
		"once and nothing": {use: "command/once", script: `cat >/dev/null`, want: outcome{finish: unconfirmed, detail: "answered with nothing"}},
		"once and long":    {use: "command/once", script: `cat >/dev/null; yes | head -c 90000`, config: map[string]any{"max_reply_bytes": 10}, want: outcome{text: "y\ny\ny\ny\ny\n", finish: core.FinishTruncated}},
		"once and a child": {use: "command/once", script: `cat; sleep 30 & exit 0`, want: outcome{text: "hello", finish: complete}},
		"once and late":    {use: "command/once", script: `cat; sleep 1000`, config: slow(map[string]any{}), want: outcome{text: "hello", finish: broken, kind: core.ErrorTimeout, says: "no whole reply"}},
	}
}

func slow(config map[string]any) map[string]any {
	config["timeouts"] = map[string]string{"turn": "1s"}
	return config
}

func TestWhatAProgramAnswersInLinesIsTakenForWhatItIs(t *testing.T) {
	plugintest.Each(t, command.Components(), func(t *testing.T, s plugintest.Source) {
		for name, test := range lineCases() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				use, send := test.use, test.send
				if use == "" {
					use = "command/lines"
				}
				if send == "" {
					send = "hello"
				}
				talk := begin(t, opened(t, s, use, config(shell(test.script), test.config)), core.Start{})
				reply, err := talk.Send(t.Context(), core.UserText(send))
				test.want.check(t, reply, err)
			})
		}
	})
}

func TestAProgramThatCannotBegin(t *testing.T) {
	plugintest.Each(t, command.Components(), func(t *testing.T, s plugintest.Source) {
		for name, test := range map[string]struct {
			use, config string
			start       core.Start
			kind        core.ErrorKind
			subject     core.ErrorSubject
			says        string
		}{
			"no program":             {"command", config([]string{"no-such-program"}, nil), core.Start{}, core.ErrorConfig, core.SubjectConfiguration, "no-such-program"},
			"no folder":              {"command", config([]string{"cat"}, map[string]any{"directory": "/no/such/folder"}), core.Start{}, core.ErrorConfig, core.SubjectConfiguration, "/no/such/folder"},
			"no folder but a file":   {"command", config([]string{"cat"}, map[string]any{"directory": "/etc/hosts"}), core.Start{}, core.ErrorConfig, core.SubjectConfiguration, "/etc/hosts"},
			"no greeting":            {"command/lines", config([]string{"cat"}, map[string]any{"greeting": true, "timeouts": map[string]string{"start": "50ms"}}), core.Start{}, core.ErrorTimeout, core.SubjectAnswer, "not ready within 50ms"},
			"an end in the greeting": {"command/lines", config(shell("echo no model >&2; exit 5"), map[string]any{"greeting": true}), core.Start{}, core.ErrorUnavailable, core.SubjectReachability, "exit status 5) before the first message; standard error of sh: no model"},
			"a system prompt":        {"command/lines", config([]string{"cat"}, map[string]any{"greeting": false}), core.Start{SystemPrompt: "Be brief."}, core.ErrorUnsupported, core.SubjectConfiguration, "system prompt"},
			"a past":                 {"command/once", config([]string{"cat"}, nil), core.Start{History: []core.Message{core.UserText("x")}}, core.ErrorUnsupported, core.SubjectConfiguration, "said before"},
			"a reply in sound":       {"command", config([]string{"cat"}, nil), core.Start{History: []core.Message{{Role: core.Assistant, Parts: []core.Part{{Value: core.WAVValue([]byte("RIFF"))}}}}}, core.ErrorInput, core.SubjectConfiguration, "takes no audio"},
			"a past in sound":        {"command", config([]string{"cat"}, nil), core.Start{History: []core.Message{{Role: core.User, Parts: []core.Part{{Value: core.WAVValue([]byte("RIFF"))}}}}}, core.ErrorInput, core.SubjectConfiguration, "takes no audio"},
		} {
			t.Run(name, func(t *testing.T) {
				target, err := core.OpenAs[core.Target](t.Context(), s, test.use, []byte(test.config))
				if err == nil {
					var talk core.Conversation
					if talk, err = target.StartConversation(t.Context(), test.start); err == nil {
						_ = talk.End(t.Context())
					}
				}
				if core.KindOf(err) != test.kind || core.SubjectOf(err) != test.subject || !strings.Contains(fmt.Sprint(err), test.says) {
					t.Errorf("error %v (%s, %s), want %s, %s saying %q", err, core.KindOf(err), core.SubjectOf(err), test.kind, test.subject, test.says)
				}
			})
		}
	})
}

func TestAConversationIsOneProcess(t *testing.T) {
	target := opened(t, inProcess(t), "command", config(self(t, "count"), nil))
	a, b := begin(t, target, core.Start{}), begin(t, target, core.Start{})
	for i, talk := range []core.Conversation{a, a, b, a} {
		reply, err := talk.Send(t.Context(), core.UserText("x"))
		if want := []string{"1", "2", "1", "3"}[i]; err != nil || reply.Message.Text() != want {
			t.Errorf("message %d: %q, %v; want %q", i+1, reply.Message.Text(), err, want)
		}
	}
	once := begin(t, opened(t, inProcess(t), "command/once", config(shell("cat; echo $$"), nil)), core.Start{})
	seen := map[string]bool{}
	for range 2 {
		reply, err := once.Send(t.Context(), core.UserText("x"))
		if err != nil || seen[reply.Message.Text()] {
			t.Errorf("a process for two messages, or an error: %q, %v", reply.Message.Text(), err)
		}
		seen[reply.Message.Text()] = true
	}
}

func TestAProgramIsToldHowTheConversationBegins(t *testing.T) {
	target := opened(t, inProcess(t), "command", config(self(t, "start"), map[string]any{"accepts": []string{"text", "audio"}}))
	history := []core.Message{
		{Role: core.User, Parts: []core.Part{{Value: core.TextValue("hi <b>")}, {Value: core.WAVValue([]byte("RIFF"))}}},
		{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("yes")}}},
	}
	talk := begin(t, target, core.Start{SystemPrompt: "Be brief.", History: history, Seed: 1<<64 - 1})
	reply, err := talk.Send(t.Context(), core.UserText("x"))
	want := `{"history":[{"parts":[{"media_type":"text/plain; charset=utf-8","modality":"text","text":"hi \u003cb\u003e"},` +
		`{"data":"UklGRg==","media_type":"audio/wav","modality":"audio"}],"role":"user","text":"hi \u003cb\u003e"},{"role":"assistant","text":"yes"}],` +
		`"seed":18446744073709552000,"system_prompt":"Be brief.","type":"start","version":1}`
	if err != nil || reply.Message.Text() != want {
		t.Errorf("%v, told\n%s\nwant\n%s", err, reply.Message.Text(), want)
	}
}

func TestAReplyThatComesUnaskedIsNotTakenForTheNext(t *testing.T) {
	for name, test := range map[string]struct{ use, config string }{
		"in JSON":  {"command", config(self(t, "hurries"), nil)},
		"in lines": {"command/lines", config(shell("echo old; cat"), map[string]any{"greeting": false})},
	} {
		t.Run(name, func(t *testing.T) {
			talk := begin(t, opened(t, inProcess(t), test.use, test.config), core.Start{})
			for deadline := time.Now().Add(time.Minute); ; {
				_, err := talk.Send(t.Context(), core.UserText("x"))
				if core.KindOf(err) == core.ErrorProtocol && (strings.Contains(err.Error(), "before it was sent a message") || strings.Contains(err.Error(), "answers message 1, and was asked message 2")) {
					break
				}
				// Where the program was slower than the test, its line is the first
				// reply, and the reply to the first message the one that is unasked.
				if time.Now().After(deadline) || err != nil {
					t.Fatalf("never refused: %v", err)
				}
			}
			if _, err := talk.Send(t.Context(), core.UserText("x")); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "over") {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func inProcess(t *testing.T) core.Opener {
	t.Helper()
	return components(command.Components())
}

// components opens components in this process.
type components []core.Component

func (cs components) Open(ctx context.Context, kind core.Kind, use string, config []byte) (any, error) {
	for _, c := range cs {
		if c.Info.Kind == kind && c.Info.Name == use {
			return c.Open(ctx, config)
		}
	}
	return nil, errors.New("there is no " + use)
}

func TestAProgramSeesTheEnvironmentThatTheCampaignSays(t *testing.T) {
	t.Setenv("ORCHESTRATOR_KEY", "of the host")
	t.Setenv("LC_TEST", "C.UTF-8")
	more := map[string]any{"environment": map[string]string{"MODE": "test"}, "secrets": map[string]string{"API_KEY": "s3cret"}}
	talk := begin(t, opened(t, inProcess(t), "command", config(self(t, "environment"), more)), core.Start{})
	for name, want := range map[string]string{"MODE": "test", "API_KEY": "s3cret", "LC_TEST": "C.UTF-8", "ORCHESTRATOR_KEY": "", "PATH": os.Getenv("PATH")} {
		reply, err := talk.Send(t.Context(), core.UserText(name))
		if got := reply.Message.Text(); err != nil || got != fmt.Sprintf("%q", want) {
			t.Errorf("%s is %s, %v; want %q", name, got, err, want)
		}
	}
}

func TestAProgramStartsInAFolderOfItsOwnThatIsRemoved(t *testing.T) {
	target := opened(t, inProcess(t), "command", config(self(t, "folder"), nil))
	talk := begin(t, target, core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText("x"))
	dir, inside, _ := strings.Cut(reply.Message.Text(), " ")
	if err != nil || inside != "0" {
		t.Fatalf("%q, %v", reply.Message.Text(), err)
	}
	if err := talk.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", dir, err)
	}
	named := t.TempDir()
	talk = begin(t, opened(t, inProcess(t), "command", config(self(t, "folder"), map[string]any{"directory": named})), core.Start{})
	if reply, err := talk.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != named+" 0" {
		t.Errorf("%q, %v; want %s", reply.Message.Text(), err, named)
	}
}

func TestAllProcessesEndWithTheConversation(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, talk core.Conversation){
		"that ends": func(t *testing.T, talk core.Conversation) {
			if err := talk.End(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"whose message is given up": func(t *testing.T, talk core.Conversation) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			if _, err := talk.Send(ctx, core.UserText("x")); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
		},
		"whose message has a deadline": func(t *testing.T, talk core.Conversation) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			if _, err := talk.Send(ctx, core.UserText("x")); core.KindOf(err) != core.ErrorTimeout {
				t.Errorf("error %v, want a timeout", err)
			}
		},
		"whose end is given up": func(t *testing.T, talk core.Conversation) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := talk.End(ctx); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			more := map[string]any{"timeouts": map[string]string{"end": "100ms"}}
			talk := begin(t, opened(t, inProcess(t), "command", config(self(t, "family"), more)), core.Start{})
			if _, err := talk.Send(t.Context(), core.UserText(pipe)); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(pipe) // returns when the child has it open
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			end(t, talk)
			if _, err := io.ReadAll(f); err != nil { // ends when all that have it open are dead
				t.Fatal(err)
			}
		})
	}
}

func TestWhatAProgramLeavesBehindIsKilled(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	opens := make(chan *os.File, 1)
	go func() {
		f, _ := os.OpenFile(pipe, os.O_RDWR, 0)
		opens <- f
	}()
	talk := begin(t, opened(t, inProcess(t), "command", config(self(t, "family"), map[string]any{"environment": map[string]string{"ABANDON": "1"}})), core.Start{})
	_, err := talk.Send(t.Context(), core.UserText(pipe))
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "exit status 0") {
		t.Errorf("error %v, want that the program ended", err)
	}
	_ = (<-opens).Close()
}

func TestAMessageThatIsNotReadIsGivenUp(t *testing.T) {
	talk := begin(t, opened(t, inProcess(t), "command", config(self(t, "deaf"), map[string]any{"timeouts": map[string]string{"turn": "50ms"}})), core.Start{})
	_, err := talk.Send(t.Context(), core.UserText(strings.Repeat("x", 4<<20)))
	if core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("error %v, want a timeout", err)
	}
}

func TestAReplyToAMessageThatIsNotReadIsNone(t *testing.T) {
	talk := begin(t, opened(t, inProcess(t), "command/lines", config(shell(`head -c 10 >/dev/null; echo early; exec <&-; sleep 5`), map[string]any{"greeting": false})), core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText(strings.Repeat("x", 1<<20)))
	outcome{text: "early", finish: core.FinishBroken, kind: core.ErrorUnavailable, says: "closed its standard input before it had read the message"}.check(t, reply, err)
}

func TestEachReplyMayBeginWithAnEmptyLine(t *testing.T) {
	script := `while read a; do printf '\n%s\n\n' "$a"; done`
	talk := begin(t, opened(t, inProcess(t), "command/lines", config(shell(script), map[string]any{"until": "empty_line", "greeting": false})), core.Start{})
	for _, text := range []string{"one", "two"} {
		reply, err := talk.Send(t.Context(), core.UserText(text))
		outcome{text: "\n" + text, finish: core.FinishComplete}.check(t, reply, err)
	}
}

func TestOnlyTheEndOfStandardErrorIsKept(t *testing.T) {
	script := `read a; i=0; while [ $i -lt 3000 ]; do echo "line $i" >&2; i=$((i+1)); done; echo done; cat`
	talk := begin(t, opened(t, inProcess(t), "command/lines", config(shell(script), map[string]any{"greeting": false})), core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText("x"))
	if err != nil || len(reply.Warnings) != 1 {
		t.Fatalf("%v, warnings %q", err, reply.Warnings)
	}
	w := reply.Warnings[0]
	if len(w) > 5000 || !strings.HasPrefix(w, "standard error of sh: …") {
		t.Errorf("%d bytes: %.60q", len(w), w)
	}
}

func TestALimitSaysHowLongToWaitAndTheConversationGoesOn(t *testing.T) {
	talk := begin(t, opened(t, inProcess(t), "command", config(self(t, "limits"), nil)), core.Start{})
	for range 2 {
		if _, err := talk.Send(t.Context(), core.UserText("x")); core.RetryAfterOf(err) != 3*time.Second || core.SubjectOf(err) != core.SubjectLimit {
			t.Errorf("error %v, after %v", err, core.RetryAfterOf(err))
		}
	}
}

func TestAConfigurationIsCheckedBeforeAnythingRuns(t *testing.T) {
	for config, want := range map[string]string{
		`{"command": []}`:                                                        "command: there is no program",
		`{"command": ["cat", "a\u0000b"]}`:                                       "command[1]: an argument has a NUL",
		`{"command": ["cat"], "environment": {"A": "a\u0000b"}}`:                 "environment.A: the value has a NUL",
		`{"command": ["cat"], "secrets": {"A": "a\u0000b"}}`:                     "secrets.A: the value has a NUL",
		`{"command": ["./bot"]}`:                                                 "relative to no known folder",
		`{"command": ["cat"], "directory": "here"}`:                              "directory: ",
		`{"command": ["cat"], "environment": {"A=B": "c"}}`:                      "environment: ",
		`{"command": ["cat"], "secrets": {"": "c"}}`:                             "secrets: ",
		`{"command": ["cat"], "secrets": {"A": "c"}, "environment": {"A": "b"}}`: "secrets.A: ",
		`{"command": ["cat"], "max_reply_bytes": -1}`:                            "max_reply_bytes: ",
		`{"command": ["cat"], "timeouts": {"turn": "0s"}}`:                       "timeouts.turn: ",
		`{"command": ["cat"], "until": "marker"}`:                                "marker: until: marker needs",
		`{"command": ["cat"], "marker": "END"}`:                                  "marker: a marker without",
		`{"command": ["cat"], "until": "marker", "marker": "a\nb"}`:              "marker: a line has",
		`{"command": ["cat"], "message_end": "a\nb"}`:                            "message_end: a line has",
		`{"command": ["cat"], "until": "later"}`:                                 "until: ",
		`{"command": ["cat"], "until": "line"}`:                                  "greeting: the campaign does not say",
		`{"command": ["cat"], "quiet": "0s"}`:                                    "quiet: ",
	} {
		err := command.Components()[1].Check([]byte(config))
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
	if err := command.Components()[0].Check([]byte(`{"command": ["cat"], "accepts": ["smell"]}`)); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("accepts smell: %v", err)
	}
}
