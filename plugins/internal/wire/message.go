package wire

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// valid replaces invalid UTF-8 in a text, which a protobuf string refuses.
// Payloads are bytes and are not changed.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func validAll(list []string) []string {
	var all []string
	for _, s := range list {
		all = append(all, valid(s))
	}
	return all
}

// EncodeValue returns a value for the wire. It shares the data.
func EncodeValue(v core.Value) (*pb.Value, error) {
	modality, err := encodeModality(v.Modality)
	if err != nil {
		return nil, err
	}
	return &pb.Value{Modality: modality, MediaType: valid(v.MediaType), Data: v.Data}, nil
}

// DecodeValue returns a value from the wire. It shares the data.
func DecodeValue(v *pb.Value) (core.Value, error) {
	if v == nil {
		return core.Value{}, core.Errorf(core.ErrorProtocol, "the value is missing")
	}
	modality, err := decodeModality(v.GetModality())
	if err != nil {
		return core.Value{}, err
	}
	return core.Value{Modality: modality, MediaType: v.GetMediaType(), Data: v.GetData()}, nil
}

// EncodeMessage returns a message for the wire.
func EncodeMessage(m core.Message) (*pb.Message, error) {
	role, err := encodeRole(m.Role)
	if err != nil {
		return nil, err
	}
	parts, err := each("part", m.Parts, encodePart)
	if err != nil {
		return nil, err
	}
	return &pb.Message{Role: role, Parts: parts, Delivery: encodeDelivery(m.Delivery)}, nil
}

// DecodeMessage returns a message from the wire.
func DecodeMessage(m *pb.Message) (core.Message, error) {
	if m == nil {
		return core.Message{}, core.Errorf(core.ErrorProtocol, "the message is missing")
	}
	role, err := decodeRole(m.GetRole())
	if err != nil {
		return core.Message{}, err
	}
	parts, err := each("part", m.GetParts(), decodePart)
	if err != nil {
		return core.Message{}, err
	}
	return core.Message{Role: role, Parts: parts, Delivery: decodeDelivery(m.GetDelivery())}, nil
}

// encodeDelivery leaves the zero value unset.
func encodeDelivery(d core.Delivery) *pb.Delivery {
	if d.IsZero() {
		return nil
	}
	encoded := &pb.Delivery{Stream: d.Stream, InterruptAfter: duration(d.InterruptAfter), OutOfBand: d.OutOfBand}
	if d.SystemPrompt != nil {
		encoded.SystemPrompt = append([]byte{}, *d.SystemPrompt...)
	}
	return encoded
}

func decodeDelivery(d *pb.Delivery) core.Delivery {
	decoded := core.Delivery{Stream: d.GetStream(), InterruptAfter: d.GetInterruptAfter().AsDuration(), OutOfBand: d.GetOutOfBand()}
	if d != nil && d.SystemPrompt != nil {
		prompt := string(d.GetSystemPrompt())
		decoded.SystemPrompt = &prompt
	}
	return decoded
}

// EncodeSend returns messages for a conversation: the first one, and those that
// are sent while the reply to the one before plays.
func EncodeSend(instance, conversation string, messages []core.Message) (*pb.SendRequest, error) {
	encoded, err := each("message", messages, EncodeMessage)
	if err != nil {
		return nil, err
	}
	if len(encoded) == 0 {
		return nil, core.Errorf(core.ErrorInternal, "there is no message to send")
	}
	return &pb.SendRequest{Instance: instance, Conversation: conversation, Message: encoded[0], Interruptions: encoded[1:]}, nil
}

// DecodeSend returns the messages of a request.
func DecodeSend(r *pb.SendRequest) ([]core.Message, error) {
	return each("message", append([]*pb.Message{r.GetMessage()}, r.GetInterruptions()...), DecodeMessage)
}

func encodePart(p core.Part) (*pb.Part, error) {
	value, err := EncodeValue(p.Value)
	if err != nil {
		return nil, err
	}
	part := &pb.Part{Value: value, Transcript: p.Transcript, Undelivered: p.Undelivered}
	for _, c := range p.Converters {
		part.Converters = append(part.Converters, valid(c))
	}
	if p.Original == nil {
		return part, nil
	}
	part.Original, err = EncodeValue(*p.Original)
	return part, err
}

func decodePart(p *pb.Part) (core.Part, error) {
	value, err := DecodeValue(p.GetValue())
	if err != nil {
		return core.Part{}, err
	}
	part := core.Part{Value: value, Converters: p.GetConverters(), Transcript: p.GetTranscript(), Undelivered: p.GetUndelivered()}
	if p.GetOriginal() == nil {
		return part, nil
	}
	original, err := DecodeValue(p.GetOriginal())
	part.Original = &original
	return part, err
}

// EncodeStart returns the start of a conversation, for an instance.
func EncodeStart(instance string, s core.Start) (*pb.StartConversationRequest, error) {
	history, err := each("message", s.History, EncodeMessage)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return &pb.StartConversationRequest{Instance: instance, SystemPrompt: []byte(s.SystemPrompt), History: history, Seed: s.Seed}, nil
}

// DecodeStart returns the start of a conversation.
func DecodeStart(r *pb.StartConversationRequest) (core.Start, error) {
	history, err := each("message", r.GetHistory(), DecodeMessage)
	if err != nil {
		return core.Start{}, fmt.Errorf("history: %w", err)
	}
	return core.Start{SystemPrompt: string(r.GetSystemPrompt()), History: history, Seed: r.GetSeed()}, nil
}

// each translates a list; an error names the element, counting from 1.
func each[A, B any](what string, list []A, translate func(A) (B, error)) ([]B, error) {
	if len(list) == 0 {
		return nil, nil
	}
	translated := make([]B, len(list))
	for i, a := range list {
		b, err := translate(a)
		if err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, i+1, err)
		}
		translated[i] = b
	}
	return translated, nil
}
