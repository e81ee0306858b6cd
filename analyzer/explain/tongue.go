package explain

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A tongue is how a language writes numbers, times and lists.
type tongue struct {
	lang             string
	group, decimal   string
	percent          string // the sign, with the space before it
	unitSpace        string
	units            [6]string // of bytes
	byte             string    // one of them
	every            [3]string // second, minute, hour
	ever             string    // "every %s" of them
	between          string    // "%s to %s"
	day, days        string
	month            func(time.Time) string
	yes, no, unknown string
	open, close      string // quotes
	more             string // of a list that was cut: "and %s more"
	chance           string // "one in %s"
	zeroIsMany       bool   // whether 0 takes the plural
	french           bool
	says             phrases
}

const (
	nbsp   = "\u00a0"
	narrow = "\u202f"
)

var english = tongue{
	lang: "en", group: ",", decimal: ".", percent: "%", unitSpace: nbsp,
	units: [6]string{"bytes", "kB", "MB", "GB", "TB", "PB"}, byte: "byte",
	every: [3]string{"every second", "every minute", "every hour"}, ever: "every %s", between: "%s to %s", day: "day", days: "days",
	month: func(t time.Time) string { return t.Month().String() },
	yes:   "yes", no: "no", unknown: "unknown", open: "“", close: "”",
	more: "and %s more", chance: "one in %s", zeroIsMany: true, says: englishPhrases,
}

var french = tongue{
	lang: "fr", group: narrow, decimal: ",", percent: narrow + "%", unitSpace: nbsp,
	units: [6]string{"octets", "ko", "Mo", "Go", "To", "Po"}, byte: "octet",
	every: [3]string{"chaque seconde", "chaque minute", "chaque heure"}, ever: "toutes les %s", between: "de %s à %s", day: "jour", days: "jours",
	month: func(t time.Time) string { return frenchMonths[t.Month()-1] },
	yes:   "oui", no: "non", unknown: "inconnu", open: "«" + nbsp, close: nbsp + "»",
	more: "et %s autres", chance: "une sur %s", french: true, says: frenchPhrases,
}

