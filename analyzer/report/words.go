package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"seine/detectors"
)

// ansi are the colours of the severities. They are written as they are: a
// library would look at the environment, which Options.Color has settled.
var ansi = [detectors.Severities]string{
	detectors.Info: "\x1b[2m", detectors.Low: "\x1b[36m", detectors.Medium: "\x1b[33m",
	detectors.High: "\x1b[31m", detectors.Critical: "\x1b[1;31m",
}

func paint(s detectors.Severity, text string) string {
	return ansi[min(s, detectors.Severities-1)] + text + "\x1b[0m"
}

// bySeverity writes the counts that are not zero, the most severe first:
// "2 high, 5 low".
func bySeverity(n *[detectors.Severities]uint64, color bool) string {
	var parts []string
	for s := int(detectors.Severities) - 1; s >= 0; s-- {
		if n[s] == 0 {
			continue
		}
		p := thousands(n[s]) + " " + detectors.Severity(s).String()
		if color {
			p = paint(detectors.Severity(s), p)
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, ", ")
}

// thousands writes 1234567 as 1,234,567.
func thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes a number of things.
func plural(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(n) + " " + thing + "s"
}

// volume writes a number of bytes with three digits that matter, in powers of
// 1000.
func volume(bytes float64) string { return scaled(bytes, " ") + "B" }

// scaled writes a number with three digits that matter and the prefix of a
// power of 1000.
func scaled(v float64, space string) string {
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	i := 0
	for i < len(prefixes)-1 && math.Abs(v) >= 999.5 {
		v /= 1000
		i++
	}
	digits := 0
	if v != math.Trunc(v) {
		digits = max(0, 2-len(strconv.Itoa(int(math.Abs(v))))+1)
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + space + prefixes[i]
}

// span writes a duration in its two largest units.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) + " s"
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}
