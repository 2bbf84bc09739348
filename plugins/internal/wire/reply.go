package wire

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// maxParts is the largest number of parts of one reply, so that an endless
// stream of empty parts cannot fill the host's memory.
const maxParts = 4096

// The limits of everything in a reply except its parts.
const (
	maxRateLimits = 64
	maxWarnings   = 256
)

// SendReply passes a reply to send piece by piece. A small reply is one piece;
// larger parts are cut into pieces of [ChunkSize]. The pieces share the data. A
// call that has sent a reply with FinishBroken has to fail.
func SendReply(r core.Reply, send func(*pb.SendResponse) error) error {
	end, headers, err := encodeReply(r)
	if err != nil {
		return err
	}
	piece, room := &pb.SendResponse{}, ChunkSize
	for i, header := range headers {
		data := r.Message.Parts[i].Data
		for first := true; first || len(data) > 0; first = false {
			if room == 0 {
				if err := send(piece); err != nil {
					return err
				}
				piece, room = &pb.SendResponse{}, ChunkSize
			}
			n := min(room, len(data))
			chunk := &pb.PartChunk{Data: data[:n]}
			if first {
				chunk.Header = header
			}
			piece.Chunks = append(piece.Chunks, chunk)
			data, room = data[n:], room-n
		}
	}
	if r.Finish == core.FinishBroken {
		piece.Broken = end
	} else {
		piece.End = end
	}
	return send(piece)
}

func encodeReply(r core.Reply) (*pb.ReplyEnd, []*pb.PartHeader, error) {
	if r.Message.Role != core.Assistant {
		return nil, nil, core.Errorf(core.ErrorProtocol, "a reply has the role %q, not %q", core.Assistant, r.Message.Role)
	}
	finish := pb.Finish_FINISH_UNSPECIFIED
	if r.Finish != core.FinishBroken {
		var err error
		if finish, err = encodeFinish(r.Finish); err != nil {
			return nil, nil, err
		}
	}
	headers, err := each("part", r.Message.Parts, encodeHeader)
	if err != nil {
		return nil, nil, err
	}
	end := &pb.ReplyEnd{
		Finish: finish, Detail: valid(r.Detail), Heard: valid(r.Heard), Unheard: r.Unheard, HeardMissing: r.HeardMissing, Delivered: duration(r.Delivered), Replayed: r.Replayed,
		HeardConfidence: encodeConfidence(r.HeardConfidence),
		Usage:           encodeUsage(r.Usage), Timing: encodeTiming(r.Timing),
	}
	for _, l := range r.RateLimits {
		end.RateLimits = append(end.RateLimits, &pb.RateLimit{Name: valid(l.Name), Limit: l.Limit, Remaining: l.Remaining, Reset_: duration(l.Reset)})
	}
	for _, w := range r.Warnings {
		end.Warnings = append(end.Warnings, valid(w))
	}
	return end, headers, nil
}

func encodeHeader(p core.Part) (*pb.PartHeader, error) {
	if p.Original != nil || len(p.Converters) > 0 {
		return nil, core.Errorf(core.ErrorProtocol, "a part of a reply has no original and no converters")
	}
	modality, err := encodeModality(p.Modality)
	if err != nil {
		return nil, err
	}
	return &pb.PartHeader{Modality: modality, MediaType: valid(p.MediaType), Transcript: p.Transcript, Undelivered: p.Undelivered, Size: uint64(len(p.Data))}, nil
}

// ReplyReader assembles a reply from its pieces. The zero value is ready for
// use.
type ReplyReader struct {
	reply core.Reply
	size  uint64 // of all parts, as announced
	open  uint64 // missing bytes of the last part
	ended bool
}

