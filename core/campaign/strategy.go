package campaign

// RedTeam is the strategy of an attack in which another target writes what the
// user says.
type RedTeam struct {
	// Attacker is the target that does.
	Attacker Name
	// MaxTurns is how many turns a conversation has at most.
	MaxTurns int
	// Prompt says what the attacker is to do; "" leaves that to the strategy.
	Prompt string
	// Opens says that the campaign gives the first turn.
	Opens bool
	At    Position
}

// redTeam is what a campaign calls it.
const redTeam = "red_team"

// strategy reads the strategy of an attack. The turn is what each of its turns is
// like: the text is the first one, if the campaign gives it.
func (r *reader) strategy(v value) (*RedTeam, []Turn) {
	s := &RedTeam{At: v.place()}
	each := Part{At: v.place()}
	use, with := "", value{}
	r.object(v, []field{
		{"use", true, func(v value) { use, _ = r.strategyName(v) }},
		{"with", false, func(v value) { with = v }},
		r.as(&each),
		r.through(&each),
	})
	switch {
	case use == "": // reported already
	case with.Node == nil:
		r.problem(v.place(), "such as with: {attacker: NAME, max_turns: 5}", `strategy needs the key "with"`)
	default:
		r.redTeam(with, s, &each)
	}
	return s, []Turn{{Parts: []Part{each}, At: each.At}}
}

// strategyName reads which strategy it is.
func (r *reader) strategyName(v value) (string, bool) {
	switch v.Value {
	case "script":
		r.problem(v.place(), "list what is said under turns:", "script is the strategy of an attack with turns")
		return "", false
	case "crescendo", "pair", "tap", "goat":
		r.problem(v.place(), "the strategies are "+redTeam, "strategy %q is not supported by this version", v.Value)
		return "", false
	}
	return r.choice(v, redTeam)
}

func (r *reader) redTeam(v value, s *RedTeam, each *Part) {
	const mostTurns = 1000
	r.object(v, []field{
		{"attacker", true, func(v value) { s.Attacker, _ = r.name(v) }},
		{"max_turns", true, r.integerInto(&s.MaxTurns, 1, mostTurns)},
		{"prompt", false, func(v value) { s.Prompt = r.textOrFile(v) }},
		{"opening", false, func(v value) { each.User, s.Opens = r.templateOrFile(v), true }},
	})
}

// linkStrategy checks what an attack's strategy refers to.
func (r *reader) linkStrategy(a *Attack, targets []string) {
	if a.RedTeam == nil {
		return
	}
	attacker := a.RedTeam.Attacker
	r.defined("target", targets, attacker)
	if attacker.Name != "" && attacker.Name == a.Target.Name {
		r.problem(attacker.At, "define a second target for it, with the same address if need be",
			"target %q cannot attack itself", attacker.Name)
	}
}
