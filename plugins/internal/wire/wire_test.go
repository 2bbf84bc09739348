package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// cross sends a message through its encoding.
func cross[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	encoded, err := proto.Marshal(m)
	if err != nil {
		t.Fatalf("encoding: %v", err)
	}
	decoded := m.ProtoReflect().New().Interface().(M)
	if err := proto.Unmarshal(encoded, decoded); err != nil {
		t.Fatalf("decoding: %v", err)
	}
	return decoded
}

func crossReply(t *testing.T, r core.Reply) (core.Reply, int, error) {
	t.Helper()
	var reader wire.ReplyReader
	pieces := 0
	err := wire.SendReply(r, func(piece *pb.SendResponse) error {
		pieces++
		if size := proto.Size(piece); size > wire.ChunkSize+64<<10 {
			t.Errorf("a piece has %d bytes", size)
		}
		return reader.Add(cross(t, piece))
	})
	if err != nil {
		return core.Reply{}, pieces, err
	}
	got, err := reader.Reply()
	return got, pieces, err
}

func assistant(parts ...core.Part) core.Reply {
	return core.Reply{Message: core.Message{Role: core.Assistant, Parts: parts}, Finish: core.FinishComplete}
}

func TestEveryWordOfCoreCrosses(t *testing.T) {
	for _, m := range core.Modalities() {
		v, err := wire.EncodeValue(core.Value{Modality: m})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := wire.DecodeValue(v); err != nil || got.Modality != m {
			t.Errorf("modality %q came back as %q, %v", m, got.Modality, err)
		}
	}
	for _, k := range core.Kinds() {
		n, err := wire.EncodeKind(k)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := wire.DecodeKind(n); err != nil || got != k {
			t.Errorf("kind %q came back as %q, %v", k, got, err)
		}
	}
	for _, r := range []core.Role{core.System, core.User, core.Assistant, core.Tool} {
		m, err := wire.EncodeMessage(core.Message{Role: r})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := wire.DecodeMessage(m); err != nil || got.Role != r {
			t.Errorf("role %q came back as %q, %v", r, got.Role, err)
		}
	}
	for _, f := range []core.Finish{core.FinishComplete, core.FinishBlocked, core.FinishTruncated, core.FinishInterrupted, core.FinishUnconfirmed, core.FinishBroken} {
		r := assistant()
		r.Finish = f
		if got, _, err := crossReply(t, r); err != nil || got.Finish != f {
			t.Errorf("finish %q came back as %q, %v", f, got.Finish, err)
		}
	}
}

func TestALargeReplyCrossesInPieces(t *testing.T) {
	speech := bytes.Repeat([]byte{0, 0xff, 7}, 1<<20)
	want := assistant(
		core.Part{Value: core.TextValue("said\x00"), Transcript: true},
		core.Part{Value: core.WAVValue(speech)},
		core.Part{Value: core.TextValue("")},
	)
	got, pieces, err := crossReply(t, want)
	if err != nil {
		t.Fatal(err)
	}
	same(t, want, got)
	if pieces != 4 {
		t.Errorf("%d pieces, want 4 for 3 MiB and a bit", pieces)
	}
	if _, pieces, _ := crossReply(t, assistant(core.Part{Value: core.TextValue("hello")})); pieces != 1 {
		t.Errorf("a small reply took %d pieces", pieces)
	}
}

