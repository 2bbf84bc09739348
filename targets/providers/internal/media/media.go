// Package media encodes texts, images and sounds for the JSON of a request.
package media

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Text returns a text, which must be UTF-8: JSON would replace the bytes that are
// not, so that another text would be sent.
func Text(v core.Value) (string, error) {
	if !utf8.Valid(v.Data) {
		return "", core.Errorf(core.ErrorInput, "the text is not UTF-8, which a JSON request cannot carry").
			WithHint("a converter such as base64 makes text of any bytes")
	}
	return string(v.Data), nil
}

// ImageTypes are the media types of images that most services take.
func ImageTypes() []string { return []string{core.MediaPNG, core.MediaJPEG, "image/gif", "image/webp"} }

// Image returns the media type and the base64 of an image.
func Image(v core.Value) (mediaType, data string, err error) {
	mediaType = v.BaseMediaType()
	if !slices.Contains(ImageTypes(), mediaType) {
		return "", "", core.Errorf(core.ErrorUnsupported, "an image of type %q: the protocol takes %s", v.MediaType, strings.Join(ImageTypes(), ", "))
	}
	return mediaType, base64.StdEncoding.EncodeToString(v.Data), nil
}

// DataURL returns an image as a data URL.
func DataURL(v core.Value) (string, error) {
	mediaType, data, err := Image(v)
	if err != nil {
		return "", err
	}
	return "data:" + mediaType + ";base64," + data, nil
}

// Sound returns the format, wav or mp3, and the base64 of a sound.
func Sound(v core.Value) (format, data string, err error) {
	switch v.BaseMediaType() {
	case core.MediaWAV, "audio/x-wav", "audio/wave", "audio/vnd.wave":
		format = "wav"
	case "audio/mpeg", "audio/mp3":
		format = "mp3"
	default:
		return "", "", core.Errorf(core.ErrorUnsupported, "a sound of type %q: the protocol takes audio/wav and audio/mpeg", v.MediaType)
	}
	return format, base64.StdEncoding.EncodeToString(v.Data), nil
}
