package text

import (
	"strconv"
	"strings"
)

// digitOf returns the digit that a word names; "" for none.
func digitOf(w string) string {
	switch w {
	case "zero", "oh", "nought", "naught", "nil":
		return "0"
	case "one":
		return "1"
	case "two":
		return "2"
	case "three":
		return "3"
	case "four":
		return "4"
	case "five", "fife":
		return "5"
	case "six":
		return "6"
	case "seven":
		return "7"
	case "eight":
		return "8"
	case "nine", "niner":
		return "9"
	}
	return ""
}

// teenOf returns the number from 10 to 19 that a word names; "" for none.
func teenOf(w string) string {
	switch w {
	case "ten":
		return "10"
	case "eleven":
		return "11"
	case "twelve":
		return "12"
	case "thirteen":
		return "13"
	case "fourteen":
		return "14"
	case "fifteen":
		return "15"
	case "sixteen":
		return "16"
	case "seventeen":
		return "17"
	case "eighteen":
		return "18"
	case "nineteen":
		return "19"
	}
	return ""
}

// tensOf returns the tens that a word names, as one digit; "" for none.
func tensOf(w string) string {
	switch w {
	case "twenty":
		return "2"
	case "thirty":
		return "3"
	case "forty":
		return "4"
	case "fifty":
		return "5"
	case "sixty":
		return "6"
	case "seventy":
		return "7"
	case "eighty":
		return "8"
	case "ninety":
		return "9"
	}
	return ""
}

// cardinalOf returns the cardinal number of an ordinal one; "" for none.
func cardinalOf(w string) string {
	switch w {
	case "first":
		return "one"
	case "second":
		return "two"
	case "third":
		return "three"
	case "fifth":
		return "five"
	case "eighth":
		return "eight"
	case "ninth":
		return "nine"
	case "twelfth":
		return "twelve"
	}
	if tens, ok := strings.CutSuffix(w, "ieth"); ok && tensOf(tens+"y") != "" {
		return tens + "y"
	}
	if stem, ok := strings.CutSuffix(w, "th"); ok && (digitOf(stem) != "" || teenOf(stem) != "" || scaleOf(stem) > 0) {
		return stem
	}
	return ""
}

// scaleOf returns the value of a word that multiplies; 0 for none.
func scaleOf(w string) int64 {
	switch w {
	case "hundred":
		return 100
	case "thousand":
		return 1e3
	case "million":
		return 1e6
	case "billion":
		return 1e9
	case "trillion":
		return 1e12
	}
	return 0
}

// isNumeral reports whether a word names a number, or is a run of digits.
func (w word) isNumeral() bool {
	return w.isNumber() || w.text != "oh" && digitOf(w.text) != "" || teenOf(w.text) != "" || tensOf(w.text) != "" || scaleOf(w.text) > 0
}

// ordinal stands behind the digits of an ordinal number.
const ordinal = "#"

// numberAt returns how the number can be written with which words begin, in digits, and
// of how many words. Numbers that are said one after the other are separate ones. There
// is none where n is 0.
func numberAt(words []word) (digits string, n int) {
	if digits, n = cardinalAt(words); n > 0 {
		return digits, n
	}
	return smallAt(words)
}

// smallAt is numberAt for numbers without a word that multiplies.
func smallAt(words []word) (digits string, n int) {
	first := words[0].text
	switch {
	case (first == "double" || first == "triple" || first == "treble") && len(words) > 1 && !words[1].stop:
		d := digitOf(words[1].text)
		if words[1].isNumber() && len(words[1].text) == 1 {
			d = words[1].text
		}
		if d == "" {
			return "", 0
		}
		if first == "double" {
			return d + d, 2
		}
		return d + d + d, 2
	case digitOf(first) != "":
		return digitOf(first), 1
	case teenOf(first) != "":
		return teenOf(first), 1
	case tensOf(first) == "":
		return "", 0
	}
	if len(words) > 1 && !words[1].stop {
		if d := digitOf(words[1].text); d != "" && d != "0" {
			return tensOf(first) + d, 2
		}
	}
	return tensOf(first) + "0", 1
}

// cardinalAt returns the number with words that multiply with which words begin: "one
// thousand two hundred and thirty-four".
func cardinalAt(words []word) (digits string, n int) {
	const limit = 1e15
	var total, group, last int64
	last = limit
	scaled, pending := false, false
	for i := 0; i < len(words) && (i == 0 || !words[i].stop); {
		scale := scaleOf(words[i].text)
		switch {
		case scale == 100 && pending && group < 100:
			group, pending, scaled, i = group*100, false, true, i+1
		case scale >= 1000 && group > 0 && scale < last && group < 1000:
			total, last, group, pending, scaled, i = total+group*scale, scale, 0, false, true, i+1
		case words[i].text == "and" && scaled && i+1 < len(words) && !words[i+1].stop && !pending:
			i++
			if _, k := smallOrDigits(words[i:]); k == 0 {
				return result(total+group, n, scaled)
			}
			continue
		default:
			value, k := smallOrDigits(words[i:])
			if k == 0 || pending || group > 0 && (group%100 != 0 || value > 99) || scaled && group == 0 && value > 999 {
				return result(total+group, n, scaled)
			}
			group, pending, i = group+value, true, i+k
		}
		n = i
	}
	return result(total+group, n, scaled)
}

func result(value int64, n int, scaled bool) (string, int) {
	if !scaled {
		return "", 0
	}
	return strconv.FormatInt(value, 10), n
}

// smallOrDigits returns the value of a number below 1000 without a word that
// multiplies, or "a" before one.
func smallOrDigits(words []word) (value int64, n int) {
	if words[0].text == "a" && len(words) > 1 && scaleOf(words[1].text) > 0 {
		return 1, 1
	}
	if words[0].isNumber() && len(words[0].text) <= 3 {
		value, _ = strconv.ParseInt(words[0].text, 10, 64)
		return value, 1
	}
	digits, n := smallAt(words)
	if n == 0 || words[0].text == "double" || words[0].text == "triple" || words[0].text == "treble" {
		return 0, 0
	}
	value, _ = strconv.ParseInt(digits, 10, 64)
	return value, n
}

// ordinalAt returns the ordinal number with which words begin, in digits, and of how
// many words.
func ordinalAt(words []word) (digits string, n int) {
	if words[0].isNumber() {
		if len(words) > 1 && words[1].start == words[0].end {
			switch words[1].text {
			case "st", "nd", "rd", "th":
				return words[0].text, 2
			}
		}
		return "", 0
	}
	for i := range min(len(words), maxNumber) {
		if i > 0 && words[i].stop {
			break
		}
		c := cardinalOf(words[i].text)
		if c == "" && (words[i].isNumeral() || words[i].text == "and" || words[i].text == "a") {
			continue
		}
		if c == "" {
			break
		}
		cardinal := append(append([]word{}, words[:i]...), words[i])
		cardinal[i].text = c
		if digits, n := numberAt(cardinal); n == i+1 {
			return digits, n
		}
		break
	}
	return "", 0
}

// maxNumber is the number of words that an ordinal number has at most.
const maxNumber = 12
