package starter

import "strings"

// Question is one that a first campaign needs an answer to.
type Question struct {
	// Flag is the flag that answers it, without dashes.
	Flag, Text string
	// Optional: no answer is one.
	Optional bool
	// Applies reports whether the answers so far call for it.
	Applies func(Answers) bool
	// Answer returns where the answer goes.
	Answer func(*Answers) *string
}

// Questions returns those that have no default, in the order in which they are asked.
func Questions() []Question {
	always := func(Answers) bool { return true }
	network := func(a Answers) bool { k, ok := kindOf(a.Target); return ok && k.schemes != nil }
	return []Question{
		{
			Flag: "target", Text: "What is attacked (" + strings.Join(Kinds(), ", ") + ")",
			Applies: always, Answer: func(a *Answers) *string { return &a.Target },
		},
		{
			Flag: "endpoint", Text: "Its address, such as http://127.0.0.1:8177/v1, or the command's program",
			Applies: always, Answer: func(a *Answers) *string { return &a.Endpoint },
		},
		{
			Flag: "model", Text: "The model's name",
			Applies: func(a Answers) bool { k, ok := kindOf(a.Target); return ok && k.model },
			Answer:  func(a *Answers) *string { return &a.Model },
		},
		{
			Flag: "api-key-env", Text: "The environment variable that holds the key, empty for none", Optional: true,
			Applies: network, Answer: func(a *Answers) *string { return &a.KeyEnv },
		},
		{
			Flag: "canary", Text: "A harmless secret that the system knows and must not tell: planted in it by you",
			Applies: func(a Answers) bool { k, ok := kindOf(a.Target); return ok && !k.plants },
			Answer:  func(a *Answers) *string { return &a.Canary },
		},
		{
			Flag: "authorization", Text: "What permits the test, such as a ticket's number",
			Applies: func(a Answers) bool {
				k, ok := kindOf(a.Target)
				if !ok {
					return false
				}
				host, err := k.host(a.Endpoint)
				return err == nil && host != ""
			},
			Answer: func(a *Answers) *string { return &a.Authorization },
		},
	}
}
