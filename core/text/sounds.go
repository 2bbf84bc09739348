package text

import "strings"

// letterOf returns the letter that a word names, as it is spelled or by the alphabet of
// NATO, and whether the word is an ordinary one, which mostly means something else; ""
// for no letter.
func letterOf(w string) (letter string, ordinary bool) {
	if w == "a" || w == "i" {
		return w, true
	}
	if letter = earlyLetter(w) + lateLetter(w); letter != "" {
		return letter, false
	}
	return ordinaryLetter(w), true
}

// earlyLetter returns the letter from a to m that a word names; "" for none.
func earlyLetter(w string) string {
	switch w {
	case "ay", "ays", "alpha", "alfa":
		return "a"
	case "bee", "bravo":
		return "b"
	case "cee", "charlie":
		return "c"
	case "dee", "delta":
		return "d"
	case "ee", "echo":
		return "e"
	case "ef", "eff", "foxtrot":
		return "f"
	case "gee", "golf":
		return "g"
	case "aitch", "haitch", "hotel":
		return "h"
	case "india":
		return "i"
	case "jay", "juliet", "juliett":
		return "j"
	case "kay", "kilo":
		return "k"
	case "el", "ell", "lima":
		return "l"
	case "em", "mike":
		return "m"
	}
	return ""
}

// lateLetter returns the letter from n to z that a word names; "" for none.
func lateLetter(w string) string {
	switch w {
	case "en", "november":
		return "n"
	case "oscar":
		return "o"
	case "pee", "papa":
		return "p"
	case "cue", "queue", "quebec":
		return "q"
	case "ar", "romeo":
		return "r"
	case "es", "ess", "sierra":
		return "s"
	case "tee", "tango":
		return "t"
	case "yu", "uniform":
		return "u"
	case "vee", "victor":
		return "v"
	case "whiskey", "whisky":
		return "w"
	case "ex", "xray":
		return "x"
	case "wye", "yankee":
		return "y"
	case "zed", "zee", "zulu":
		return "z"
	}
	return ""
}

// ordinaryLetter returns the letter that an ordinary word sounds like; "" for none.
func ordinaryLetter(w string) string {
	switch w {
	case "be":
		return "b"
	case "see", "sea":
		return "c"
	case "eye", "aye":
		return "i"
	case "oh", "owe":
		return "o"
	case "pea":
		return "p"
	case "are":
		return "r"
	case "tea":
		return "t"
	case "you":
		return "u"
	case "why":
		return "y"
	}
	return ""
}

// homophones are words that sound alike, a group in each line.
const homophones = `
aisle isle
allowed aloud
ant aunt
ate eight
ball bawl
bare bear
base bass
be bee
beach beech
beat beet
berry bury
blew blue
board bored
brake break
bread bred
buy by bye
cell sell
cent scent sent
cereal serial
color colour
cord chord
course coarse
creak creek
dear deer
die dye
fair fare
flour flower
for fore four
gray grey
grate great
hair hare
hall haul
heal heel
hear here
hi high
higher hire
hole whole
hour our
idle idol
key quay
knew new
knight night
knot not
know no
lead led
lessen lesson
loan lone
made maid
mail male
main mane
meat meet
moose mousse
none nun
oar or ore
one won
pail pale
pair pear pare
passed past
pause paws
peace piece
peak peek
plain plane
poor pour
pray prey
rain reign rein
read red
right rite write
road rode
role roll
root route
rose rows
sail sale
scene seen
sea see
sew so sow
soar sore
sole soul
some sum
son sun
stair stare
steal steel
story storey
suite sweet
tail tale
tea tee
team teem
their there
threw through
tide tied
tire tyre
to too two
toe tow
vain vane vein
vale veil
waist waste
wait weight
way weigh
weak week
wear where
which witch
white wight
wood would
yoke yolk
`

// homophonesOf returns the words that sound like one, without itself. They are words of
// ASCII.
func homophonesOf(w string) []string {
	if len(w) < 2 || w[0] < 'a' || w[0] > 'z' {
		return nil
	}
	for _, before := range []string{" ", "\n"} {
		for _, after := range []string{" ", "\n"} {
			at := strings.Index(homophones, before+w+after)
			if at < 0 {
				continue
			}
			at++
			start := strings.LastIndexByte(homophones[:at], '\n') + 1
			end := at + strings.IndexByte(homophones[at:], '\n')
			var others []string
			for _, other := range strings.Fields(homophones[start:end]) {
				if other != w {
					others = append(others, other)
				}
			}
			return others
		}
	}
	return nil
}

// digitSound returns the digit that a word sounds like which is none; "" for none.
func digitSound(w string) string {
	switch w {
	case "o", "owe":
		return "0"
	case "won":
		return "1"
	case "to", "too":
		return "2"
	case "for", "fore":
		return "4"
	case "ate":
		return "8"
	}
	return ""
}
