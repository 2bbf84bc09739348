package strategy

import (
	"regexp"
	"strings"
)

// refusal matches the beginnings of models' refusals, which hardly ever begin a
// user's message. It expects lower case with straight apostrophes.
var refusal = regexp.MustCompile(`^((i'm sorry|sorry|i apologi[sz]e|as an ai( language model)?)[,.]? (but )?)?` +
	`i('m| am)? ?(can't|cannot|can not|won't|will not|unable to|not able to)( \w+)? ` +
	`(help|assist|comply|fulfill?|generate|participate|engage in|(do|provide|create|write|continue( with)?) (that|this))\b`)

// refuses reports whether a message is a model's refusal to write one. It
// detects refusals in English only.
func refuses(message string) bool {
	return refusal.MatchString(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(message)), "’", "'"))
}
