package audio

// Join returns clips one after the other, as a new clip. It has the rate of the
// first that has one; the others are resampled to it.
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
