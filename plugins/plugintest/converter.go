package plugintest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// ConverterCase is a converter with a value that it can convert.
type ConverterCase struct {
	// Use is the component's name, and Config its configuration, a JSON
	// object.
	Use, Config string
	// Targets are the targets of the campaign that Config may name.
	Targets core.Targets
	Input   core.Value
}

// TestConverter holds a converter to core.Converter's promises.
func TestConverter(t *testing.T, s Source, c ConverterCase) {
	t.Helper()
	s = s.Using(c.Targets)
	component(t, s, core.KindConverter, c.Use, c.Config, func(ctx context.Context, config []byte) (any, error) {
		return s.OpenConverter(ctx, c.Use, config)
	})
	info, _, _ := s.Lookup(core.KindConverter, c.Use)
	converter, err := s.OpenConverter(t.Context(), c.Use, []byte(c.Config))
	if err != nil {
		t.Fatal(err)
	}
	defer closesTwice(t, converter)
	convert := func(ctx context.Context) error {
		before := bytes.Clone(c.Input.Data)
		out, err := converter.Convert(ctx, c.Input)
		switch {
		case err != nil:
			return err
		case !slices.Contains(info.Out, out.Modality):
			return fmt.Errorf("it gave %q; it is described as giving %v", out.Modality, info.Out)
		case out.BaseMediaType() == "":
			return fmt.Errorf("the media type %q is none", out.MediaType)
		case !bytes.Equal(before, c.Input.Data):
			return fmt.Errorf("it changed its input")
		}
		return nil
	}
	t.Run("converts concurrently", func(t *testing.T) { atOnce(t, convert) })
	t.Run("honours cancellation", func(t *testing.T) { _ = promptly(t, convert) })
	t.Run("refuses what it does not take", func(t *testing.T) { refusesOtherModalities(t, converter, info) })
	t.Run("takes a large text", func(t *testing.T) { takesLargeText(t, converter, info) })
}

func refusesOtherModalities(t *testing.T, converter core.Converter, info core.Info) {
	t.Helper()
	for _, m := range core.Modalities() {
		if info.Takes(m) {
			continue
		}
		_, err := converter.Convert(t.Context(), core.Value{Modality: m, MediaType: core.MediaJSON, Data: []byte("{}")})
		if core.KindOf(err) != core.KindUnsupported {
			t.Errorf("%s: error %v (%s), want one of kind unsupported", m, err, core.KindOf(err))
		}
	}
}

// takesLargeText looks at text-to-text converters only: nobody speaks 8 MiB.
func takesLargeText(t *testing.T, converter core.Converter, info core.Info) {
	t.Helper()
	if !info.Takes(core.Text) || !slices.Equal(info.Out, []core.Modality{core.Text}) {
		return
	}
	large := core.Value{Modality: core.Text, MediaType: core.MediaText, Data: bytes.Repeat([]byte("lorem ip"), 1<<20)}
	_, err := converter.Convert(t.Context(), large)
	if err != nil && core.KindOf(err) != core.KindInput {
		t.Errorf("8 MiB: %v (%s)", err, core.KindOf(err))
	}
}
