package realtime

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// notBase64 is a bit that no 6-bit value has.
const notBase64 = 1 << 31

// sextets maps each base64 character to its 6-bit value, shifted for each of
// the four positions of a group; notBase64 for any other character.
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

// appendBase64 appends the decoded bytes of a base64 text. Decoding takes most
// of the time of a reply with audio, and this is twice as fast as
// encoding/base64: whole groups are decoded here; the library decodes the rest,
// line breaks included, and reports errors.
func appendBase64(to, encoded []byte) ([]byte, error) {
	to = slices.Grow(to, base64.StdEncoding.DecodedLen(len(encoded)))
	n := decodeGroups(to[len(to):cap(to)], encoded)
	grown, err := base64.StdEncoding.AppendDecode(to[:len(to)+n/4*3], encoded[n:])
	if err != nil {
		return base64.StdEncoding.AppendDecode(to, encoded) // its error gives the position
	}
	return grown, nil
}

// decodeGroups decodes groups of four characters, two groups at a time, and
// returns the number of characters decoded. It stops at the first other
// character.
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
