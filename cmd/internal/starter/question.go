package starter

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Question is one that a first campaign needs an answer to.
type Question struct {
	// Flag is the flag that answers it, without dashes.
	Flag string
	// Optional: no answer is one.
	Optional bool
	// Text is the question, by the answers so far.
	Text func(Answers) string
	// Applies reports whether the answers so far call for it.
	Applies func(Answers) bool
	// Answer returns where the answer goes.
	Answer func(*Answers) *string
	// Wrong returns why the answer, which is not empty, will not do; nil where it does.
	Wrong func(Answers) error
}

// Questions returns those that have no default, in the order in which they are asked.
func Questions() []Question {
	right := func(Answers) error { return nil }
	return []Question{
		{
			Flag: "target", Text: always("What is attacked (" + strings.Join(Kinds(), ", ") + ")"),
			Applies: func(Answers) bool { return true },
			Answer:  func(a *Answers) *string { return &a.Target },
			Wrong:   func(a Answers) error { _, err := kindOf(a.Target); return err },
		},
		{
			Flag: "endpoint", Text: addressText,
			Applies: func(Answers) bool { return true },
			Answer:  func(a *Answers) *string { return &a.Endpoint },
			Wrong: about(func(k kind, a Answers) error {
				_, err := k.host(a.Endpoint)
				return err
			}),
		},
		{
			Flag: "model", Text: always("The model's name, as the service knows it"),
			Applies: where(func(k kind, _ Answers) bool { return k.model }),
			Answer:  func(a *Answers) *string { return &a.Model },
			Wrong:   right,
		},
		{
			Flag: "api-key-env", Optional: true,
			Text:    always("The name of the environment variable that holds the key, empty for none"),
			Applies: where(func(k kind, _ Answers) bool { return k.schemes != nil }),
			Answer:  func(a *Answers) *string { return &a.KeyEnv },
			Wrong:   func(a Answers) error { return checkVariable(a.KeyEnv) },
		},
		{
			Flag: "canary", Text: always("A harmless secret that the system knows and must not tell: planted in it by you"),
			Applies: where(func(k kind, _ Answers) bool { return !k.plants }),
			Answer:  func(a *Answers) *string { return &a.Canary },
			Wrong:   right,
		},
		{
			Flag: "authorization", Text: always("What permits the test, such as a ticket's number"),
			Applies: where(func(k kind, a Answers) bool {
				host, err := k.host(a.Endpoint)
				return err == nil && host != ""
			}),
			Answer: func(a *Answers) *string { return &a.Authorization },
			Wrong:  right,
		},
	}
}

func always(text string) func(Answers) string { return func(Answers) string { return text } }

// addressText asks for the address, with an example of the target's.
func addressText(a Answers) string {
	k, err := kindOf(a.Target)
	switch {
	case err != nil:
		return "The service's address, such as " + practiceAddress + ", or a command's program with its arguments"
	case k.schemes == nil:
		return "The program with its arguments, such as " + k.example
	default:
		return "The service's address, such as " + k.example
	}
}

// where reports something of a known target.
func where(holds func(kind, Answers) bool) func(Answers) bool {
	return func(a Answers) bool { k, err := kindOf(a.Target); return err == nil && holds(k, a) }
}

// about returns what is wrong with an answer about a known target.
func about(wrong func(kind, Answers) error) func(Answers) error {
	return func(a Answers) error {
		k, err := kindOf(a.Target)
		if err != nil {
			return nil
		}
		return wrong(k, a)
	}
}

// checkVariable checks the name of an environment variable. The text is not repeated: it
// may be the key.
func checkVariable(name string) error {
	if variable.MatchString(name) {
		return nil
	}
	return core.Errorf(core.ErrorConfig, "the key's environment variable has no valid name").
		WithHint("give the variable's name, such as OPENAI_API_KEY, never the key")
}