var frenchMonths = [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

// tongueOf finds a language; English where there is none of that name.
func tongueOf(lang string) *tongue {
	if lang == french.lang {
		return &french
	}
	return &english
}

// typography sets the spaces and apostrophes that French asks for, so that
// authors write with those of their keyboard.
func (t *tongue) typography(s string) string {
	if !t.french {
		return s
	}
	return frenchTypography.Replace(s)
}

var frenchTypography = strings.NewReplacer(
	"« ", "«"+nbsp, " »", nbsp+"»", " : ", nbsp+": ", " ;", narrow+";", " ?", narrow+"?", " !", narrow+"!", "'", "’", "...", "…")

// many tells whether a number takes the plural.
func (t *tongue) many(n float64) bool {
	if t.zeroIsMany {
		return n != 1
	}
	return math.Abs(n) >= 2
}

// number writes a number: whole ones exactly, others with three digits that
// matter at least.
func (t *tongue) number(v value) string {
	if !strings.ContainsAny(v.text, ".eE") && v.text != "" {
		return t.grouped(v.text)
	}
	return t.float(v.num)
}

func (t *tongue) float(x float64) string {
	a := math.Abs(x)
	digits := 0
	switch {
	case a >= 1e15, a != 0 && a < 1e-4:
		m, e, _ := strings.Cut(strconv.FormatFloat(x, 'e', 2, 64), "e")
		n, _ := strconv.Atoi(e)
		return t.point(trimZeros(m)) + nbsp + "×" + nbsp + "10^" + strconv.Itoa(n)
	case a >= 1000 || a == 0:
	case a >= 100:
		digits = 1
	case a >= 1:
		digits = 2
	default:
		digits = 2 - int(math.Floor(math.Log10(a)))
	}
	return t.grouped(trimZeros(strconv.FormatFloat(x, 'f', digits, 64)))
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

func (t *tongue) point(s string) string { return strings.Replace(s, ".", t.decimal, 1) }

// grouped puts the signs of the language into the digits of a number.
func (t *tongue) grouped(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	whole, fraction, has := strings.Cut(s, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 && len(whole) > 4 {
			b.WriteString(t.group)
		}
		b.WriteRune(c)
	}
	if has {
		b.WriteString(t.decimal + fraction)
	}
	return b.String()
}

// bytes writes a number of bytes in decimal units.
func (t *tongue) bytes(x float64) string {
	unit := 0
	for math.Abs(x) >= 999.5 && unit < len(t.units)-1 {
		x /= 1000
		unit++
	}
	digits := 0
	if unit > 0 && math.Abs(x) < 99.95 {
		digits = 1
	}
	name := t.units[unit]
	if unit == 0 && !t.many(math.Round(x)) {
		name = t.byte
	}
	return t.grouped(trimZeros(strconv.FormatFloat(x, 'f', digits, 64))) + t.unitSpace + name
}

// pace writes a period: every 30 s, every minute.
func (t *tongue) pace(seconds float64) string {
	s := t.span(seconds)
	for i, unit := range [3]string{"s", "min", "h"} {
		if s == "1"+t.unitSpace+unit {
			return t.every[i]
		}
	}
	return strings.Replace(t.ever, "%s", s, 1)
}

// span writes a number of seconds.
func (t *tongue) span(seconds float64) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	unit := func(n int, u string) string { return strconv.Itoa(n) + t.unitSpace + u }
	two := func(big int, a string, small int, b string) string {
		if small == 0 {
			return sign + unit(big, a)
		}
		return sign + unit(big, a) + nbsp + unit(small, b)
	}
	if seconds < 59.95 {
		return sign + t.float(math.Round(seconds*1000)/1000) + t.unitSpace + "s"
	}
	if seconds > 1e12 {
		return sign + t.float(seconds) + t.unitSpace + "s"
	}
	s := int(math.Round(seconds))
	switch {
	case s < 3600:
		return two(s/60, "min", s%60, "s")
	case s < 48*3600:
		m := (s + 30) / 60
		return two(m/60, "h", m%60, "min")
	}
	h := (s + 1800) / 3600
	return two(h/24, t.days, h%24, "h")
}

// share writes a part of one in percent.
func (t *tongue) share(x float64) string {
	p := x * 100
	digits := 0
	switch a := math.Abs(p); {
	case a == 0:
	case a < 0.1:
		digits = 3
	case a < 1:
		digits = 2
	case a < 10, a > 99 && a < 100:
		digits = 1
	}
	s := trimZeros(strconv.FormatFloat(p, 'f', digits, 64))
	if p < 100 && s == "100" {
		s = "99.9"
	}
	return t.grouped(s) + t.percent
}

// moment writes a time to the second.
func (t *tongue) moment(at time.Time) string {
	day := strconv.Itoa(at.Day())
	if t.french && at.Day() == 1 {
		day = "1er"
	}
	join := ", "
	if t.french {
		join = " à "
	}
	return day + nbsp + t.month(at) + " " + strconv.Itoa(at.Year()) + join + at.Format("15:04:05") + nbsp + "UTC"
}

// rarity writes a probability of which only the decimal logarithm is known.
func (t *tongue) rarity(log10 float64) string {
	switch {
	case log10 >= 0:
		return "1"
	case log10 > -0.3:
		return t.share(math.Pow(10, log10))
	case log10 > -15:
		n := math.Pow(10, -log10)
		scale := math.Pow(10, math.Floor(math.Log10(n)))
		return strings.Replace(t.chance, "%s", t.float(math.Round(n/scale)*scale), 1)
	}
	return strings.Replace(t.chance, "%s", "10^"+strconv.FormatFloat(math.Floor(-log10), 'f', 0, 64), 1)
}

// quoted puts a text of the input in quotes.
func (t *tongue) quoted(s string) string { return t.open + s + t.close }
