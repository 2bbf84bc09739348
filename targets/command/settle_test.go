package command

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// speaking is a conversation with a program whose output the test writes.
func speaking(config LinesConfig) *conversation {
	out := &stream{limit: 1 << 20, more: make(chan struct{}, 1)}
	out.room = sync.NewCond(&out.mu)
	return &conversation{
		target:   &target{program: config.Program},
		process:  &process{name: "bot", out: out, stderr: &complaints{}},
		protocol: newLinesProtocol(config),
	}
}

func TestALineIsAReplyWhereNothingFollowsIt(t *testing.T) {
	for name, test := range map[string]struct {
		until string
		after time.Duration // until the next line
		ends  bool          // the program, in place of a next line
		want  core.Finish
	}{
		"a line at once":             {until: untilLine, want: core.FinishUnconfirmed},
		"a line soon":                {until: untilLine, after: lineSettles - 1, want: core.FinishUnconfirmed},
		"a line later":               {until: untilLine, after: lineSettles + 1, want: core.FinishComplete},
		"the end":                    {until: untilLine, after: lineSettles - 1, ends: true, want: core.FinishComplete},
		"a line behind another mark": {until: untilEmptyLine, want: core.FinishComplete},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := defaultLines()
				config.Until, config.Greeting = test.until, new(bool)
				c := speaking(config)
				go func() {
					time.Sleep(time.Second)
					c.process.out.add([]byte("Welcome.\n"+strings.Repeat("\n", strings.Count(test.until, "empty"))), false)
					time.Sleep(test.after)
					if test.ends {
						c.process.out.add(nil, true)
					} else {
						c.process.out.add([]byte("blue eleven\n"), false)
					}
				}()
				r, began := &reply{limit: 1000}, time.Now()
				if err := c.await(t.Context(), waiting{}, r); err != nil {
					t.Fatal(err)
				}
				out := c.finish(r, began)
				if out.Message.Text() != "Welcome." || out.Finish != test.want || out.Timing.Total != time.Second {
					t.Errorf("%q is %s (%s) after %s, want %s", out.Message.Text(), out.Finish, out.Detail, out.Timing.Total, test.want)
				}
				time.Sleep(time.Second) // the program writes
			})
		})
	}
}

func TestAGreetingOfTwoLinesIsNotTakenForAReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, greets := defaultLines(), true
		config.Greeting = &greets
		c := speaking(config)
		go func() {
			c.process.out.add([]byte("Welcome.\n"), false)
			time.Sleep(lineSettles - 1)
			c.process.out.add([]byte("What can I do for you?\n"), false)
		}()
		if err := c.open(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if err := c.ready(); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("error %v, want that the program wrote before it was asked", err)
		}
	})
}

func TestAProgramWaitsWhileWhatItWroteIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, makeRoom := range map[string]func(*stream){
			"used":    func(s *stream) { s.use(11) },
			"dropped": func(s *stream) { s.drop() },
		} {
			out := &stream{limit: 10, more: make(chan struct{}, 1)}
			out.room = sync.NewCond(&out.mu)
			out.add(make([]byte, 11), false)
			added := make(chan struct{})
			go func() {
				out.add(make([]byte, 7), false)
				close(added)
			}()
			synctest.Wait()
			if arrived, _, _ := out.peek(); len(arrived) != 11 {
				t.Errorf("%s: %d bytes are kept, and there is room for 10", name, len(arrived))
			}
			makeRoom(out)
			<-added
		}
	})
}

func TestTheEndOfALineThatWasCutIsNoMarker(t *testing.T) {
	config := defaultLines()
	config.Until, config.Marker, config.Greeting = untilMarker, "END", new(bool)
	p, r := newLinesProtocol(config), &reply{limit: 5}
	used, over, err := p.read(arrival{bytes: []byte("xxxxxxxx")}, r)
	if used != 8 || over || err != nil {
		t.Fatalf("used %d, over %v, %v", used, over, err)
	}
	if used, over, err = p.read(arrival{bytes: []byte("END\nmore\nEND\n>")}, r); used != 13 || !over || err != nil || string(r.text) != "xxxxx" {
		t.Errorf("used %d, over %v, %v: %q", used, over, err, r.text)
	}
}
