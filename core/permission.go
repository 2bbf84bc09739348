package core

import (
	"path/filepath"
	"slices"
	"strings"
)

// Permissions are what a plugin says that its process does beside computing.
// Where the system can hold a process to that, it can do nothing else: it has a
// temporary folder of its own, reads the libraries and certificates of the
// system, and that is all. The zero value is what most plugins need.
type Permissions struct {
	// Network: it contacts hosts, over TCP and through the HTTP proxy that the
	// environment names (HTTP_PROXY, HTTPS_PROXY), which lets through what the
	// campaign's scope allows.
	Network bool `json:"network,omitempty"`
	// Read and Write are the files, and the folders with all that is below
	// them, that it reads, and that it reads and writes. Paths are absolute.
	Read  []string `json:"read,omitempty"`
	Write []string `json:"write,omitempty"`
	// Programs are those that it runs: names, which are looked for in the PATH,
	// or absolute paths. They are held to the same permissions.
	Programs []string `json:"programs,omitempty"`
}

// IsZero reports whether nothing is asked for.
func (p Permissions) IsZero() bool {
	return !p.Network && len(p.Read)+len(p.Write)+len(p.Programs) == 0
}

// Equal reports whether the two are the same, in whatever order.
func (p Permissions) Equal(q Permissions) bool {
	return p.Network == q.Network && slices.Equal(union(p.Read, nil), union(q.Read, nil)) &&
		slices.Equal(union(p.Write, nil), union(q.Write, nil)) && slices.Equal(union(p.Programs, nil), union(q.Programs, nil))
}

// With returns the permissions of p and q together.
func (p Permissions) With(q Permissions) Permissions {
	return Permissions{
		Network:  p.Network || q.Network,
		Read:     union(p.Read, q.Read),
		Write:    union(p.Write, q.Write),
		Programs: union(p.Programs, q.Programs),
	}
}

// Without returns what p permits and q does not.
func (p Permissions) Without(q Permissions) Permissions {
	return Permissions{
		Network:  p.Network && !q.Network,
		Read:     difference(p.Read, q.Read),
		Write:    difference(p.Write, q.Write),
		Programs: difference(p.Programs, q.Programs),
	}
}

// Check returns an error of kind config for what is no permission.
func (p Permissions) Check() error {
	for _, path := range slices.Concat(p.Read, p.Write) {
		if !filepath.IsAbs(path) || filepath.Clean(path) != path {
			return Errorf(ErrorConfig, "the permission for %q: a path is absolute and has no . or .. in it", path)
		}
	}
	for _, name := range p.Programs {
		if name == "" || strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) {
			return Errorf(ErrorConfig, "the permission to run %q: a program has a name or an absolute path", name)
		}
	}
	return nil
}

// String says in words what the permissions allow, such as "network; runs
// espeak-ng, flite"; "nothing" for none.
func (p Permissions) String() string {
	var words []string
	if p.Network {
		words = append(words, "network")
	}
	for _, list := range []struct {
		what  string
		names []string
	}{{"reads", p.Read}, {"writes", p.Write}, {"runs", p.Programs}} {
		if len(list.names) > 0 {
			words = append(words, list.what+" "+strings.Join(list.names, ", "))
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, "; ")
}

// difference returns the entries of a that are not in b.
func difference(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// union returns the sorted entries of two lists.
func union(a, b []string) []string {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
