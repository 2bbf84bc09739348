package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	_ "image/gif" // so that an image's first bytes can be read
	_ "image/jpeg"
	_ "image/png"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// sound is the audio of a message.
type sound struct {
	Data   string `json:"data"`
	Format string `json:"format"`
}

// hear returns the transcript of a message's audio.
func (s *Server) hear(ctx context.Context, given sound, path string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(given.Data)
	if err != nil {
		return "", strict.Invalid(path+".data", "Invalid '%s.data': expected base64.", path)
	}
	clip, _, err := audio.DecodeWAV(data)
	if err != nil {
		return "", strict.Invalid(path+".data", "Invalid '%s.data': expected a WAV file: %v", path, err)
	}
	return s.agent.Hear(ctx, clip.Resample(agentRate).PCM())
}

// spoken is the audio of a reply.
type spoken struct {
	id   string
	data []byte // in the format that the client asked for
}

// speak adds the audio of a reply, and remembers its transcript for later requests.
func (s *Server) speak(ctx context.Context, r *reply, format string) error {
	if r.text == "" {
		return nil
	}
	pcm, err := s.agent.Speak(ctx, r.text)
	if err != nil {
		return err
	}
	r.spoken = &spoken{id: newID("audio_"), data: pcm}
	if format == "wav" {
		clip, err := audio.FromPCM(pcm, agentRate)
		if err != nil {
			return err
		}
		r.spoken.data = audio.EncodeWAV(clip)
	}
	s.memory.keepTranscript(r.spoken.id, r.text)
	return nil
}

// readImage reads an image in a data URI: this server fetches no URLs.
func readImage(url, path string) (realtimetest.Image, *strict.Problem) {
	kind, encoded, ok := strings.Cut(strings.TrimPrefix(url, "data:"), ";base64,")
	if !ok || !strings.HasPrefix(url, "data:image/") {
		return realtimetest.Image{}, strict.Invalid(path, "Invalid '%s': expected a data URI of an image in base64. This server fetches no addresses.", path)
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return realtimetest.Image{}, strict.Invalid(path, "Invalid '%s': expected base64.", path)
	}
	_, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return realtimetest.Image{}, &strict.Problem{Code: "invalid_image_format", Param: path, Message: "You uploaded an unsupported image. Please make sure your image is valid, and is a PNG, JPEG or GIF."}
	}
	if "image/"+format != kind {
		return realtimetest.Image{}, strict.Invalid(path, "Invalid '%s': the data URI says %s, and the data is image/%s.", path, kind, format)
	}
	return realtimetest.Image{MediaType: kind, Data: data}, nil
}