func TestAReplyThatBreaksTheContractIsRefused(t *testing.T) {
	header := func(size uint64) *pb.PartHeader {
		return &pb.PartHeader{Modality: pb.Modality_MODALITY_TEXT, Size: size}
	}
	const complete = pb.Finish_FINISH_COMPLETE
	end, ago := &pb.ReplyEnd{Finish: complete}, durationpb.New(-time.Second)
	for _, test := range []struct {
		name   string
		pieces []*pb.SendResponse
		want   string
	}{
		{"nothing", nil, "broke off"},
		{"no end", []*pb.SendResponse{{Chunks: []*pb.PartChunk{{Header: header(1), Data: []byte("x")}}}}, "broke off"},
		{"no header", []*pb.SendResponse{{Chunks: []*pb.PartChunk{{Data: []byte("x")}}}}, "without a header"},
		{"too long", []*pb.SendResponse{{Chunks: []*pb.PartChunk{{Header: header(1), Data: []byte("xy")}}}}, "longer"},
		{"too short", []*pb.SendResponse{{Chunks: []*pb.PartChunk{{Header: header(2), Data: []byte("x")}}, End: end}}, "lacks 1 bytes"},
		{"gap", []*pb.SendResponse{{Chunks: []*pb.PartChunk{{Header: header(2), Data: []byte("x")}, {Header: header(0)}}}}, "1 bytes are missing"},
		{"after the end", []*pb.SendResponse{{End: end}, {End: end}}, "after its end"},
		{"too large", []*pb.SendResponse{{Chunks: []*pb.PartChunk{{Header: header(math.MaxUint64)}}}}, "larger than 64 MiB"},
		{"unknown modality", []*pb.SendResponse{{Chunks: []*pb.PartChunk{{Header: &pb.PartHeader{Modality: 99}}}}}, "modality number 99"},
		{"unknown finish", []*pb.SendResponse{{End: &pb.ReplyEnd{Finish: 99}}}, "finish number 99"},
		{"too many limits", []*pb.SendResponse{{End: &pb.ReplyEnd{Finish: complete, RateLimits: make([]*pb.RateLimit, 65)}}}, "65 rate limits, more than 64"},
		{"too many warnings", []*pb.SendResponse{{End: &pb.ReplyEnd{Finish: complete, Warnings: make([]string, 257)}}}, "257 warnings, more than 256"},
		{"delivered before it began", []*pb.SendResponse{{End: &pb.ReplyEnd{Finish: complete, Delivered: ago}}}, "-1s of the reply are delivered"},
		{"reset in the past", []*pb.SendResponse{{End: &pb.ReplyEnd{Finish: complete, RateLimits: []*pb.RateLimit{{}, {Reset_: ago}}}}}, "rate limit 2 of the reply is reset in -1s"},
		{"no finish", []*pb.SendResponse{{End: &pb.ReplyEnd{}}}, "the finish is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r wire.ReplyReader
			err := func() error {
				for _, piece := range test.pieces {
					if err := r.Add(piece); err != nil {
						return err
					}
				}
				_, err := r.Reply()
				return err
			}()
			if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a protocol error with %q", err, test.want)
			}
		})
	}
}

func TestAsManyLimitsAndWarningsAsAreAllowedCross(t *testing.T) {
	reply := assistant(core.Part{Value: core.TextValue("hello")})
	reply.RateLimits, reply.Warnings = make([]core.RateLimit, 64), slices.Repeat([]string{"w"}, 256)
	got, _, err := crossReply(t, reply)
	if err != nil {
		t.Fatal(err)
	}
	same(t, reply, got)
}

func TestAnEndlessReplyOfEmptyPartsIsRefused(t *testing.T) {
	var r wire.ReplyReader
	var err error
	for range 10_000 {
		if err = r.Add(&pb.SendResponse{Chunks: []*pb.PartChunk{{Header: &pb.PartHeader{Modality: pb.Modality_MODALITY_TEXT}}}}); err != nil {
			break
		}
	}
	if core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("error %v, want a protocol error", err)
	}
}

func TestAReplyThatATargetGotWrongIsRefused(t *testing.T) {
	original := core.TextValue("x")
	for name, change := range map[string]func(*core.Reply){
		"role":     func(r *core.Reply) { r.Message.Role = core.User },
		"finish":   func(r *core.Reply) { r.Finish = "" },
		"modality": func(r *core.Reply) { r.Message.Parts[0].Modality = "smell" },
		"upper":    func(r *core.Reply) { r.Message.Parts[0].Modality = "TEXT" },
		"original": func(r *core.Reply) { r.Message.Parts[0].Original = &original },
	} {
		r := assistant(core.Part{Value: core.TextValue("x")})
		change(&r)
		if _, _, err := crossReply(t, r); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("%s: %v, want a protocol error", name, err)
		}
	}
}

