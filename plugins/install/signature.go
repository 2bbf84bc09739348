package install

import (
	"fmt"
	"strings"

	"aead.dev/minisign"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	signatureSuffix = ".minisig"
	// maxSignature is the largest size of a signature file, in bytes.
	maxSignature = 16 << 10
)

// ParseKey reads a minisign public key: the text that begins with RW, or a file
// with that text below a comment. The error is of kind config.
func ParseKey(text string) (minisign.PublicKey, error) {
	var key minisign.PublicKey
	if err := key.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
		return key, core.Errorf(core.ErrorConfig, "not a minisign public key: %w", err).
			WithHint("a public key is the line that begins with RW, in the file that minisign calls minisign.pub")
	}
	return key, nil
}

// verifySignature checks that a file has a valid signature of a key.
func verifySignature(key minisign.PublicKey, file string, data, signature []byte) error {
	var s minisign.Signature
	if err := s.UnmarshalText(signature); err != nil {
		return core.Errorf(core.ErrorConfig, "%s%s is not a minisign signature: %w", file, signatureSuffix, err)
	}
	switch {
	case s.KeyID != key.ID():
		return core.Errorf(core.ErrorConfig, "%s is signed with the key %s; the trusted key is %s", file, keyID(s.KeyID), keyID(key.ID())).
			WithHint("give the publisher's key with --key, if you trust it")
	case !minisign.Verify(key, data, signature):
		return core.Errorf(core.ErrorConfig, "the signature of %s does not verify with the key %s: the file is not the one that was signed", file, keyID(key.ID())).
			WithHint("do not use this release; tell its publisher")
	}
	return nil
}

// keyID formats a key's ID as minisign does.
func keyID(id uint64) string { return fmt.Sprintf("%016X", id) }