// Add adds the next piece.
func (r *ReplyReader) Add(piece *pb.SendResponse) error {
	if r.ended {
		return core.Errorf(core.ErrorProtocol, "the reply goes on after its end")
	}
	for _, chunk := range piece.GetChunks() {
		if err := r.add(chunk); err != nil {
			return fmt.Errorf("part %d of the reply: %w", len(r.reply.Message.Parts), err)
		}
	}
	switch end, broken := piece.GetEnd(), piece.GetBroken(); {
	case end != nil && broken != nil:
		return core.Errorf(core.ErrorProtocol, "the reply is whole, and broke off")
	case broken != nil && broken.GetFinish() != pb.Finish_FINISH_UNSPECIFIED:
		return core.Errorf(core.ErrorProtocol, "the reply broke off, and has finish number %d", broken.GetFinish())
	case broken != nil:
		return r.end(broken, core.FinishBroken)
	case end == nil:
		return nil
	default:
		finish, err := decodeFinish(end.GetFinish())
		if err != nil {
			return err
		}
		return r.end(end, finish)
	}
}

func (r *ReplyReader) add(chunk *pb.PartChunk) error {
	if chunk.GetHeader() != nil {
		if err := r.begin(chunk.GetHeader()); err != nil {
			return err
		}
	}
	parts := r.reply.Message.Parts
	if len(parts) == 0 {
		return core.Errorf(core.ErrorProtocol, "data without a header")
	}
	n := uint64(len(chunk.GetData()))
	if n > r.open {
		return core.Errorf(core.ErrorProtocol, "the part is longer than its header says")
	}
	part := &parts[len(parts)-1]
	if part.Data == nil && n == r.open {
		part.Data = chunk.GetData() // the only piece, so that no copy is needed
	} else {
		if part.Data == nil {
			part.Data = make([]byte, 0, r.open)
		}
		part.Data = append(part.Data, chunk.GetData()...)
	}
	r.open -= n
	return nil
}

func (r *ReplyReader) begin(header *pb.PartHeader) error {
	if r.open > 0 {
		return core.Errorf(core.ErrorProtocol, "%d bytes are missing", r.open)
	}
	modality, err := decodeModality(header.GetModality())
	if err != nil {
		return err
	}
	if header.GetSize() > MaxMessage-r.size {
		return core.Errorf(core.ErrorProtocol, "the reply is larger than %d MiB", MaxMessage>>20)
	}
	if len(r.reply.Message.Parts) == maxParts {
		return core.Errorf(core.ErrorProtocol, "the reply has more than %d parts", maxParts)
	}
	r.size += header.GetSize()
	r.open = header.GetSize()
	r.reply.Message.Parts = append(r.reply.Message.Parts, core.Part{
		Value:      core.Value{Modality: modality, MediaType: header.GetMediaType()},
		Transcript: header.GetTranscript(), Undelivered: header.GetUndelivered(),
	})
	return nil
}

func (r *ReplyReader) end(end *pb.ReplyEnd, finish core.Finish) error {
	if r.open > 0 {
		return core.Errorf(core.ErrorProtocol, "the last part of the reply lacks %d bytes", r.open)
	}
	if err := checkEnd(end); err != nil {
		return err
	}
	r.ended = true
	r.reply.Message.Role = core.Assistant
	r.reply.Finish = finish
	r.reply.Detail = end.GetDetail()
	r.reply.Usage = decodeUsage(end.GetUsage())
	r.reply.Timing = decodeTiming(end.GetTiming())
	r.reply.Heard, r.reply.Unheard, r.reply.HeardMissing = end.GetHeard(), end.GetUnheard(), end.GetHeardMissing()
	r.reply.HeardConfidence = decodeConfidence(end.GetHeardConfidence())
	r.reply.Delivered, r.reply.Replayed = end.GetDelivered().AsDuration(), end.GetReplayed()
	for _, l := range end.GetRateLimits() {
		r.reply.RateLimits = append(r.reply.RateLimits, core.RateLimit{
			Name: l.GetName(), Limit: l.GetLimit(), Remaining: l.GetRemaining(), Reset: l.GetReset_().AsDuration(),
		})
	}
	r.reply.Warnings = end.GetWarnings()
	return nil
}

