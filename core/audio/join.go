package audio

// Join returns the clips one after the other, as a new clip. Its rate is that of
// the first clip with a positive rate; the others are resampled to it.
func Join(clips ...Clip) Clip {
	var joined Clip
	for _, c := range clips {
		if joined.Rate <= 0 {
			joined.Rate = c.Rate
		}
		joined.Samples = append(joined.Samples, c.Resample(joined.Rate).Samples...)
	}
	return joined
}
