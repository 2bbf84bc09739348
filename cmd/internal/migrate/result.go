package migrate

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Options say how a campaign is written.
type Options struct {
	// Name is the campaign's, and Authorization what permits the test; it is needed for
	// another machine.
	Name, Authorization string
	// File is the name of the configuration, for messages.
	File string
	// Read reads a file that the configuration names, by its path from there.
	Read func(path string) ([]byte, error)
	// Locate returns the path of such a file from the campaign's folder; false where it
	// is not in or below that.
	Locate func(path string) (string, bool)
}

// Result is a campaign.
type Result struct {
	// Text is the campaign's file.
	Text string
	// Notes say what did not carry over, and why.
	Notes []string
	// Secrets are the names of the environment variables that it refers to.
	Secrets []string
}

// Tools are the tools whose files are read.
func Tools() []string { return []string{"garak", "promptfoo", "pyrit"} }

// Campaign writes a campaign from a file of a tool.
func Campaign(tool string, data []byte, o Options) (Result, error) {
	d := &draft{options: o, told: map[string]bool{}}
	var err error
	switch tool {
	case "promptfoo":
		err = d.promptfoo(data)
	case "garak":
		err = d.garak(data)
	case "pyrit":
		err = d.pyrit(data)
	default:
		err = core.Errorf(core.ErrorConfig, "%q is no tool whose files are read", tool).WithHint("one of %s", strings.Join(Tools(), ", "))
	}
	if err != nil {
		return Result{}, err
	}
	return d.finish(tool)
}

// definition is an entry below targets:, scorers: or datasets:.
type definition struct {
	name string
	body fields
}

// attack is an entry below attacks:.
type attack struct {
	name string
	body fields
}

// draft is a campaign while it is made.
type draft struct {
	options  Options
	hosts    []string
	targets  []definition
	scorers  []definition
	datasets []definition
	attacks  []attack
	notes    []string
	told     map[string]bool
	secrets  []string
}

// note says once what does not carry over, and why.
func (d *draft) note(format string, args ...any) {
	text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	if !d.told[text] {
		d.told[text] = true
		d.notes = append(d.notes, text)
	}
}

// secretReference returns a reference to a variable that somebody has to set.
func (d *draft) secretReference(name string) raw {
	if !slices.Contains(d.secrets, name) {
		d.secrets = append(d.secrets, name)
	}
	return raw(quote("${" + name + "}"))
}

// allow adds the host of an address to the scope.
func (d *draft) allow(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return
	}
	host, port := scope.HostOf(u)
	if scope.Loopback(host) || slices.Contains(d.hosts, host) {
		return
	}
	if u.Port() != "" {
		host = net.JoinHostPort(host, port)
	}
	if !slices.Contains(d.hosts, host) {
		d.hosts = append(d.hosts, host)
	}
}

// finish writes the campaign.
func (d *draft) finish(tool string) (Result, error) {
	switch {
	case len(d.attacks) == 0:
		return Result{}, core.Errorf(core.ErrorConfig, "%s: nothing that could be said to a target carries over", d.options.File).
			WithHint("%s", strings.Join(append(d.notes, "give a file that has prompts"), "; "))
	case len(d.hosts) > 0 && d.options.Authorization == "":
		return Result{}, core.Errorf(core.ErrorConfig, "a test of %s needs an authorization", strings.Join(d.hosts, ", ")).
			WithHint("--authorization takes what permits the test, such as a ticket's number")
	}
	d.notes = gathered(d.notes)
	return Result{Text: d.text(tool), Notes: d.notes, Secrets: d.secrets}, nil
}

var testPlace = regexp.MustCompile(`^tests\[[0-9]+\]`)

// gathered returns notes in which what is said of several tests is said once.
func gathered(notes []string) []string {
	others := map[string]int{}
	for _, note := range notes {
		others[testPlace.ReplaceAllString(note, "")]++
	}
	var all []string
	for _, note := range notes {
		place := testPlace.FindString(note)
		rest := note[len(place):]
		switch n := others[rest]; {
		case place == "" || n == 1:
			all = append(all, note)
		case n > 1:
			all = append(all, fmt.Sprintf("%s (and %s)", note, phrase.Count(n-1, "more test")))
			others[rest] = 0
		}
	}
	return all
}

var nameParts = regexp.MustCompile(`[^a-z0-9]+`)

// unique makes a name from a text, which no other of the taken ones has.
func unique(text, fallback string, taken func(string) bool) string {
	const most = 40
	name := strings.Trim(nameParts.ReplaceAllString(strings.ToLower(text), "-"), "-")
	name = strings.Trim(name[:min(len(name), most)], "-")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = strings.Trim(fallback+"-"+name, "-")
	}
	reserved := []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
	for i, base := 2, name; taken(name) || slices.Contains(reserved, name); i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	return name
}

func among(all []definition) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(all, func(d definition) bool { return d.name == name })
	}
}

func (d *draft) attackTaken(name string) bool {
	return slices.ContainsFunc(d.attacks, func(a attack) bool { return a.name == name })
}
