package wire

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// The words of core and the names of the wire's enums correspond: "tool_call"
// is MODALITY_TOOL_CALL. number and word translate; they report false for what
// is not in the enum and for its unspecified value.

func number[E ~int32](prefix string, values map[string]int32, word string) (E, bool) {
	n, ok := values[prefix+strings.ToUpper(word)]
	return E(n), ok && n != 0 && word == strings.ToLower(word)
}

func word(prefix string, names map[int32]string, n int32) (string, bool) {
	name, ok := names[n]
	if !ok || n == 0 {
		return "", false
	}
	return strings.ToLower(strings.TrimPrefix(name, prefix)), true
}

func unknownWord(what, word string) error {
	return core.Errorf(core.ErrorProtocol, "%s %q is not one that the plugin contract knows", what, word)
}

func unknownNumber(what string, n int32) error {
	if n == 0 {
		return core.Errorf(core.ErrorProtocol, "the %s is missing", what)
	}
	return core.Errorf(core.ErrorProtocol, "%s number %d is not known", what, n).
		WithHint("the other side may be built against a newer version of the plugin contract")
}

// EncodeKind returns a component kind for the wire.
func EncodeKind(k core.Kind) (pb.Kind, error) {
	n, ok := number[pb.Kind]("KIND_", pb.Kind_value, string(k))
	if !ok {
		return 0, unknownWord("component kind", string(k))
	}
	return n, nil
}

// DecodeKind returns a component kind from the wire.
func DecodeKind(k pb.Kind) (core.Kind, error) {
	w, ok := word("KIND_", pb.Kind_name, int32(k))
	if !ok {
		return "", unknownNumber("component kind", int32(k))
	}
	return core.Kind(w), nil
}

func encodeModality(m core.Modality) (pb.Modality, error) {
	n, ok := number[pb.Modality]("MODALITY_", pb.Modality_value, string(m))
	if !ok {
		return 0, unknownWord("modality", string(m))
	}
	return n, nil
}

func decodeModality(m pb.Modality) (core.Modality, error) {
	w, ok := word("MODALITY_", pb.Modality_name, int32(m))
	if !ok {
		return "", unknownNumber("modality", int32(m))
	}
	return core.Modality(w), nil
}

func encodeRole(r core.Role) (pb.Role, error) {
	n, ok := number[pb.Role]("ROLE_", pb.Role_value, string(r))
	if !ok {
		return 0, unknownWord("role", string(r))
	}
	return n, nil
}

func decodeRole(r pb.Role) (core.Role, error) {
	w, ok := word("ROLE_", pb.Role_name, int32(r))
	if !ok {
		return "", unknownNumber("role", int32(r))
	}
	return core.Role(w), nil
}

func encodeFinish(f core.Finish) (pb.Finish, error) {
	n, ok := number[pb.Finish]("FINISH_", pb.Finish_value, string(f))
	if !ok {
		return 0, unknownWord("finish", string(f))
	}
	return n, nil
}

func decodeFinish(f pb.Finish) (core.Finish, error) {
	w, ok := word("FINISH_", pb.Finish_name, int32(f))
	if !ok {
		return "", unknownNumber("finish", int32(f))
	}
	return core.Finish(w), nil
}

// A score's type may be unspecified: that is core.ScoreUnknown.

func encodeScoreType(t core.ScoreType) (pb.ScoreType, error) {
	if t == core.ScoreUnknown {
		return pb.ScoreType_SCORE_TYPE_UNSPECIFIED, nil
	}
	n, ok := number[pb.ScoreType]("SCORE_TYPE_", pb.ScoreType_value, string(t))
	if !ok {
		return 0, unknownWord("score type", string(t))
	}
	return n, nil
}

func decodeScoreType(t pb.ScoreType) (core.ScoreType, error) {
	if t == pb.ScoreType_SCORE_TYPE_UNSPECIFIED {
		return core.ScoreUnknown, nil
	}
	w, ok := word("SCORE_TYPE_", pb.ScoreType_name, int32(t))
	if !ok {
		return "", unknownNumber("score type", int32(t))
	}
	return core.ScoreType(w), nil
}

func encodeErrorKind(k core.ErrorKind) pb.ErrorKind {
	n, ok := number[pb.ErrorKind]("ERROR_KIND_", pb.ErrorKind_value, string(k))
	if !ok {
		return pb.ErrorKind_ERROR_KIND_INTERNAL
	}
	return n
}

// decodeErrorKind decodes an unknown kind as an internal error: a caller can do
// nothing about either.
func decodeErrorKind(k pb.ErrorKind) core.ErrorKind {
	w, ok := word("ERROR_KIND_", pb.ErrorKind_name, int32(k))
	if !ok {
		return core.ErrorInternal
	}
	return core.ErrorKind(w)
}

// encodeErrorSubject leaves a subject unset that follows from the kind and the
// wait: the other side derives it the same way.
func encodeErrorSubject(err error) pb.ErrorSubject {
	subject := core.SubjectOf(err)
	if subject == core.ImpliedSubject(core.KindOf(err), core.RetryAfterOf(err)) {
		return pb.ErrorSubject_ERROR_SUBJECT_UNSPECIFIED
	}
	n, _ := number[pb.ErrorSubject]("ERROR_SUBJECT_", pb.ErrorSubject_value, string(subject))
	return n
}

// decodeErrorSubject decodes an unknown subject as unset.
func decodeErrorSubject(s pb.ErrorSubject) core.ErrorSubject {
	w, _ := word("ERROR_SUBJECT_", pb.ErrorSubject_name, int32(s))
	return core.ErrorSubject(w)
}
