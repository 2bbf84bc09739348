package realtime

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// notBase64 is a bit that no sextet has.
const notBase64 = 1 << 31

// sextets are what the characters of base64 stand for in each of the four
// places of a group, and notBase64 for any other.
var sextets = func() (table [4][256]uint32) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for place := range table {
		for c := range table[place] {
			table[place][c] = notBase64
		}
		for value, c := range []byte(alphabet) {
			table[place][c] = uint32(value) << (18 - 6*place)
		}
	}
	return table
}()

// appendBase64 appends what base64 stands for. It is encoding/base64 in half the
// time, and in a reply with audio there is nothing that takes longer: the whole
// groups are decoded here, and the library sees to what is left, to line breaks
// and to mistakes.
func appendBase64(to, encoded []byte) ([]byte, error) {
	to = slices.Grow(to, base64.StdEncoding.DecodedLen(len(encoded)))
	n := decodeGroups(to[len(to):cap(to)], encoded)
	grown, err := base64.StdEncoding.AppendDecode(to[:len(to)+n/4*3], encoded[n:])
	if err != nil {
		return base64.StdEncoding.AppendDecode(to, encoded) // which tells where the mistake is
	}
	return grown, nil
}

// decodeGroups decodes groups of four characters, by twos, and returns how many
// characters that were. It ends early where anything else comes.
func decodeGroups(to, encoded []byte) (n int) {
	first, second, third, fourth := &sextets[0], &sextets[1], &sextets[2], &sextets[3]
	for ; len(encoded) >= 8 && len(to) >= 8; n += 8 {
		a := first[encoded[0]] | second[encoded[1]] | third[encoded[2]] | fourth[encoded[3]]
		b := first[encoded[4]] | second[encoded[5]] | third[encoded[6]] | fourth[encoded[7]]
		if (a|b)&notBase64 != 0 {
			break
		}
		binary.BigEndian.PutUint64(to, uint64(a)<<40|uint64(b)<<16)
		encoded, to = encoded[8:], to[6:]
	}
	return n
}
