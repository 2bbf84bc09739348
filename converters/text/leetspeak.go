package text

import "github.com/redteam-orchestrator/orchestrator/core"

func leetspeakComponent() core.Component {
	return core.NewConverter(
		info("leetspeak", "Writes digits for the letters that they look like.",
			"a becomes 4, e 3, i 1, o 0, s 5 and t 7, in either case; every other byte stays as it is."),
		struct{}{}, always(leetspeak))
}

func leetspeak(text []byte) []byte {
	out := make([]byte, len(text))
	for i, b := range text {
		switch b {
		case 'a', 'A':
			b = '4'
		case 'e', 'E':
			b = '3'
		case 'i', 'I':
			b = '1'
		case 'o', 'O':
			b = '0'
		case 's', 'S':
			b = '5'
		case 't', 'T':
			b = '7'
		}
		out[i] = b
	}
	return out
}
