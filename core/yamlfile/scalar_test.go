package yamlfile_test

import (
	"math"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// readOne reads the value of the one key "it" of a file, and returns the first
// problem without its place.
func readOne(t *testing.T, written string, read func(yamlfile.Value)) (problem string) {
	t.Helper()
	f, root, ok := yamlfile.Parse([]byte("it: "+written+"\n"), "the file", yamlfile.MaxFile)
	if ok {
		root.Object(yamlfile.Required("it", read))
	}
	problems := f.Problems("f.yaml")
	if len(problems) == 0 {
		return ""
	}
	if p := problems[0]; p.Line != 1 || ok && p.Column != 5 {
		t.Errorf("%s: the problem is at %d:%d", written, p.Line, p.Column)
	}
	if problems[0].Hint == "" {
		return problems[0].Message
	}
	return problems[0].Message + " (" + problems[0].Hint + ")"
}

func TestASizeIsReadExactlyOrRefused(t *testing.T) {
	const hint = " (such as 512MiB or 2GiB)"
	const comma = " (a decimal point, not a comma, and digits that are not grouped, such as 1.5GiB or 1024MiB)"
	const must = "it must be a size from 1.0 KiB to 1.0 TiB, not "
	for written, test := range map[string]struct {
		want    int64
		problem string
	}{
		"512MiB":   {512 << 20, ""},
		"2GiB":     {2 << 30, ""},
		"1.5GiB":   {3 << 29, ""},
		"1.25 kB":  {1250, ""},
		"1KiB":     {1024, ""},
		"1024B":    {1024, ""},
		"1TiB":     {1 << 40, ""},
		"64 MB":    {64_000_000, ""},
		"64mib":    {64 << 20, ""},
		"0.5KiB":   {0, must + `"0.5KiB"` + hint},
		"1023B":    {0, must + `"1023B"` + hint},
		"1025GiB":  {0, must + `"1025GiB"` + hint},
		"1,5GiB":   {0, must + `"1,5GiB"` + comma},
		"1,024MiB": {0, must + `"1,024MiB"` + comma},
		"1.5.2GB":  {0, must + `"1.5.2GB"` + hint},
		"1 000MB":  {0, must + `"1 000MB"` + hint},
		"1_000MB":  {0, must + `"1_000MB"` + hint},
		"-1GB":     {0, must + `"-1GB"` + hint},
		"+1GB":     {0, must + `"+1GB"` + hint},
		"1e3":      {0, must + `the number 1e3` + hint},
		"1e3B":     {0, must + `"1e3B"` + hint},
		"0x10":     {0, must + `the number 0x10` + hint},
		"0x10MB":   {0, must + `"0x10MB"` + hint},
		"GB":       {0, must + `"GB"` + hint},
		".5GB":     {0, must + `".5GB"` + hint},
		"5.GB":     {0, must + `"5.GB"` + hint},
		"512Mi":    {0, must + `"512Mi"` + hint},
		"512M":     {0, must + `"512M"` + hint},
		"512iB":    {0, must + `"512iB"` + hint},
		"512MBB":   {0, must + `"512MBB"` + hint},
		"512MiB/s": {0, must + `"512MiB/s"` + hint},
		"512":      {0, must + `the number 512` + hint},
		"[512MiB]": {0, must + `a list` + hint},
		"١MB":      {0, must + `"١MB"` + hint},
		"\uff11GB": {0, must + "\"\uff11GB\"" + hint},
		// 2^64 bytes, a little more than that, and what is far beyond it.
		"16EiB":                    {0, must + `"16EiB"` + hint},
		"18446744073709551617B":    {0, must + `"18446744073709551617B"` + hint},
		"99999999999999999999999B": {0, must + `"99999999999999999999999B"` + hint},
		"18446744073709551616EB":   {0, must + `"18446744073709551616EB"` + hint},
		"16.5EiB":                  {0, must + `"16.5EiB"` + hint},
		"15.99999999999999999EiB":  {0, must + `"15.99999999999999999EiB"` + hint},
	} {
		var got int64
		problem := readOne(t, written, func(v yamlfile.Value) { got = v.Size(1<<10, 1<<40) })
		if got != test.want || problem != test.problem {
			t.Errorf("%s: %d, %q; want %d, %q", written, got, problem, test.want, test.problem)
		}
	}
}

func TestTheBoundsOfASizeAreThoseOfAnInteger(t *testing.T) {
	var got int64
	if problem := readOne(t, "9EiB", func(v yamlfile.Value) { got = v.Size(0, math.MaxUint64) }); problem != "it must be a size from 0 B to 8.0 EiB, not \"9EiB\" (such as 512MiB or 2GiB)" {
		t.Errorf("%d, %q", got, problem)
	}
}

func TestNumbersAreThoseThatEverybodyReadsAlike(t *testing.T) {
	const whole, number = "it must be a whole number from 0 to 100, not ", "it must be a number from -1 to 100, not "
	const digits = " (write it in decimal, as digits only)"
	const comma = " (write a decimal point, not a comma; digits are not grouped)"
	for written, test := range map[string]struct {
		integer int
		noInt   string
		number  float64
		noFloat string
	}{
		"7":                    {7, "", 7, ""},
		"0":                    {0, "", 0, ""},
		"100":                  {100, "", 100, ""},
		"101":                  {0, whole + "the number 101", 0, number + "the number 101 (hint)"},
		"-1":                   {0, whole + "the number -1", -1, ""},
		"1.5":                  {0, whole + "the number 1.5", 1.5, ""},
		"1e1":                  {0, whole + "the number 1e1", 10, ""},
		"010":                  {0, whole + "the number 010" + digits, 0, number + "the number 010 (hint)"},
		"0x10":                 {0, whole + "the number 0x10" + digits, 0, number + "the number 0x10 (hint)"},
		"0b11":                 {0, whole + "the number 0b11" + digits, 0, number + "the number 0b11 (hint)"},
		"1_0":                  {0, whole + "the number 1_0" + digits, 0, number + "the number 1_0 (hint)"},
		"+5":                   {0, whole + "the number +5" + digits, 0, number + "the number +5 (hint)"},
		".5":                   {0, whole + "the number .5", 0, number + "the number .5 (hint)"},
		"5.":                   {0, whole + "the number 5.", 0, number + "the number 5. (hint)"},
		".inf":                 {0, whole + "the number .inf", 0, number + "the number .inf (hint)"},
		".nan":                 {0, whole + "the number .nan", 0, number + "the number .nan (hint)"},
		"1e400":                {0, whole + `"1e400"`, 0, number + `"1e400" (hint)`},
		"1,5":                  {0, whole + `"1,5"`, 0, number + `"1,5"` + comma},
		"1,000.5":              {0, whole + `"1,000.5"`, 0, number + `"1,000.5"` + comma},
		"1 000":                {0, whole + `"1 000"`, 0, number + `"1 000" (hint)`},
		`"7"`:                  {0, whole + `"7"`, 0, number + `"7" (hint)`},
		"٣":                    {0, whole + `"٣"`, 0, number + `"٣" (hint)`},
		"1:30":                 {0, whole + `"1:30"`, 0, number + `"1:30" (hint)`},
		"~":                    {0, whole + "nothing", 0, number + "nothing (hint)"},
		"true":                 {0, whole + "true", 0, number + "true (hint)"},
		"18446744073709551616": {0, whole + "the number 18446744073709551616", 0, number + "the number 18446744073709551616 (hint)"},
	} {
		n := 0
		if problem := readOne(t, written, yamlfile.IntegerInto(&n, 0, 100)); n != test.integer || problem != test.noInt {
			t.Errorf("%s as an integer: %d, %q; want %d, %q", written, n, problem, test.integer, test.noInt)
		}
		f := 0.0
		problem := readOne(t, written, func(v yamlfile.Value) { f, _ = v.Number(-1, 100, "hint") })
		if f != test.number || problem != test.noFloat {
			t.Errorf("%s as a number: %v, %q; want %v, %q", written, f, problem, test.number, test.noFloat)
		}
	}
}

func TestADurationHasAUnit(t *testing.T) {
	const must = "it must be a duration from 1s to 1h0m0s, not "
	const hint = " (such as 500ms, 30s or 2m)"
	for written, test := range map[string]struct {
		want    time.Duration
		problem string
	}{
		"1s":             {time.Second, ""},
		"1h":             {time.Hour, ""},
		"1m30s":          {90 * time.Second, ""},
		"1.5m":           {90 * time.Second, ""},
		`"30s"`:          {30 * time.Second, ""},
		"30":             {0, must + "the number 30" + hint},
		"0":              {0, must + "the number 0" + hint},
		"999ms":          {0, must + `"999ms"` + hint},
		"61m":            {0, must + `"61m"` + hint},
		"1,5m":           {0, must + `"1,5m"` + hint},
		"1m 30s":         {0, must + `"1m 30s"` + hint},
		"-1m":            {0, must + `"-1m"` + hint},
		"1d":             {0, must + `"1d"` + hint},
		"30M":            {0, must + `"30M"` + hint},
		"1_0s":           {0, must + `"1_0s"` + hint},
		"0x10s":          {0, must + `"0x10s"` + hint},
		"١s":             {0, must + `"١s"` + hint},
		"m":              {0, must + `"m"` + hint},
		"1e1s":           {0, must + `"1e1s"` + hint},
		"01:30":          {0, must + `"01:30"` + hint},
		"[1m]":           {0, must + "a list" + hint},
		"999999h":        {0, must + `"999999h"` + hint},
		"9999999999999h": {0, must + `"9999999999999h"` + hint},
	} {
		var got time.Duration
		problem := readOne(t, written, func(v yamlfile.Value) { got, _ = v.Duration(time.Second, time.Hour) })
		if got != test.want || problem != test.problem {
			t.Errorf("%s: %s, %q; want %s, %q", written, got, problem, test.want, test.problem)
		}
	}
}
