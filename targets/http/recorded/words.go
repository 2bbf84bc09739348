package recorded

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The marks around the name of a shell's variable in a word. A command line cannot
// hold them.
const (
	beginVariable = "\x00"
	endVariable   = "\x01"
)

// words splits a command line as bash does. Variables become marks; whatever else
// bash would do more than quoting is an error.
func words(line string) ([]string, error) {
	l := &lexer{text: line}
	for l.at < len(l.text) {
		if err := l.step(); err != nil {
			return nil, err
		}
	}
	l.end()
	return l.words, nil
}

// lexer splits a command line.
type lexer struct {
	text  string
	at    int
	word  strings.Builder
	begun bool
	words []string
}

func (l *lexer) end() {
	if l.begun {
		l.words = append(l.words, l.word.String())
	}
	l.word.Reset()
	l.begun = false
}

func (l *lexer) add(s string) {
	l.word.WriteString(s)
	l.begun = true
}

// rest is what is still to be read.
func (l *lexer) rest() string { return l.text[l.at:] }

// step reads one character, or one quoted text.
func (l *lexer) step() error {
	rest := l.rest()
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "\\\r\n"):
		l.at += 3
	case strings.HasPrefix(rest, "\\\n"):
		l.at += 2
	case c == '\\' && len(rest) > 1:
		_, size := utf8.DecodeRuneInString(rest[1:])
		l.add(rest[1 : 1+size])
		l.at += 1 + size
	case strings.ContainsRune(" \t\r\n", rune(c)):
		l.end()
		l.at++
	case c == '\'':
		return l.single()
	case strings.HasPrefix(rest, "$'"):
		return l.ansi()
	case c == '"':
		return l.double()
	case c == '#' && !l.begun:
		line, _, _ := strings.Cut(rest, "\n")
		l.at += len(line)
	case c == '^' && (len(rest) > 1 && strings.ContainsRune("\"\r\n^", rune(rest[1]))):
		return wrong("the command is written for Windows' cmd").WithHint(`have the browser copy it as "cURL (bash)"`)
	case strings.ContainsRune("|;&<>()", rune(c)), c == 0, c == 1:
		return wrong("a %q outside quotes: more than one command of curl", c).WithHint("give the one command, with its texts in quotes")
	case c == '$' || c == '`':
		return l.variable()
	default:
		_, size := utf8.DecodeRuneInString(rest)
		l.add(rest[:size])
		l.at += size
	}
	return nil
}

func (l *lexer) single() error {
	inner, _, closed := strings.Cut(l.rest()[1:], "'")
	if !closed {
		return wrong("a ' is not closed")
	}
	if strings.ContainsAny(inner, beginVariable+endVariable) {
		return wrong("the command line has a NUL or another control character")
	}
	l.add(inner)
	l.at += len(inner) + 2
	return nil
}

func (l *lexer) double() error {
	l.add("")
	l.at++
	for l.at < len(l.text) {
		rest := l.rest()
		switch {
		case strings.HasPrefix(rest, `""`) && l.word.Len() > 0:
			return wrong(`a " within a text is written twice, as Windows' cmd has it`).WithHint(`have the browser copy it as "cURL (bash)"`)
		case rest[0] == '"':
			l.at++
			return nil
		case strings.HasPrefix(rest, "\\\n"):
			l.at += 2
		case rest[0] == '\\' && len(rest) > 1 && strings.ContainsRune("\\\"$`", rune(rest[1])):
			l.add(rest[1:2])
			l.at += 2
		case rest[0] == '$' || rest[0] == '`':
			if err := l.variable(); err != nil {
				return err
			}
		case rest[0] <= 1:
			return wrong("the command line has a NUL or another control character")
		default:
			l.add(rest[:1])
			l.at++
		}
	}
	return wrong(`a " is not closed`)
}

// variable reads $NAME or ${NAME}. A $ before anything else is itself.
func (l *lexer) variable() error {
	rest := l.rest()
	if rest[0] == '`' || strings.HasPrefix(rest, "$(") {
		return wrong("the command runs another one, which is not done here").WithHint("write what it would print, or put that into a variable, $NAME")
	}
	name := rest[1:]
	braces := strings.HasPrefix(name, "{")
	name = strings.TrimPrefix(name, "{")
	length := 0
	for length < len(name) && isNameByte(name[length], length) {
		length++
	}
	if length == 0 || braces && !strings.HasPrefix(name[length:], "}") {
		if braces {
			return wrong("${…} with more than a name in it")
		}
		l.add("$")
		l.at++
		return nil
	}
	l.add(beginVariable + name[:length] + endVariable)
	l.at += 1 + length
	if braces {
		l.at += 2
	}
	return nil
}

func isNameByte(c byte, at int) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || at > 0 && '0' <= c && c <= '9'
}

// ansi reads $'…', with the escapes of C.
func (l *lexer) ansi() error {
	l.add("")
	l.at += 2
	for l.at < len(l.text) {
		rest := l.rest()
		switch {
		case rest[0] == '\'':
			l.at++
			return nil
		case rest[0] != '\\' || len(rest) == 1:
			if rest[0] <= 1 {
				return wrong("the command line has a NUL or another control character")
			}
			l.add(rest[:1])
			l.at++
		default:
			text, length := unescaped(rest[1:])
			if strings.ContainsAny(text, beginVariable+endVariable) {
				return wrong("the command line has a NUL or another control character")
			}
			l.add(text)
			l.at += 1 + length
		}
	}
	return wrong("a $' is not closed")
}

// unescaped returns what an escape stands for, and its length without the backslash.
// Surrogates that belong together are one character.
func unescaped(s string) (string, int) {
	simple := map[byte]string{'n': "\n", 'r': "\r", 't': "\t", 'a': "\a", 'b': "\b", 'e': "\x1b", 'E': "\x1b", 'f': "\f", 'v': "\v", '\\': `\`, '\'': "'", '"': `"`, '?': "?"}
	if text, ok := simple[s[0]]; ok {
		return text, 1
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	if most, ok := digits[s[0]]; ok {
		code, length := number(s[1:], most, 16)
		switch {
		case length == 0:
			return `\` + s[:1], 1
		case s[0] == 'x':
			return string([]byte{byte(code)}), 1 + length
		}
		if low, ok := lowSurrogate(s[1+length:]); ok && code >= 0xd800 && code < 0xdc00 {
			return string(rune(0x10000 + (code-0xd800)<<10 + low - 0xdc00)), 1 + length + 6
		}
		return string(rune(code)), 1 + length
	}
	if code, length := number(s, 3, 8); length > 0 {
		return string([]byte{byte(code)}), length
	}
	_, size := utf8.DecodeRuneInString(s)
	return `\` + s[:size], size
}

// lowSurrogate reads the second half of a pair of surrogates.
func lowSurrogate(s string) (int64, bool) {
	if !strings.HasPrefix(s, `\u`) {
		return 0, false
	}
	code, length := number(s[2:], 4, 16)
	return code, length == 4 && code >= 0xdc00 && code < 0xe000
}

// number reads digits of a base, at most so many.
func number(s string, most, base int) (value int64, length int) {
	for length < len(s) && length < most {
		digit, err := strconv.ParseInt(s[length:length+1], base, 64)
		if err != nil {
			break
		}
		value = value*int64(base) + digit
		length++
	}
	return value, length
}
