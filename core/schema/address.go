package schema

import (
	"strings"
)

// placeForSecrets says where the secret of an address belongs: the secret keys of the
// document.
func (n node) placeForSecrets(path string) string {
	var proxy, others []string
	for _, p := range n.Properties {
		switch {
		case !p.node.holdsSecrets() || strings.Contains(p.name, "certificate") || strings.HasPrefix(p.name, "client_"):
		case strings.HasPrefix(p.name, "proxy_"):
			proxy = append(proxy, p.name)
		default:
			others = append(others, p.name)
		}
	}
	const why = ", as ${NAME}: addresses end up in logs and records"
	switch {
	case strings.HasSuffix(path, "proxy") && len(proxy) > 0:
		return "give them as proxy_user and " + list(proxy) + why
	case len(others) > 0:
		return "give the secret as " + list(others) + why
	}
	return "addresses end up in logs and records: leave the secret out; the component has no key for one"
}

// holdsSecrets reports whether a value is a secret, or a mapping or list of secrets.
func (n node) holdsSecrets() bool {
	return n.secret() || n.Items != nil && n.Items.holdsSecrets() ||
		n.Additional != nil && n.Additional.node != nil && n.Additional.node.holdsSecrets()
}

// list joins names as a sentence does.
func list(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
