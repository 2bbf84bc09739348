package core

import "context"

// Converter turns one value into another: text into obfuscated text, text into
// speech, speech into speech over a telephone line.
//
// A converter is opened once per run and used concurrently. It does not modify
// the bytes it is given. A converter that also implements [io.Closer] is
// closed when nothing uses it any more.
type Converter interface {
	// Convert returns the converted value. It fails with ErrorInput where the
	// value cannot be converted, and with ErrorUnsupported where its modality
	// or media type is not one that the converter takes. Random choices follow
	// from the [Seed] of ctx, and [Warn] says what is lost in the result.
	Convert(ctx context.Context, in Value) (Value, error)
}
