package where_test

import (
	"errors"
	"strings"
	"testing"

	"seine/flow/where"
)

// In each expression ^ stands before the place that the error marks.
func TestErrorsNameThePlaceAndTheRemedy(t *testing.T) {
	for _, test := range []struct{ text, message string }{
		{"^", "the expression is empty"},
		{"^dst_prt == 1", `unknown name "dst_prt"; did you mean dst_port?`},
		{"^id.orig_x in '10.0.0.0/8'", "did you mean src_ip?"},
		{"^qqqqqq == 1", "fields: ts, duration"},
		{"dst_port == ^'443'", "numbers are written without quotes"},
		{"dst_port == ^70000", "dst_port is at most 65535"},
		{"dst_port in 1..^70000", "dst_port is at most 65535"},
		{"dst_port in ^5..1", "the range is empty"},
		{"dst_port in ^[]", "the list is empty"},
		{"dst_port in ^22", "[22, 80]"},
		{"dst_port in [22, ^src_port]", "src_port is none"},
		{"dst_port ^contains 4", "not with contains"},
		{"dst_port ^= 22", "== compares"},
		{"dst_port == 22 ^AND src_port == 1", "write and"},
		{"dst_port == 22 ^& src_port == 1", "& is no operator"},
		{"dst_port ==^", "ends too soon"},
		{"(dst_port == 1^", "ends too soon"},
		{"dst_port == 1^)", `")" is not expected here`},
		{"^src_bytes", "compare it, or ask has(src_bytes)"},
		{"not ^src_bytes", "compare it"},
		{"src_bytes ^+ 1", "a condition is wanted here"},
		{"src_bytes == ^18446744073709551616", "write 1e19"},
		{"src_bytes > ^10M", "1e6"},
		{"src_bytes / ^0 > 1", "division by zero"},
		{"src_bytes ^** 2 > 1", "the operator ** is not supported"},
		{"dst_port == 1 ? true : false", "there is no ? :"},
		{"^ip + 1 > 2", "src_ip or dst_ip"},
		{"src_ip + 1 > 2", "src_ip is an address; + calculates with numbers"},
		{"src_ip ^> 5", "not with >"},
		{"src_ip == ^5", "write an address such as"},
		{"src_ip == ^'10.0.0.300'", "is no address"},
		{"src_ip == ^'fe80::1%eth0'", "no zone"},
		{"src_ip == ^'10.0.0.0/8'", `"in" asks`},
		{"src_ip in ^'10.0.0.1/8'", "write '10.0.0.0/8'"},
		{"src_ip in ['10.0.0.0/8', ^'10.0.0.0/33']", "is no prefix"},
		{"src_ip in ^'10.0.0.1'..'::1'", "from IPv4 to IPv4"},
		{"src_ip in ^'10.0.0.2'..'10.0.0.1'", "the range is empty"},
		{"src_ip == ^10.0.0.1", "addresses are written in quotes: '10.0.0.1'"},
		{"src_ip in ^10.0.0.0/8", "addresses are written in quotes: '10.0.0.0/8'"},
		{"src_ip ^matches '10'", "not with matches"},
		{"duration > ^1h30m", "durations are written in quotes: '1h30m'"},
		{"duration > ^'1x'", "no duration"},
		{"duration > ^'300000d'", "292 years"},
		{"ts > ^2024-03-10", "times are written in quotes: '2024-03-10'"},
		{"ts > ^'2024-3-1'", "no time"},
		{"ts > ^'9024-03-10'", "1678 to 2261"},
		{"ts > ^5", "write a time such as"},
		{"state == ^'S0'", "raw_state is the word of the input"},
		{"state == ^5", "is no state"},
		{"state ^> 'closed'", "texts have no order"},
		{"protocol == ^'tpc'", "did you mean tcp?"},
		{"protocol == ^-1", "protocol is a word"},
		{"weekday == ^'caturday'", "no day of the week"},
		{"src_flags == ^2", "letters of FSRPAUEC"},
		{"src_flags contains ^'X'", "letters of FSRPAUEC"},
		{"src_flags ^matches 'S'", "set of TCP flags"},
		{"service == ^5", "service is text, and 5 is a number"},
		{"service ^> 'a'", "texts have no order"},
		{"service matches ^'('", "missing closing )"},
		{"'a' ^== 'b'", "two constants"},
		{"'a' ^in service", "service contains"},
		{"service in ^'a'..'b'", "no ranges"},
		{"state == 'closed^", "no closing quote"},
		{"uid ^contains 'C'", "not with contains"},
		{"^count(src_ip) > 5", `unknown function "count"`},
		{"^intern(src_ip)", "did you mean internal?"},
		{"^internal() ", "takes one field"},
		{"internal(^dst_port)", "asks about an address"},
		{"internal(^'10.0.0.1')", "the name of a field"},
		{"^len(service)", "len is no condition"},
		{"len(^dst_port) > 1", "takes a text"},
		{"^nil == 5", "there is no nil"},
		{"dst_port == 1\nand ^foo == 1", `unknown name "foo"`},
		{"^filter(service, true)", `unknown function "filter"`},
		{"service ^[1:2] == 'a'", "not supported"},
		{"service in ^{a: 1}", "[22, 80]"},
		{"dst_port == ^{a: 1}", "{ } is not supported"},
		{"let ^x = 1; dst_port == x", "statements is not supported"},
		{"true == ^5", "a condition is wanted here"},
		{"^dst_port == (src_port == 5)", "dst_port is a number and no condition"},
	} {
		text := strings.Replace(test.text, "^", "", 1)
		_, err := where.Compile(text, where.Options{})
		var e *where.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v", text, err)
			continue
		}
		if !strings.Contains(e.Message, test.message) {
			t.Errorf("%s: message %q, want %q", text, e.Message, test.message)
		}
		before, _, marked := strings.Cut(test.text, "^")
		line, column := 1+strings.Count(before, "\n"), len(before)-strings.LastIndex(before, "\n")
		if marked && (e.Line != line || e.Column != column) {
			t.Errorf("%s: error at %d:%d, want %d:%d: %s", text, e.Line, e.Column, line, column, e.Message)
		}
	}
}