func TestImpossibleScoresAreRefusedOnBothSides(t *testing.T) {
	for _, s := range []core.Score{
		{Type: core.ScoreScale, Value: 1.01},
		{Type: core.ScoreScale, Value: -0.1},
		{Type: core.ScoreScale, Value: math.NaN()},
		{Type: core.ScoreTrueFalse, Value: 0.5},
		{Type: core.ScoreUnknown, Value: 1},
		{Type: "stars", Value: 0},
	} {
		if _, err := wire.EncodeScore(s); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("encoding %+v: %v, want a protocol error", s, err)
		}
	}
	for _, s := range []*pb.Score{
		nil,
		{Type: pb.ScoreType_SCORE_TYPE_SCALE, Value: math.Inf(1)},
		{Type: pb.ScoreType_SCORE_TYPE_TRUE_FALSE, Value: 2},
		{Type: 99, Value: 1},
	} {
		if _, err := wire.DecodeScore(s); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("decoding %v: %v, want a protocol error", s, err)
		}
	}
}

func TestAnErrorCrossesWithAllThatItSays(t *testing.T) {
	rate := core.Errorf(core.ErrorRateLimited, "slow down").After(2500 * time.Millisecond).WithHint("wait")
	for _, test := range []struct {
		name string
		err  error
		want *core.Error
	}{
		{"plain", errors.New("odd"), &core.Error{Kind: core.ErrorInternal, Err: errors.New("odd")}},
		{"of a kind", rate, &core.Error{Kind: core.ErrorRateLimited, Hint: "wait", RetryAfter: 2500 * time.Millisecond, Err: errors.New("slow down")}},
		{"wrapped", fmt.Errorf("turn 3: %w", rate.At("limits")), &core.Error{Kind: core.ErrorRateLimited, Field: "limits", Hint: "wait", RetryAfter: 2500 * time.Millisecond, Err: errors.New("turn 3: slow down")}},
		{"a real unavailable", core.Errorf(core.ErrorUnavailable, "503"), &core.Error{Kind: core.ErrorUnavailable, Err: errors.New("503")}},
		{"a deadline", fmt.Errorf("dialling: %w", context.DeadlineExceeded), &core.Error{Kind: core.ErrorTimeout, Err: errors.New("dialling: context deadline exceeded")}},
		{"invalid UTF-8", core.Errorf(core.ErrorInput, "bad \xff byte").WithHint("\xfe"), &core.Error{Kind: core.ErrorInput, Hint: "\uFFFD", Err: errors.New("bad \uFFFD byte")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			decoded := wire.DecodeError(wire.EncodeError(test.err))
			got, ok := errors.AsType[*core.Error](decoded)
			if !ok {
				t.Fatalf("the detail is lost: %v", decoded)
			}
			if got.Error() != test.want.Error() || got.Kind != test.want.Kind || got.Field != test.want.Field || got.Hint != test.want.Hint || got.RetryAfter != test.want.RetryAfter {
				t.Errorf("got %#v (%v), want %#v (%v)", got, got, test.want, test.want)
			}
		})
	}
}

func TestSeveralErrorsCrossEachWithItsKey(t *testing.T) {
	want := core.Errors{
		core.Errorf(core.ErrorConfig, "there is none").At("voice").WithHint("alloy"),
		core.Errorf(core.ErrorConfig, "a rate of 0").At("audio.rate"),
		core.Errorf(core.ErrorConfig, "nothing fits"),
	}
	decoded := wire.DecodeError(wire.EncodeError(fmt.Errorf("opening: %w", want)))
	got, ok := errors.AsType[core.Errors](decoded)
	if !ok || len(got) != len(want) {
		t.Fatalf("got %v, want %v", decoded, want)
	}
	for i := range want {
		if got[i].Kind != want[i].Kind || got[i].Field != want[i].Field || got[i].Hint != want[i].Hint || got[i].Error() != want[i].Error() {
			t.Errorf("got %#v (%v), want %#v (%v)", got[i], got[i], want[i], want[i])
		}
	}
}

