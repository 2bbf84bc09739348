package notify

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What a service answers is quoted up to a whole character, wherever the cut is.
func TestALongAnswerIsCutBetweenCharacters(t *testing.T) {
	for offset := range 4 {
		answer := strings.Repeat("x", offset) + strings.Repeat("\U0001F600", shownAnswer+1)
		err := judge(&http.Response{StatusCode: http.StatusBadRequest}, []byte(answer))
		want := fmt.Sprintf("%q", string([]rune(answer)[:shownAnswer-1])+"…")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), `\x`) {
			t.Errorf("after %d bytes: %v, want %s", offset, err, want)
		}
	}
}
