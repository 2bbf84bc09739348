package campaign

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// RedTeam is the strategy of an attack in which another target writes the
// user's messages.
type RedTeam struct {
	// Attacker is the target that writes them.
	Attacker Reference
	// MaxTurns is the largest number of turns of a conversation.
	MaxTurns int
	// Prompt is the attacker's instruction; "" for the strategy's default.
	Prompt string
	// Opens says that the campaign gives the first turn.
	Opens bool
	At    yamlfile.Position
}

// redTeam is the strategy's name in a campaign.
const redTeam = "red_team"

// readStrategy reads the strategy of an attack. The turn is the template of each of
// its turns: its text is the first message, if the campaign gives one.
func readStrategy(v value, in *folder) (*RedTeam, []Turn) {
	s := &RedTeam{At: v.At()}
	each := Part{At: v.At()}
	use, with := "", value{}
	v.Object(
		yamlfile.Required("use", func(v value) { use, _ = readStrategyName(v) }),
		yamlfile.Optional("with", func(v value) { with = v }),
		asKey(&each),
		convertersKey(&each),
	)
	switch {
	case use == "": // already reported
	case !with.Given():
		v.Problem("such as with: {attacker: NAME, max_turns: 5}", `strategy needs the key "with"`)
	default:
		readRedTeam(with, s, &each, in)
	}
	return s, []Turn{{Parts: []Part{each}, At: each.At}}
}

// readStrategyName reads the name of the strategy.
func readStrategyName(v value) (string, bool) {
	switch v.Written() {
	case "script":
		v.Problem("list what is said under turns:", "script is the strategy of an attack with turns")
		return "", false
	case "crescendo", "pair", "tap", "goat":
		v.Problem("the strategies are "+redTeam, "strategy %q is not supported by this version", v.Written())
		return "", false
	}
	return v.Choice(redTeam)
}

func readRedTeam(v value, s *RedTeam, each *Part, in *folder) {
	const mostTurns = 1000
	v.Object(
		yamlfile.Required("attacker", func(v value) { s.Attacker, _ = readReference(v) }),
		yamlfile.Required("max_turns", yamlfile.IntegerInto(&s.MaxTurns, 1, mostTurns)),
		yamlfile.Optional("prompt", func(v value) { s.Prompt = in.textOrFile(v) }),
		yamlfile.Optional("opening", func(v value) { each.User, s.Opens = in.templateOrFile(v), true }),
	)
}

// linkStrategy checks what an attack's strategy refers to.
func linkStrategy(f *yamlfile.File, a *Attack, targets []string) {
	if a.RedTeam == nil {
		return
	}
	attacker := a.RedTeam.Attacker
	checkDefined(f, "target", targets, attacker)
	if attacker.Name != "" && slices.ContainsFunc(a.Targets, func(t Reference) bool { return t.Name == attacker.Name }) {
		f.Problem(attacker.At, "define a second target for it, with the same address if need be",
			"target %q cannot attack itself", attacker.Name)
	}
}
