package compare

import (
	"fmt"
	"strings"
)

// Headline returns the result of a comparison in one line, for people.
func (c Comparison) Headline() string {
	count := map[Change]int{}
	unjudged := 0
	for _, cell := range c.Cells {
		count[cell.Change]++
		if cell.Change == Unknown && cell.Now.Judged() == 0 {
			unjudged++
		}
	}
	var parts []string
	add := func(n int, one, several string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, several))
		}
	}
	add(len(c.New), "new finding", "new findings")
	add(count[Rose], "rate rose", "rates rose")
	add(count[Fell], "rate fell", "rates fell")
	add(len(c.Gone), "finding was not reproduced", "findings were not reproduced")
	add(unjudged, "cell was not judged", "cells were not judged")
	switch {
	case c.Conclusion == Worse:
		return "worse: " + strings.Join(parts, ", ")
	case c.apart():
		return "no evidence: the runs are parts of the campaign that have nothing in common"
	case c.unfounded():
		return "no evidence: no trial of the baseline was judged"
	case c.Conclusion == NoEvidence && len(parts) == 0:
		return "no evidence: no trial was judged"
	case c.Conclusion == NoEvidence:
		return "no evidence: " + strings.Join(parts, ", ")
	default:
		return strings.Join(append([]string{"nothing new, and nothing that can be shown to be worse"}, parts...), "; ")
	}
}

// String returns the finding and the status in the other run in one line.
func (f Finding) String() string {
	other := map[Status]string{
		Defended:  fmt.Sprintf("none of %d", f.OtherJudged),
		NotJudged: "not judged",
		Absent:    "not there",
	}[f.Other]
	return fmt.Sprintf("%s: %d of %d succeeded, first %s; in the other run %s", f.Name(), f.Succeeded, f.Judged, f.Trials[0], other)
}

// String returns the change of the cell's rate in one line.
func (c Cell) String() string {
	if c.Test == nil {
		return fmt.Sprintf("%s: %s", c.Name(), c.Change)
	}
	return fmt.Sprintf("%s: %s from %d of %d to %d of %d succeeded, p = %.2g",
		c.Name(), c.Change, c.Test.Then.Succeeded, c.Test.Then.Judged, c.Test.Now.Succeeded, c.Test.Now.Judged, c.Test.PAdjusted)
}
