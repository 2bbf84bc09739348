package speech

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// speechRequest is the body of POST /audio/speech.
type speechRequest struct {
	Model          string `json:"model"`
	Input          string `json:"input"`
	Voice          string `json:"voice"`
	ResponseFormat string `json:"response_format"`
}

func speechEndpoint(c speechConfig, client *http.Client) mouth {
	e := newEndpoint(c.endpointConfig, c.Timeout, client)
	return func(ctx context.Context, text string) ([]byte, error) {
		body, err := json.Marshal(speechRequest{
			Model:          c.Model,
			Input:          text,
			Voice:          cmp.Or(c.Voice, "alloy"),
			ResponseFormat: "wav",
		})
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		return e.post(ctx, "/audio/speech", core.MediaJSON, body, audio.MaxWAV)
	}
}

func transcribeEndpoint(c transcribeConfig, client *http.Client) ear {
	e := newEndpoint(c.endpointConfig, c.Timeout, client)
	return func(ctx context.Context, clip audio.Clip) (string, error) {
		body, contentType, err := recordingForm(c, clip)
		if err != nil {
			return "", fmt.Errorf("encoding the request: %w", err)
		}
		answer, err := e.post(ctx, "/audio/transcriptions", contentType, body, maxText)
		if err != nil {
			return "", err
		}
		var heard struct {
			Text *string `json:"text"`
		}
		if err := json.Unmarshal(answer, &heard); err != nil {
			return "", e.unexpected("decoding the transcription", err)
		}
		if heard.Text == nil {
			return "", e.unexpected("decoding the transcription", errors.New(`the answer has no "text"`))
		}
		return strings.TrimSpace(*heard.Text), nil
	}
}

// recordingForm returns the body of POST /audio/transcriptions and its media
// type.
func recordingForm(c transcribeConfig, clip audio.Clip) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	fields := [][2]string{{"model", c.Model}, {"response_format", "json"}}
	if c.Language != "" {
		fields = append(fields, [2]string{"language", c.Language})
	}
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return nil, "", err
		}
	}
	file, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="recording.wav"`},
		"Content-Type":        {core.MediaWAV},
	})
	if err != nil {
		return nil, "", err
	}
	if _, err := file.Write(audio.EncodeWAV(clip)); err != nil {
		return nil, "", err
	}
	if err := form.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), form.FormDataContentType(), nil
}
