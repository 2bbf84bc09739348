package migrate

import (
	"regexp"
	"slices"
	"strings"
)

// scorer is what judges a type of assertion.
type scorer struct {
	use  string
	with fields
}

// assertionTypes are the types of assertions that have a scorer, without not-. Each makes
// the scorer that is true where the assertion holds; nil where it cannot be judged.
func assertionTypes() map[string]func(d *draft, values []string, grader any) *scorer {
	substring := func(key string, sensitive bool) func(*draft, []string, any) *scorer {
		return func(_ *draft, values []string, _ any) *scorer {
			if len(values) == 1 {
				key = "any"
			}
			with := fields{{key, texts(values)}}
			if sensitive {
				with = append(with, field{"case_sensitive", true})
			}
			return &scorer{"match/substring", with}
		}
	}
	pattern := func(before, after string) func(*draft, []string, any) *scorer {
		return func(_ *draft, values []string, _ any) *scorer {
			return regex(before + regexp.QuoteMeta(values[0]) + after)
		}
	}
	judged := func(d *draft, values []string, grader any) *scorer {
		return &scorer{"judge/criterion", fields{{"model", raw(d.grader(grader))}, {"criterion", literal(values[0])}}}
	}
	return map[string]func(*draft, []string, any) *scorer{
		"contains": substring("all", true), "icontains": substring("all", false),
		"contains-any": substring("any", true), "icontains-any": substring("any", false),
		"contains-all": substring("all", true), "icontains-all": substring("all", false),
		"equals": pattern(`\A\s*`, `\s*\z`), "starts-with": pattern(`\A\s*`, ""),
		"regex": func(d *draft, values []string, _ any) *scorer {
			if _, err := regexp.Compile(values[0]); err != nil {
				d.note("the regular expression %q is left to a person: it is none of RE2, which has no lookahead and no backreference", values[0])
				return nil
			}
			return regex(values[0])
		},
		"is-refusal": func(*draft, []string, any) *scorer { return &scorer{use: "match/refusal"} },
		"llm-rubric": judged, "model-graded-closedqa": judged, "g-eval": judged,
	}
}

// measurements are types of assertions that do not speak of what was said.
func measurements() []string {
	return []string{"cost", "latency", "perplexity", "perplexity-score", "finish-reason", "trace-span-count", "trace-error-spans", "trace-span-duration"}
}

// programs are types of assertions that are known and have no scorer.
func programs() []string {
	return []string{
		"is-json", "contains-json", "is-xml", "contains-xml", "is-sql", "contains-sql", "is-html", "contains-html", "javascript", "python", "ruby",
		"webhook", "similar", "classifier", "moderation", "guardrails", "cost", "latency", "perplexity", "perplexity-score", "levenshtein", "rouge-n",
		"bleu", "gleu", "meteor", "factuality", "model-graded-factuality", "answer-relevance", "context-faithfulness", "context-recall",
		"context-relevance", "conversation-relevance", "select-best", "max-score", "word-count", "finish-reason", "tool-call-f1", "pi",
		"is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call", "trace-span-count", "trace-error-spans", "skill-used", "trajectory",
	}
}

func regex(pattern string) *scorer {
	return &scorer{"match/regex", fields{{"patterns", texts([]string{pattern})}, {"case_sensitive", true}}}
}

// texts are texts of a with: block.
func texts(values []string) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = literal(v)
	}
	return all
}

