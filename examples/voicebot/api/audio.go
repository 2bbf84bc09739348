package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// agentRate is the sample rate, in Hz, of an agent's audio in both directions.
const agentRate = 24000

type speechRequest struct {
	Model          string   `json:"model"`
	Input          string   `json:"input"`
	Voice          any      `json:"voice"`
	ResponseFormat string   `json:"response_format"`
	Speed          *float64 `json:"speed"`
}

// speech answers with WAV if the request names no format. OpenAI's API would send
// MP3, which this server cannot encode; Content-Type says which one it is.
func (s *Server) speech(w http.ResponseWriter, r *http.Request) {
	var request speechRequest
	if !readJSON(w, r, &request) {
		return
	}
	if wrong := request.check(); wrong != nil {
		refuse(w, http.StatusBadRequest, "invalid_value", wrong.param, wrong.message)
		return
	}
	pcm, err := s.agent.Speak(r.Context(), request.Input)
	if err != nil {
		breakdown(w, err)
		return
	}
	if request.ResponseFormat == "pcm" {
		w.Header().Set("Content-Type", "audio/pcm")
		_, _ = w.Write(pcm) // the client may be gone
		return
	}
	clip, err := audio.FromPCM(pcm, agentRate)
	if err != nil {
		breakdown(w, err)
		return
	}
	w.Header().Set("Content-Type", "audio/wav")
	_, _ = w.Write(audio.EncodeWAV(clip))
}

func (r speechRequest) check() *mistake {
	switch {
	case r.Model == "":
		return &mistake{"model", "You must provide a model parameter."}
	case r.Input == "":
		return &mistake{"input", "Expected some text to say."}
	case len(r.Input) > 4096:
		return &mistake{"input", "Expected at most 4096 bytes of text."}
	case r.Speed != nil && *r.Speed != 1:
		return &mistake{"speed", "This server speaks at one speed: 1."}
	}
	switch r.ResponseFormat {
	case "", "wav", "pcm":
		return nil
	}
	return &mistake{"response_format", fmt.Sprintf("This server speaks wav and pcm, not %q.", r.ResponseFormat)}
}

func (s *Server) transcription(w http.ResponseWriter, r *http.Request) {
	clip, format, err := uploaded(w, r)
	if wrong, ok := errors.AsType[*mistake](err); ok {
		refuse(w, http.StatusBadRequest, "invalid_value", wrong.param, wrong.message)
		return
	}
	if err != nil {
		breakdown(w, err)
		return
	}
	heard, err := s.agent.Hear(r.Context(), clip.Resample(agentRate).PCM())
	if err != nil {
		breakdown(w, err)
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
		return audio.Clip{}, "", &mistake{"file", "Expected a multipart form with a file of at most 25 MiB: " + err.Error()}
	}
	defer func() {
		_ = file.Close()
		_ = r.MultipartForm.RemoveAll()
	}()
	format := r.FormValue("response_format")
	switch {
	case r.FormValue("model") == "":
		return audio.Clip{}, "", &mistake{"model", "You must provide a model parameter."}
	case format != "" && format != "json" && format != "text":
		return audio.Clip{}, "", &mistake{"response_format", fmt.Sprintf("This server answers in json or text, not %q.", format)}
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return audio.Clip{}, "", fmt.Errorf("reading the upload: %w", err)
	}
	clip, _, err := audio.DecodeWAV(data)
	if err != nil {
		return audio.Clip{}, "", &mistake{"file", "Expected a WAV file: " + err.Error()}
	}
	return clip, format, nil
}