// checkEnd returns an error for contents above the limits, and for impossible
// times.
func checkEnd(end *pb.ReplyEnd) error {
	if n := len(end.GetRateLimits()); n > maxRateLimits {
		return core.Errorf(core.ErrorProtocol, "the reply has %d rate limits, more than %d", n, maxRateLimits)
	}
	if n := len(end.GetWarnings()); n > maxWarnings {
		return core.Errorf(core.ErrorProtocol, "the reply has %d warnings, more than %d", n, maxWarnings)
	}
	if d := end.GetDelivered().AsDuration(); d < 0 {
		return core.Errorf(core.ErrorProtocol, "%s of the reply are delivered, less than nothing", d)
	}
	for _, p := range []float64{end.GetHeardConfidence().GetMean(), end.GetHeardConfidence().GetLeast()} {
		if math.IsNaN(p) || p < 0 || p > 1 {
			return core.Errorf(core.ErrorProtocol, "the reply's confidence %g is not from 0 to 1", p)
		}
	}
	for i, l := range end.GetRateLimits() {
		if d := l.GetReset_().AsDuration(); d < 0 {
			return core.Errorf(core.ErrorProtocol, "rate limit %d of the reply is reset in %s, in the past", i+1, d)
		}
	}
	return nil
}

// Ended reports whether the reply is complete or broke off.
func (r *ReplyReader) Ended() bool { return r.ended }

// Reply returns the reply. It fails where the pieces stop before it has ended.
func (r *ReplyReader) Reply() (core.Reply, error) {
	if !r.ended {
		return core.Reply{}, core.Errorf(core.ErrorProtocol, "the reply broke off before its end")
	}
	return r.reply, nil
}

func encodeConfidence(c *core.Confidence) *pb.Confidence {
	if c == nil {
		return nil
	}
	return &pb.Confidence{Mean: c.Mean, Least: c.Least, LeastOf: valid(c.LeastOf)}
}

func decodeConfidence(c *pb.Confidence) *core.Confidence {
	if c == nil {
		return nil
	}
	return &core.Confidence{Mean: c.GetMean(), Least: c.GetLeast(), LeastOf: c.GetLeastOf()}
}

func encodeUsage(u core.Usage) *pb.Usage {
	if u == (core.Usage{}) {
		return nil
	}
	return &pb.Usage{
		InputTokens:       u.InputTokens,
		OutputTokens:      u.OutputTokens,
		CachedInputTokens: u.CachedInputTokens,
		InputTextTokens:   u.InputTextTokens,
		InputAudioTokens:  u.InputAudioTokens,
		InputImageTokens:  u.InputImageTokens,
		OutputTextTokens:  u.OutputTextTokens,
		OutputAudioTokens: u.OutputAudioTokens, OutputReasoningTokens: u.OutputReasoningTokens,
	}
}

func decodeUsage(u *pb.Usage) core.Usage {
	return core.Usage{
		InputTokens:       u.GetInputTokens(),
		OutputTokens:      u.GetOutputTokens(),
		CachedInputTokens: u.GetCachedInputTokens(),
		InputTextTokens:   u.GetInputTextTokens(),
		InputAudioTokens:  u.GetInputAudioTokens(),
		InputImageTokens:  u.GetInputImageTokens(),
		OutputTextTokens:  u.GetOutputTextTokens(),
		OutputAudioTokens: u.GetOutputAudioTokens(), OutputReasoningTokens: u.GetOutputReasoningTokens(),
	}
}

func encodeTiming(t core.Timing) *pb.Timing {
	if t == (core.Timing{}) {
		return nil
	}
	return &pb.Timing{
		Connect: duration(t.Connect), FirstEvent: duration(t.FirstEvent),
		FirstAudio: duration(t.FirstAudio), LastAudio: duration(t.LastAudio), Total: duration(t.Total),
	}
}

func decodeTiming(t *pb.Timing) core.Timing {
	return core.Timing{
		Connect:    t.GetConnect().AsDuration(),
		FirstEvent: t.GetFirstEvent().AsDuration(),
		FirstAudio: t.GetFirstAudio().AsDuration(),
		LastAudio:  t.GetLastAudio().AsDuration(),
		Total:      t.GetTotal().AsDuration(),
	}
}

// duration leaves zero unset.
func duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}
