package realtimetest

import "strings"

// Image is an image of a user's message.
type Image struct {
	// MediaType is image/png or image/jpeg.
	MediaType string
	// Data is the contents of the image file.
	Data []byte
}

// parseImage reads the image of an input_image part. It has to be a data URI:
// the server fetches no URLs, as the services do not.
func parseImage(part contentPart, path string) (Image, *protocolError) {
	if part.ImageURL == "" {
		return Image{}, missing(path + "image_url")
	}
	if part.Detail != "" {
		if problem := oneOf("auto", "low", "high")(path+"detail", part.Detail); problem != nil {
			return Image{}, problem
		}
	}
	for _, kind := range []string{"image/png", "image/jpeg"} {
		encoded, ok := strings.CutPrefix(part.ImageURL, "data:"+kind+";base64,")
		if !ok {
			continue
		}
		data, err := decodeBase64(encoded)
		if err != nil || len(data) == 0 {
			return Image{}, invalid("invalid_value", path+"image_url", "Invalid '"+path+"image_url': expected base64 of an image.")
		}
		return Image{MediaType: kind, Data: data}, nil
	}
	return Image{}, invalid("invalid_value", path+"image_url",
		"Invalid '"+path+"image_url': expected a base64-encoded data URI of a PNG or JPEG image.")
}