func TestAnErrorShowsTheLineAndMarksThePlace(t *testing.T) {
	_, err := where.Compile("dst_port == 22 and\n\tdst_prt == 23", where.Options{})
	want := "line 2, column 2: unknown name \"dst_prt\"; did you mean dst_port?\n  |  dst_prt == 23\n  |  ^"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	_, err = where.Compile(strings.Repeat("dst_port == 22 or ", 50)+"ö\x1b == 1"+strings.Repeat(" or dst_port == 22", 50), where.Options{})
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || len([]rune(lines[1])) > 140 || strings.ContainsRune(err.Error(), '\x1b') {
		t.Fatalf("%q", lines)
	}
	if mark := strings.Index(lines[2], "^"); []rune(lines[1])[mark] != ' ' {
		t.Errorf("the mark stands under %q", []rune(lines[1])[mark])
	}
}

func TestExpressionsHaveLimits(t *testing.T) {
	list := "dst_port in [" + strings.Repeat("1, ", 9000) + "2]"
	if _, err := where.Compile(list, where.Options{}); err != nil {
		t.Errorf("a list of 9000: %v", err)
	}
	for name, text := range map[string]string{
		"bytes":    strings.Repeat(" ", where.MaxText) + "true",
		"parts":    "dst_port in [" + strings.Repeat("1, ", 11000) + "2]",
		"brackets": strings.Repeat("(", 20000) + "true" + strings.Repeat(")", 20000),
		"signs":    "src_bytes > " + strings.Repeat("-", 30000) + "1",
		"not":      strings.Repeat("not ", 10000) + "true",
		"pattern":  "service matches '" + strings.Repeat("a", 2000) + "'",
		"patterns": strings.Repeat("service matches '"+strings.Repeat("a", 1000)+"' or ", 20) + "true",
		"repeats":  "service matches '(((a{100}){100}){100}){100}'",
	} {
		if _, err := where.Compile(text, where.Options{}); err == nil {
			t.Errorf("too many %s: no error", name)
		}
	}
	if _, err := where.Compile(strings.Repeat("dst_port == 1 or ", 2000)+"true", where.Options{}); err != nil {
		t.Errorf("a long chain: %v", err)
	}
}
