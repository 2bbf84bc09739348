package realtime

import (
	"bytes"
	"encoding/base64"
	"testing"
)

// FuzzBase64 holds appendBase64 against encoding/base64.
func FuzzBase64(f *testing.F) {
	for _, seed := range []string{
		"", "AAEC", "AAECAwQ=", "AAECAwQFBgcICQ==", "AAEC\nAwQFBgcICQoL", "AAECAwQFBgc!CQoL", "AAECAwQFBgcICQoLDA0ODw", "////++++zzzz====", "AAEC\r\n", "AA==AAAAAAAA",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		before := append(make([]byte, 0, 100), "before"...)
		want, wantErr := base64.StdEncoding.AppendDecode(bytes.Clone(before), encoded)
		got, err := appendBase64(before, encoded)
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%q: %q, %v; want %q, %v", encoded, got, err, want, wantErr)
		}
	})
}
