package speech

import (
	"strings"
	"unicode/utf8"
)

// pause stands, in the tables of signs, for what is no word but a break. Flite and
// espeak-ng both pause there, and flite at no other dash.
const pause = "--"

// signs are signs and what an English speaker says for them, one a line.
const signs = `
# hash
$ dollar
% percent
& and
* asterisk
+ plus
/ slash
= equals
@ at
\ backslash
~ tilde
< less than
> greater than
^ caret
_ underscore
| bar
¢ cents
£ pounds
¤ currency
¥ yen
¦ bar
§ section
© copyright
¬ not
® registered
° degrees
± plus or minus
µ micro
¶ paragraph
· dot
¼ a quarter
½ half
¾ three quarters
× times
÷ divided by
฿ baht
৲ rupees
৳ taka
૱ rupees
௹ rupees
៛ riels
† dagger
‡ double dagger
‥ --
… --
— --
― --
⸺ --
⸻ --
⋮ --
⋯ --
• --
‣ --
◦ --
∙ --
▪ --
■ --
□ --
● --
○ --
⁃ --
‰ per mille
‱ per ten thousand
※ reference mark
‽ ?
‾ overline
⁊ and
⁎ asterisk
⁒ minus
₋ minus
⁂ asterism
₠ European currency units
₡ colones
₢ cruzeiros
₣ francs
₤ lire
₥ mills
₦ naira
₧ pesetas
₨ rupees
₩ won
₪ shekels
₫ dong
€ euros
₭ kip
₮ tugriks
₯ drachmas
₰ pfennigs
₱ pesos
₲ guaranis
₳ australs
₴ hryvnias
₵ cedis
₶ livres
₷ spesmilos
₸ tenge
₹ rupees
₺ lira
₻ nordic marks
₼ manat
₽ rubles
₾ lari
₿ bitcoins
⃀ som
﷼ rials
℃ degrees Celsius
℉ degrees Fahrenheit
℈ scruples
℔ pounds
№ number
℗ sound recording copyright
℞ prescription
℠ service mark
™ trademark
℣ verse
℥ ounces
℧ mho
ℵ aleph
⅋ and
⅐ one seventh
⅑ one ninth
⅒ one tenth
⅓ one third
⅔ two thirds
⅕ one fifth
⅖ two fifths
⅗ three fifths
⅘ four fifths
⅙ one sixth
⅚ five sixths
⅛ one eighth
⅜ three eighths
⅝ five eighths
⅞ seven eighths
⅟ one over
ↀ 1000
ↁ 5000
ↂ 10000
ↅ 6
ↆ 50
ↇ 50000
ↈ 100000
↉ zero thirds
↊ ten
↋ eleven
← left arrow
↑ up arrow
→ right arrow
↓ down arrow
↔ left right arrow
⇐ left double arrow
⇒ right double arrow
⇔ left right double arrow
➔ right arrow
➜ right arrow
➡ right arrow
∀ for all
∂ partial
∃ there exists
∅ empty set
∆ delta
∇ nabla
∈ in
∋ contains
∏ product
∑ sum
− minus
∓ minus or plus
∗ asterisk
∘ of
√ square root of
∛ cube root of
∜ fourth root of
∝ proportional to
∞ infinity
∟ right angle
∠ angle
∣ divides
∥ parallel to
∧ and
∨ or
∩ intersection
∪ union
∫ integral
∴ therefore
∵ because
∶ to
∷ proportion
∼ tilde
≃ approximately
≅ congruent to
≈ approximately
≠ not equal to
≡ identical to
≤ less than or equal to
≥ greater than or equal to
≪ much less than
≫ much greater than
⊂ subset of
⊃ superset of
⊆ subset of or equal to
⊇ superset of or equal to
⊕ circled plus
⊗ circled times
⊥ perpendicular to
⋅ dot
☎ telephone
✆ telephone
☐ box
☑ checked box
☒ crossed box
✓ check mark
✔ check mark
✗ cross
✘ cross
★ star
☆ star
♥ heart
❤ heart
♀ female
♂ male
♭ flat
♮ natural
♯ sharp
㎡ square meters
㎥ cubic meters
، ,
؛ ;
؟ ?
۔ .
। .
、 ,
。 .
﹐ ,
﹑ ,
`

// letters are letters without a decomposition and the ASCII for them, one a line.
// Others are said as the letter that they look like.
const letters = `
ß ss
ẞ SS
Æ AE
æ ae
Œ OE
œ oe
Ø O
ø o
Ð Th
ð th
Þ Th
þ th
Đ D
đ d
Ħ H
ħ h
ı i
ĸ k
Ł L
ł l
Ŋ Ng
ŋ ng
Ŧ T
ŧ t
ƒ f
Ə E
ə e
`

// greek are the names of the letters of Greek, one a line.
const greek = `
α alpha
β beta
γ gamma
δ delta
ε epsilon
ζ zeta
η eta
θ theta
ι iota
κ kappa
λ lambda
μ mu
ν nu
ξ xi
ο omicron
π pi
ρ rho
σ sigma
ς sigma
τ tau
υ upsilon
φ phi
χ chi
ψ psi
ω omega
`

// tableOf returns one of the tables above by its characters.
func tableOf(lines string) map[rune]string {
	table := map[rune]string{}
	for line := range strings.Lines(lines) {
		sign, words, found := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !found {
			continue
		}
		r, _ := utf8.DecodeRuneInString(sign)
		table[r] = words
	}
	return table
}
