package api

import (
	"fmt"
	"io"
	"net/http"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

// agentRate is the sample rate, in Hz, of an agent's audio in both directions.
const agentRate = 24000

type speechRequest struct {
	Input          string `json:"input"`
	ResponseFormat string `json:"response_format"`
}

// speech answers with WAV if the request names no format. OpenAI's API would send
// MP3, which this server cannot encode; Content-Type says which one it is.
func (s *Server) speech(w http.ResponseWriter, r *http.Request) {
	var request speechRequest
	if err := strict.Decode(w, r, maxJSON, speechSchema(), &request); err != nil {
		fail(w, err)
		return
	}
	pcm, err := s.agent.Speak(r.Context(), request.Input)
	if err != nil {
		fail(w, err)
		return
	}
	if request.ResponseFormat == "pcm" {
		w.Header().Set("Content-Type", "audio/pcm")
		_, _ = w.Write(pcm) // the client may be gone
		return
	}
	clip, err := audio.FromPCM(pcm, agentRate)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "audio/wav")
	_, _ = w.Write(audio.EncodeWAV(clip))
}

func speechSchema() strict.Check {
	return strict.Object(strict.Keys{
		"model": strict.Filled(maxText), "input": strict.Filled(4096), "voice": strict.TextOr(strict.Object(strict.Keys{"id": strict.Text}, "id")),
		"instructions": nullText(), "speed": strict.OrNull(strict.Only(1.0, strict.Number(0.25, 4))),
		"response_format": strict.OrNull(strict.OneOf("wav", "pcm")), "stream_format": strict.OrNull(strict.Only("audio", strict.OneOf("audio", "sse"))),
	}, "model", "input", "voice")
}

func (s *Server) transcription(w http.ResponseWriter, r *http.Request) {
	clip, format, err := uploaded(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	heard, err := s.agent.Hear(r.Context(), clip.Resample(agentRate).PCM())
	if err != nil {
		fail(w, err)
		return
	}
	if format == "text" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, heard+"\n") //nolint:gosec // it is plain text, and says so
		return
	}
	answer(w, map[string]any{"text": heard})
}

// uploaded reads the form of a transcription: the audio, and the response format.
func uploaded(w http.ResponseWriter, r *http.Request) (audio.Clip, string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxAudio)
	file, _, err := r.FormFile("file")
	if err != nil {
		return audio.Clip{}, "", strict.Invalid("file", "Expected a multipart form with a file of at most 25 MiB: %v", err)
	}
	defer func() {
		_ = file.Close()
		_ = r.MultipartForm.RemoveAll()
	}()
	format := r.FormValue("response_format")
	switch {
	case r.FormValue("model") == "":
		return audio.Clip{}, "", strict.Missing("model")
	case format != "" && format != "json" && format != "text":
		return audio.Clip{}, "", strict.Invalid("response_format", "This server answers in json or text, not %q.", format)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return audio.Clip{}, "", fmt.Errorf("reading the upload: %w", err)
	}
	clip, _, err := audio.DecodeWAV(data)
	if err != nil {
		return audio.Clip{}, "", strict.Invalid("file", "Expected a WAV file: %v", err)
	}
	return clip, format, nil
}
