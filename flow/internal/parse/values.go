package parse

import (
	"errors"
	"strconv"

	"seine/flow"
)

// Errors of values.
var (
	ErrNumber = errors.New("not a number")
	ErrPort   = errors.New("not a port")
)

// Uint reads an unsigned decimal number, digits only.
func Uint(b []byte) (uint64, error) {
	if len(b) == 0 || len(b) > 20 {
		return 0, ErrNumber
	}
	v := uint64(0)
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 || v > (1<<64-1-d)/10 {
			return 0, ErrNumber
		}
		v = v*10 + d
	}
	return v, nil
}

// Counter reads a count as tables really spell it: 117, 117.0, "1.4 M",
// padded with blanks. known is false for an unset value ("", "-"), and for
// one that is no count: a counter that cannot be read is absent, never 0.
func Counter(b []byte) (v uint64, known bool) {
	b = Trim(b)
	if v, err := Uint(b); err == nil {
		return v, true
	}
	if len(b) == 0 || len(b) > 40 {
		return 0, false
	}
	scale := 1.0
	switch b[len(b)-1] {
	case 'K', 'k':
		scale = 1e3
	case 'M':
		scale = 1e6
	case 'G':
		scale = 1e9
	case 'T':
		scale = 1e12
	}
	if scale != 1 {
		b = Trim(b[:len(b)-1])
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(f >= 0 && f*scale < 1<<63) {
		return 0, false
	}
	return uint64(f*scale + 0.5), true
}

// Port reads a port: decimal, 0x hexadecimal, or a decimal with a zero
// fraction (53.0).
func Port(b []byte) (uint16, error) {
	if v, err := Uint(b); err == nil {
		if v > 65535 {
			return 0, ErrPort
		}
		return uint16(v), nil
	}
	b = Trim(b)
	if len(b) > 2 && b[0] == '0' && b[1]|0x20 == 'x' && len(b) <= 6 {
		v, err := strconv.ParseUint(string(b[2:]), 16, 16)
		if err != nil {
			return 0, ErrPort
		}
		return uint16(v), nil
	}
	for len(b) > 2 && b[len(b)-1] == '0' && b[len(b)-2] != '.' {
		b = b[:len(b)-1]
	}
	if n := len(b); n > 2 && b[n-1] == '0' && b[n-2] == '.' {
		b = b[:n-2]
	}
	v, err := Uint(b)
	if err != nil || v > 65535 {
		return 0, ErrPort
	}
	return uint16(v), nil
}

// Unset reports whether a value stands for none: empty, "-", "(empty)",
// "null", "NaN".
func Unset(b []byte) bool {
	switch string(b) {
	case "", "-", "(empty)", "null", "NULL", "NaN", "nan", "None":
		return true
	}
	return false
}

// Trim drops blanks and tabs at both ends.
func Trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// Flags reads TCP flags: letters (".AP.SF", "SA", "FSPA"), a decimal number,
// or a hexadecimal one behind 0x.
func Flags(b []byte) (flow.TCPFlags, bool) {
	b = Trim(b)
	if len(b) == 0 || len(b) > 10 {
		return 0, false
	}
	if b[0]-'0' <= 9 {
		base := 10
		if len(b) > 2 && b[0] == '0' && b[1]|0x20 == 'x' {
			b, base = b[2:], 16
		}
		v, err := strconv.ParseUint(string(b), base, 16)
		return flow.TCPFlags(v), err == nil
	}
	var f flow.TCPFlags
	for _, c := range b {
		switch c {
		case '.', ' ', '-', '_':
			continue
		}
		flag, ok := Flag(c)
		if !ok {
			return 0, false
		}
		f |= flag
	}
	return f, true
}

// Flag is the TCP flag of a letter, as most tools write it.
func Flag(letter byte) (f flow.TCPFlags, ok bool) {
	switch letter {
	case 'F':
		return flow.FIN, true
	case 'S':
		return flow.SYN, true
	case 'R':
		return flow.RST, true
	case 'P':
		return flow.PSH, true
	case 'A':
		return flow.ACK, true
	case 'U':
		return flow.URG, true
	case 'E':
		return flow.ECE, true
	case 'C', 'W':
		return flow.CWR, true
	}
	return 0, false
}