func TestAThousandErrorsAreCutShort(t *testing.T) {
	var all core.Errors
	for range 1000 {
		all = append(all, core.Errorf(core.ErrorConfig, "%s", strings.Repeat("é", 1<<16)).WithHint("%s", strings.Repeat("h", 1<<16)))
	}
	if size := proto.Size(status.Convert(wire.EncodeError(all)).Proto()); size > 64<<10 {
		t.Errorf("the status has %d bytes", size)
	}
}

func TestAnErrorPageOfAMegabyteIsCutShort(t *testing.T) {
	err := wire.EncodeError(core.Errorf(core.ErrorProtocol, "%s", strings.Repeat("é", 1<<20)).WithHint("%s", strings.Repeat("h", 1<<20)))
	if size := proto.Size(status.Convert(err).Proto()); size > 64<<10 {
		t.Errorf("the status has %d bytes", size)
	}
}

func TestAStatusOfGRPCsOwnIsNotTakenForAComponentsError(t *testing.T) {
	for _, err := range []error{status.Error(codes.Unavailable, "connection closed"), errors.New("no status")} {
		if e := wire.DecodeError(err); e != nil {
			t.Errorf("%v became %v", err, e)
		}
	}
}

func TestAnUnknownErrorKindIsAnInternalError(t *testing.T) {
	s, err := status.New(codes.Unknown, "odd").WithDetails(&pb.ErrorDetail{Kind: 99})
	if err != nil {
		t.Fatal(err)
	}
	if got := wire.DecodeError(s.Err()); core.KindOf(got) != core.ErrorInternal {
		t.Errorf("got %v", got)
	}
}

func TestPermissionsSurviveTheRoundTrip(t *testing.T) {
	for name, p := range map[string]core.Permissions{
		"none": {},
		"all":  {Network: true, Read: []string{"/srv/voices"}, Write: []string{"/var/cache/voices"}, Programs: []string{"sox"}},
	} {
		encoded, err := wire.EncodeDescription(wire.Description{Name: "acme", Permissions: p})
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := wire.DecodeDescription(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, decoded.Permissions); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAPermissionForARelativePathIsRefused(t *testing.T) {
	_, err := wire.DecodeDescription(&pb.DescribeResponse{Permissions: &pb.Permissions{Read: []string{"../.ssh"}}})
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "../.ssh") {
		t.Errorf("error %v, want one of kind protocol that names the path", err)
	}
}

func TestAnUnknownModalityInADescriptionNamesTheComponent(t *testing.T) {
	_, err := wire.DecodeDescription(&pb.DescribeResponse{Components: []*pb.Component{{Kind: pb.Kind_KIND_TARGET, Name: "nose", Out: []pb.Modality{42}}}})
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), `"nose"`) || !strings.Contains(err.Error(), "42") {
		t.Errorf("error %v", err)
	}
}

