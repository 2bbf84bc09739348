package yamlfile

import (
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

// sizePattern is a size as it is written: digits, perhaps a decimal point and more
// of them, perhaps a space, and a unit.
var sizePattern = regexp.MustCompile(`^([0-9]+)(?:\.([0-9]+))? ?([A-Za-z]+)$`)

// unitBytes returns how many bytes a unit of sizes has: kB is 1000 of them, and KiB
// 1024. Case does not matter.
func unitBytes(unit string) (uint64, bool) {
	unit = strings.ToLower(unit)
	if unit == "b" {
		return 1, true
	}
	base := uint64(1000)
	prefix, isUnit := strings.CutSuffix(unit, "b")
	if binary, ok := strings.CutSuffix(prefix, "i"); ok {
		prefix, base = binary, 1024
	}
	n := strings.Index("kmgtpe", prefix)
	if !isUnit || len(prefix) != 1 || n < 0 {
		return 0, false
	}
	bytes := base
	for range n {
		bytes *= base
	}
	return bytes, true
}

// parseSize reads a size such as 1.5GiB. Where it is none, or has more bytes than
// 64 bits count, ok is false; hint says what would be right where that is plain, and
// is "" otherwise. A part of a byte is left away.
func parseSize(s string) (n uint64, hint string, ok bool) {
	m := sizePattern.FindStringSubmatch(s)
	if m == nil {
		if strings.Contains(s, ",") {
			hint = "a decimal point, not a comma, and digits that are not grouped, such as 1.5GiB or 1024MiB"
		}
		return 0, hint, false
	}
	unit, ok := unitBytes(m[3])
	if !ok {
		return 0, "", false
	}
	whole, err := strconv.ParseUint(m[1], 10, 64)
	if err != nil {
		return 0, "", false
	}
	high, n := bits.Mul64(whole, unit)
	// A fraction is exact to 53 bits of the unit, which is at most 2^60 bytes.
	fraction, err := strconv.ParseFloat("0."+m[2]+"0", 64)
	if err != nil || high > 0 {
		return 0, "", false
	}
	n, carry := bits.Add64(n, uint64(fraction*float64(unit)), 0)
	return n, "", carry == 0
}
