package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// params is the name under which templates know the parameters.
const params = "params"

// The largest sizes of texts with parameters filled in, in bytes: of each and of all
// values of a file together. A short file can name a long value many thousand times.
const (
	maxFilled    = maxText
	maxAllFilled = 64 << 20
)

var (
	// reParameter is {{ .params.NAME }}.
	reParameter = regexp.MustCompile(`\{\{\s*\.params\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)
	// reAction is anything in two braces.
	reAction = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	// reNames is {{ WORD }} or {{ WORD.NAME }}, with or without a dot before it.
	reNames = regexp.MustCompile(`^\{\{-?\s*\.?([A-Za-z_][A-Za-z0-9_]*)(\.[A-Za-z_][A-Za-z0-9_]*)?\s*-?\}\}$`)
)

// parameters are the parameters of a campaign while its file is read.
type parameters struct {
	file *yamlfile.File
	// defined says that the campaign has parameters:.
	defined bool
	all     []Parameter
	used    map[string]bool
	// lines are the names of the parameters that were filled in, by line.
	lines map[int][]string
	// filled is the size of all texts that were filled in.
	filled int
}

// newParameters reads the parameters of a campaign.
func newParameters(f *yamlfile.File, root value, given Given) *parameters {
	p := &parameters{file: f, used: map[string]bool{}, lines: map[int][]string{}}
	block := yamlfile.Position{Line: 1, Column: 1}
	if root.IsMapping() {
		for key, v := range root.Entries() {
			if key == "parameters" && !p.defined {
				p.defined, block = true, v.At()
				p.all = readParameters(v)
			}
		}
	}
	given.apply(f, block, p.all)
	return p
}

// value returns the value of a parameter, and notes that it is used.
func (p *parameters) value(name string) (Parameter, bool) {
	one, ok := p.find(name)
	if ok {
		p.used[name] = true
	}
	return one, ok
}

// substitute fills the parameters in to every value of the file, apart from those
// that may hold none.
func (p *parameters) substitute(root value) {
	if !root.IsMapping() {
		return
	}
	root.Scalars(func(path yamlfile.Path, v value, isKey bool) {
		if !strings.Contains(v.Written(), "{{") {
			return
		}
		where := contextOf(path)
		written := Text{Written: v.Written(), place: v.TextPlace()}
		if !path.Within("parameters") && !p.check(written, where.config) {
			return
		}
		places := reParameter.FindAllStringSubmatchIndex(v.Written(), -1)
		if len(places) == 0 {
			return
		}
		switch {
		case isKey:
			p.file.Problem(written.at(places[0][0]), "write the key out", "a key cannot hold a parameter")
		case where.refused != "":
			p.file.Problem(written.at(places[0][0]), where.hint, "%s cannot hold a parameter", where.refused)
		default:
			p.fillIn(v, written, where, places)
		}
	})
}

// place is where in the grammar a value is.
type place struct {
	// refused names what may hold no parameter; "" where it may.
	refused, hint string
	// config says that the value is a component's: references to secrets have a
	// meaning in it, and so may two braces.
	config bool
}

// contextOf returns what may be in a place.
func contextOf(path yamlfile.Path) place {
	refused := func(what, hint string) place { return place{refused: what, hint: "write it out: " + hint} }
	switch {
	case path.Within("version"):
		return refused("version", "it is that of the file")
	case path.Within("parameters"):
		return refused("a parameter", "parameters do not follow from each other")
	case path.Within("scope"):
		return refused("scope", "who starts a run must not be able to change its rules of engagement")
	case path.Within("plugins"):
		return refused("plugins", "which programs may be started is locked, and the same in every run")
	case path.Within("schedule"):
		return refused("schedule", "it is read before there is a run")
	case path.Within("notify"):
		return refused("notify", "${NAME} is for what is secret in an address")
	case len(path) == 1 && path.Within("name"):
		return refused("name", "runs are found and compared by the campaign's name")
	case len(path) == 3 && path.Within("attacks", "*", "name"), len(path) == 5 && path.Within("attacks", "*", "variants", "*", "name"):
		return refused("name", "trials are found and compared by it")
	case len(path) == 3 && path.Within("attacks", "*", "success"):
		return refused("success", "an expression is not put together from texts")
	}
	for _, block := range []string{"targets", "converters", "scorers"} {
		if path.Within(block, "*", "with") {
			return place{config: true}
		}
	}
	return place{}
}

// check reports what looks like a parameter and is none. It returns whether the text
// is right.
func (p *parameters) check(t Text, config bool) bool {
	before := p.file.Count()
	for _, at := range reAction.FindAllStringIndex(t.Written, -1) {
		action := t.Written[at[0]:at[1]]
		if m := reParameter.FindStringSubmatch(action); m != nil {
			if _, ok := p.value(m[1]); !ok {
				p.file.Problem(t.at(at[0]), p.nearest(m[1]), "parameter %q is not defined", m[1])
			}
			continue
		}
		if message, hint := p.near(action, config); message != "" {
			p.file.Problem(t.at(at[0]), hint, "%s", message)
		}
	}
	return p.file.Count() == before
}

// near returns why an action is probably meant for a parameter. Without parameters:
// it is one of the text only where it names .params.
func (p *parameters) near(action string, config bool) (message, hint string) {
	const right = "write {{ .params.NAME }}"
	quoted := yamlfile.Quote(action)
	if strings.Contains(action, ".params.") {
		return quoted + " is more than a parameter", right
	}
	m := reNames.FindStringSubmatch(action)
	if !p.defined || m == nil {
		return "", ""
	}
	word, name := m[1], strings.TrimPrefix(m[2], ".")
	switch _, isParameter := p.find(word); {
	case name != "" && schema.Nearest(word, []string{params}) != "":
		return quoted + " is no parameter", fmt.Sprintf("did you mean {{ .params.%s }}?", name)
	case name == "" && !config && isParameter && !strings.Contains(action, "."+word):
		return quoted + " is no parameter", fmt.Sprintf("did you mean {{ .params.%s }}?", word)
	}
	return "", ""
}

// checkColumns reports the parameters that a text without rows names like columns.
func (p *parameters) checkColumns(t *Text) {
	for _, at := range reAction.FindAllStringIndex(t.Written, -1) {
		m := reNames.FindStringSubmatch(t.Written[at[0]:at[1]])
		if m == nil || m[2] != "" {
			continue
		}
		if _, ok := p.find(m[1]); ok && strings.Contains(m[0], "."+m[1]) { // without a dot, check has reported it
			p.file.Problem(t.at(at[0]), fmt.Sprintf("did you mean {{ .params.%s }}?", m[1]), "%s is no parameter, and the attack has no rows", yamlfile.Quote(m[0]))
		}
	}
}

// find looks a parameter up.
func (p *parameters) find(name string) (Parameter, bool) {
	i := slices.IndexFunc(p.all, func(one Parameter) bool { return one.Name == name })
	if i < 0 {
		return Parameter{}, false
	}
	return p.all[i], true
}

// nearest makes the hint for an unknown parameter.
func (p *parameters) nearest(name string) string {
	var names []string
	for _, one := range p.all {
		names = append(names, one.Name)
	}
	switch near := schema.Nearest(name, names); {
	case near != "":
		return yamlfile.DidYouMean(near)
	case len(names) == 0:
		return fmt.Sprintf("define it: parameters: {%s: VALUE}", name)
	default:
		return "the campaign defines " + strings.Join(names, ", ")
	}
}

// fillIn fills the parameters in to one value. One that is nothing but a parameter
// gets its type.
func (p *parameters) fillIn(v value, t Text, where place, places [][]int) {
	var pieces []templatePiece
	end := 0
	for _, at := range places {
		name := t.Written[at[2]:at[3]]
		p.note(v.At().Line, name)
		one, _ := p.value(name)
		pieces = append(pieces, templatePiece{text: t.Written[end:at[0]], offset: end}, templatePiece{text: one.Value, column: name, offset: at[0]})
		end = at[1]
	}
	pieces = append(pieces, templatePiece{text: t.Written[end:], offset: end})
	size := 0
	for _, piece := range pieces {
		size += len(piece.text)
	}
	if p.filled += size; size > maxFilled || p.filled > maxAllFilled {
		p.file.Problem(v.At(), "put long texts into files", "the values that parameters are filled in to are too large up to here")
		p.filled = 0 // reported once
		return
	}
	if len(places) == 1 && strings.TrimSpace(pieces[0].text+pieces[2].text) == "" {
		if one, _ := p.find(pieces[1].column); one.Type != TypeString && one.Type != TypeDuration {
			v.Replace(one.Value, one.Type.kind())
			return
		}
	}
	if where.config {
		p.fillConfig(v, t, pieces)
		return
	}
	v.Replace(concatenated(pieces), yamlfile.KindText)
}

// kind is that of a scalar with a value of the type.
func (t ParameterType) kind() yamlfile.Kind {
	switch t {
	case TypeInteger, TypeNumber:
		return yamlfile.KindNumber
	case TypeBoolean:
		return yamlfile.KindBoolean
	default:
		return yamlfile.KindText
	}
}

// concatenated returns the texts of pieces one after the other.
func concatenated(pieces []templatePiece) string {
	var b strings.Builder
	for _, piece := range pieces {
		b.WriteString(piece.text)
	}
	return b.String()
}

// fillConfig fills parameters in to a value of a component's configuration, so that
// none can become a part of a reference to a secret, or of a template of the
// component's own.
func (p *parameters) fillConfig(v value, t Text, pieces []templatePiece) {
	before := p.file.Count()
	text := p.configText(t, pieces)
	if p.file.Count() > before {
		text = "" // so that nothing else is wrong with it
	}
	v.Replace(text, yamlfile.KindText)
}

// configText returns the text of a configuration, and reports what cannot be filled in.
func (p *parameters) configText(t Text, pieces []templatePiece) string {
	var b strings.Builder
	written := "" // what the file has up to here, for references
	templates := strings.Contains(reParameter.ReplaceAllString(t.Written, ""), "{{")
	for i, piece := range pieces {
		at := t.at(piece.offset)
		if piece.column == "" {
			if strings.HasPrefix(piece.text, "{") && strings.HasSuffix(b.String(), "$") {
				b.WriteByte('$') // "$" of a value and "{" of the file: "$${" is a literal "${"
			}
			b.WriteString(piece.text)
			written += piece.text
			continue
		}
		next := pieces[i+1].text
		switch {
		case openReference(written):
			p.file.Problem(at, "name the secret in the file: ${NAME}", "a reference to a secret cannot hold a parameter")
			return ""
		case strings.HasSuffix(written, "$"):
			p.file.Problem(at, "leave the $ out: ${NAME} is for secrets, {{ .params.NAME }} for parameters", "a $ before a parameter")
			return ""
		case strings.HasSuffix(piece.text, "$") && strings.HasPrefix(next, "${"):
			p.file.Problem(at, "put something between the two", "a value that ends in $ before a reference to a secret")
			return ""
		case templates && strings.Contains(piece.text, "{{"):
			p.file.Problem(at, "give the whole text by the parameter, or a value without braces", "parameter %q holds {{, which the component would read as a part of its template", piece.column)
			return ""
		}
		if value := strings.ReplaceAll(piece.text, "${", "$${"); value != "" {
			if strings.HasPrefix(value, "{") && strings.HasSuffix(b.String(), "$") {
				b.WriteByte('$')
			}
			b.WriteString(value)
			written += "x" // a value neither opens nor closes a reference
		}
	}
	return b.String()
}

// openReference reports whether a text ends within a reference to a secret.
func openReference(s string) bool {
	for {
		start := strings.Index(s, "${")
		if start < 0 {
			return false
		}
		if start > 0 && s[start-1] == '$' {
			s = s[start+2:]
			continue
		}
		length := strings.IndexByte(s[start:], '}')
		if length < 0 {
			return true
		}
		s = s[start+length+1:]
	}
}

// note notes that a parameter was filled in on a line.
func (p *parameters) note(line int, name string) {
	if !slices.Contains(p.lines[line], name) {
		p.lines[line] = append(p.lines[line], name)
	}
}

// inFile fills the parameters in to the text of a file that v names.
func (p *parameters) inFile(v value, t Text) string {
	if !strings.Contains(t.Written, "{{") || !p.check(t, false) {
		return t.Written
	}
	return reParameter.ReplaceAllStringFunc(t.Written, func(action string) string {
		name := reParameter.FindStringSubmatch(action)[1]
		p.note(v.At().Line, name)
		one, _ := p.value(name)
		return one.Value
	})
}

// checkUsed reports the parameters that are used nowhere.
func (p *parameters) checkUsed() {
	if p.file.Count() > 0 {
		return // what would use it may be what is wrong
	}
	for _, one := range p.all {
		if !p.used[one.Name] {
			p.file.Problem(one.At, fmt.Sprintf("write {{ .params.%s }} where it belongs, or remove it", one.Name), "parameter %q is used nowhere", one.Name)
		}
	}
}

// Explain adds to problems of the campaign's file the values of the parameters that
// are filled in on their lines.
func (c *Campaign) Explain(ps yamlfile.Problems) yamlfile.Problems {
	all := slices.Clone(ps)
	for i, problem := range all {
		if problem.Secret || problem.File != c.File {
			continue
		}
		for _, name := range c.filledLines[problem.Line] {
			at := slices.IndexFunc(c.Parameters, func(p Parameter) bool { return p.Name == name })
			if at < 0 || !c.Parameters[at].hasValue {
				continue
			}
			note := "parameter " + c.Parameters[at].String()
			if strings.Contains(all[i].Hint, note) {
				continue
			}
			if all[i].Hint != "" {
				note = "; " + note
			}
			all[i].Hint += note
		}
	}
	return all
}