// assertions defines the scorers of assertions, and returns their names, and when one of
// the assertions does not hold: that is the attack's success.
func (d *draft) assertions(where string, all []any, vars map[string]string, grader any) (scorers any, success string) {
	var names, failed []string
	var flat []any
	for _, v := range all {
		if m := mapping(v); text(m["type"]) == "assert-set" {
			d.note("%s.assert: the assertions of an assert-set are each for itself: its threshold is not carried over", where)
			flat = append(flat, list(m["assert"])...)
			continue
		}
		flat = append(flat, v)
	}
	for _, v := range flat {
		m := mapping(v)
		if slices.Contains(measurements(), strings.TrimPrefix(text(m["type"]), "not-")) {
			d.note("%s.assert: %s is not carried over: it says nothing of what was said", where, text(m["type"]))
			continue
		}
		name, negated := d.assertion(where, m, vars, grader)
		term := name
		switch {
		case name == "":
			name = d.review("Does the assertion " + text(m["type"]) + " hold?")
			term = name
		case !negated:
			term = "!" + name
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if !slices.Contains(failed, term) {
			failed = append(failed, term)
		}
	}
	if len(names) == 0 {
		d.note("%s: no assertion says when the attack succeeds: a person has to judge the replies, or write scorers", where)
		name := d.review("Does the reply do what the prompt asks for?")
		return raw("[" + name + "]"), name
	}
	return raw("[" + strings.Join(names, ", ") + "]"), strings.Join(failed, " || ")
}

// assertion defines the scorer of an assertion; name is "" where it has none.
func (d *draft) assertion(where string, m map[string]any, vars map[string]string, grader any) (name string, negated bool) {
	kind := text(m["type"])
	base, negated := strings.CutPrefix(kind, "not-")
	build := assertionTypes()[base]
	if build == nil {
		d.note("%s.assert: %s is left to a person: no scorer judges it", where, kind)
		return "", false
	}
	d.rest(m, where+".assert "+kind, "is not carried over: an attack has succeeded, or not", "type", "value", "provider", "weight", "metric")
	if m["weight"] != nil && text(m["weight"]) != "1" {
		d.note("%s.assert %s.weight: is not carried over: an attack has succeeded, or not", where, kind)
	}
	var values []string
	for _, v := range listed(base, m["value"]) {
		value := d.fill(where+".assert", text(v), vars)
		if strings.HasPrefix(value, "file://") {
			d.note("%s.assert: %s: it is left to a person: what the file %s holds is not read", where, kind, value)
			return "", false
		}
		if strings.TrimSpace(value) != "" {
			values = append(values, value)
		}
	}
	if len(values) == 0 && base != "is-refusal" {
		d.note("%s.assert: %s is left to a person: it has no text to compare with", where, kind)
		return "", false
	}
	if m["provider"] != nil {
		grader = m["provider"]
	}
	s := build(d, values, grader)
	if s == nil {
		return "", false
	}
	return d.score(strings.ReplaceAll(base, "-", "_"), *s), negated
}

// listed returns the values of an assertion. A text of one that takes several is a list
// with commas, in which quotation marks keep a comma.
func listed(base string, value any) []any {
	given, ok := value.(string)
	if !ok || !strings.HasSuffix(base, "-any") && !strings.HasSuffix(base, "-all") {
		return list(value)
	}
	var all []any
	for given = strings.TrimLeft(given, " \t\n,"); given != ""; given = strings.TrimLeft(given, " \t\n,") {
		one, rest, _ := strings.Cut(given, ",")
		if quoted, ok := strings.CutPrefix(given, `"`); ok {
			one, rest = cutQuoted(quoted)
		}
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
		given = rest
	}
	return all
}

// cutQuoted returns a text up to its quotation mark, and what stands after that. A mark
// behind another one, or behind a backslash, is a part of the text.
func cutQuoted(s string) (before, after string) {
	escapes := strings.NewReplacer(`""`, `"`, `\"`, `"`, `\\`, `\`)
	for at := 0; at < len(s); at++ {
		switch rest := s[at:]; {
		case strings.HasPrefix(rest, `""`), strings.HasPrefix(rest, `\"`), strings.HasPrefix(rest, `\\`):
			at++
		case rest[0] == '"':
			return escapes.Replace(s[:at]), rest[1:]
		}
	}
	return escapes.Replace(s), ""
}

// review defines a scorer that leaves the reply to a person, and returns its name.
func (d *draft) review(lookFor string) string {
	return d.score("review", scorer{"review/person", fields{{"look_for", literal(lookFor)}}})
}

// score defines a scorer, once, and returns its name, which an expression can hold.
func (d *draft) score(name string, s scorer) string {
	body := fields{{"use", raw(s.use)}}
	if len(s.with) > 0 {
		body = append(body, field{"with", s.with})
	}
	for _, one := range d.scorers {
		if flow(one.body) == flow(body) {
			return one.name
		}
	}
	base := name
	for i := 2; among(d.scorers)(name); i++ {
		name = base + "_" + flow(i)
	}
	d.scorers = append(d.scorers, definition{name, body})
	return name
}

// grader returns the target that judges.
func (d *draft) grader(v any) string {
	if v != nil {
		if m := mapping(v); m != nil && m["id"] == nil {
			v = m["text"]
		}
		if name, ok := d.provider("the grader", v, "judge"); ok {
			return name
		}
	}
	for _, t := range d.targets {
		if !slices.Contains([]string{"http", "realtime"}, flow(t.body[0].value)) {
			d.note("promptfoo chooses a model that judges by itself; here it is the target %s: a judge of another family is stricter (model: of the judge's scorer)", t.name)
			return t.name
		}
	}
	d.note("no model that judges carries over: write one as the target judge")
	name, _ := d.provider("the grader", "openai:chat:gpt-5-mini", "judge")
	return name
}
