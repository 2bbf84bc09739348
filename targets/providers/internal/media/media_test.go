package media_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/media"
)

func of(mediaType, data string) core.Value {
	return core.Value{MediaType: mediaType, Data: []byte(data)}
}

func TestTextHasToBeUTF8(t *testing.T) {
	if text, err := media.Text(core.TextValue("漢\x00")); text != "漢\x00" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := media.Text(core.TextValue("a\xff")); core.KindOf(err) != core.ErrorInput {
		t.Errorf("the error is %v", err)
	}
}

func TestImagesAndSoundsAreEncodedOrRefused(t *testing.T) {
	for mediaType, want := range map[string]string{
		"image/png": "data:image/png;base64,eA==", "IMAGE/JPEG; q=1": "data:image/jpeg;base64,eA==", "image/tiff": "", "": "", "text/html": "",
	} {
		got, err := media.DataURL(of(mediaType, "x"))
		if got != want || (err != nil) != (want == "") || err != nil && core.KindOf(err) != core.ErrorUnsupported {
			t.Errorf("%q is %q, %v", mediaType, got, err)
		}
	}
	for mediaType, want := range map[string]string{"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "", "": ""} {
		format, data, err := media.Sound(of(mediaType, "x"))
		if format != want || (err != nil) != (want == "") || want != "" && data != "eA==" {
			t.Errorf("%q is %q %q, %v", mediaType, format, data, err)
		}
	}
}