// FuzzRoundTrip: what one side says is what the other hears. Payloads cross as
// they are; prose has its invalid UTF-8 replaced.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("hello"), []byte{0, 0xff}, "audio/wav", "it said\xff so", uint8(1), int64(5), true)
	f.Add(bytes.Repeat([]byte("x"), wire.ChunkSize+5), []byte(nil), "", "", uint8(200), int64(-1), false)
	f.Fuzz(func(t *testing.T, a, b []byte, media, prose string, pick uint8, n int64, flag bool) {
		valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
		modality := core.Modalities()[int(pick)%len(core.Modalities())]
		value := core.Value{Modality: modality, MediaType: valid(media), Data: a}
		other := core.Value{Modality: core.Text, Data: b}

		prompt := string(b)
		reply := assistant(core.Part{Value: value, Transcript: flag, Undelivered: !flag}, core.Part{Value: other, Undelivered: flag})
		positive := time.Duration(max(0, n))
		reply.Delivered, reply.Replayed = positive, flag
		reply.RateLimits = []core.RateLimit{{Name: valid(prose), Limit: n, Remaining: -n, Reset: positive}}
		reply.Unheard, reply.HeardMissing = len(prose)%2 == 1, len(prose)%3 == 1
		if len(prose)%5 == 1 {
			reply.HeardConfidence = &core.Confidence{Mean: 1 / float64(len(prose)), LeastOf: "le"}
		}
		reply.Detail, reply.Heard, reply.Warnings = valid(prose), valid(prose), []string{valid(prose)}
		reply.Usage, reply.Timing = core.Usage{InputTokens: n, OutputAudioTokens: -n, InputImageTokens: n, OutputReasoningTokens: n}, core.Timing{Connect: time.Duration(n), LastAudio: time.Duration(-n), Total: time.Duration(n)}
		got, _, err := crossReply(t, reply)
		if err != nil {
			t.Fatal(err)
		}
		same(t, reply, got)

		message := core.Message{Role: core.User, Parts: []core.Part{{Value: value, Original: &other, Converters: []string{valid(prose)}, Transcript: flag, Undelivered: flag}}}
		message.Delivery = core.Delivery{Stream: flag, InterruptAfter: time.Duration(n), OutOfBand: !flag}
		if pick%2 == 0 {
			message.Delivery.SystemPrompt = &prompt
		}
		evidence := core.Evidence{Objective: string(b), Conversation: []core.Message{message}, Values: []core.Value{value, other}}
		request, err := wire.EncodeEvidence("1", evidence)
		if err != nil {
			t.Fatal(err)
		}
		heard, err := wire.DecodeEvidence(cross(t, request))
		if err != nil {
			t.Fatal(err)
		}
		same(t, evidence, heard)

		start := core.Start{SystemPrompt: string(a), History: []core.Message{message}, Seed: uint64(len(a)) << 60}
		begun, err := wire.EncodeStart("1", start)
		if err != nil {
			t.Fatal(err)
		}
		started, err := wire.DecodeStart(cross(t, begun))
		if err != nil {
			t.Fatal(err)
		}
		same(t, start, started)

		messages := []core.Message{message, {Role: core.Tool, Parts: []core.Part{{Value: other}}}}
		sending, err := wire.EncodeSend("1", "2", messages)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := wire.DecodeSend(cross(t, sending))
		if err != nil {
			t.Fatal(err)
		}
		same(t, messages, sent)
	})
}

// same compares; data that is empty and data that is not there are the same.
func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzDecode: no bytes make the decoders panic, and what they accept can be
// said again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	seed, err := proto.Marshal(&pb.SendResponse{
		Chunks: []*pb.PartChunk{{Header: &pb.PartHeader{Modality: 1, Size: 1}, Data: []byte("x")}},
		End:    &pb.ReplyEnd{Finish: 1},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	if seed, err = proto.Marshal(&pb.SendResponse{Broken: &pb.ReplyEnd{Detail: "lost"}}); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var piece pb.SendResponse
		if proto.Unmarshal(encoded, &piece) == nil {
			var r wire.ReplyReader
			if r.Add(&piece) == nil {
				if reply, err := r.Reply(); err == nil {
					again, _, err := crossReply(t, reply)
					if err != nil {
						t.Fatalf("accepted, but refused again: %v", err)
					}
					same(t, reply, again)
				}
			}
		}
		var request pb.ScoreRequest
		if proto.Unmarshal(encoded, &request) == nil {
			_, _ = wire.DecodeEvidence(&request)
		}
		var sending pb.SendRequest
		if proto.Unmarshal(encoded, &sending) == nil {
			_, _ = wire.DecodeSend(&sending)
		}
		var start pb.StartConversationRequest
		if proto.Unmarshal(encoded, &start) == nil {
			_, _ = wire.DecodeStart(&start)
		}
		var description pb.DescribeResponse
		if proto.Unmarshal(encoded, &description) == nil {
			_, _ = wire.DecodeDescription(&description)
		}
		var score pb.Score
		if proto.Unmarshal(encoded, &score) == nil {
			_, _ = wire.DecodeScore(&score)
		}
	})
}
