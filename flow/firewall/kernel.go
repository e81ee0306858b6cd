package firewall

import (
	"bytes"

	"seine/flow"
	"seine/flow/internal/parse"
)

// A verdict is what a prefix says about the packet.
type verdict uint8

const (
	unsaid verdict = iota
	stopped
	passed
)

// verdicts are the words that administrators put into the prefixes of their
// rules, in the order in which they decide: "BLOCK ALLOW-LIST" is a denial.
var verdicts = []struct {
	word    string
	verdict verdict
}{
	{"BLOCK", stopped}, {"DROP", stopped}, {"DENY", stopped}, {"DENIED", stopped}, {"REJECT", stopped},
	{"ALLOW", passed}, {"ACCEPT", passed}, {"AUDIT", passed}, {"PASS", passed}, {"PERMIT", passed},
}

// contains reports whether b has word, of capitals, in any case.
func contains(b []byte, word string) bool {
	for i := 0; i+len(word) <= len(b); i++ {
		k := 0
		for k < len(word) && (b[i+k] == word[k] || b[i+k] == word[k]|0x20) {
			k++
		}
		if k == len(word) {
			return true
		}
	}
	return false
}

// prefix is what the rule put in front of "IN=": what stands behind the name
// of the program and the time since boot.
func prefix(b []byte) []byte {
	if _, tag, ok := bytes.Cut(b, []byte("kernel:")); ok {
		b = tag
	} else if i := bytes.LastIndex(b, []byte(" - ")); i >= 0 { // as RFC 5424 has it
		b = b[i+3:]
	} else if _, tag, ok := bytes.Cut(b, []byte(": ")); ok {
		b = tag
	}
	b = parse.Trim(b)
	if len(b) > 0 && b[0] == '[' {
		if i := bytes.IndexByte(b, ']'); i > 0 && len(bytes.Trim(b[1:i], " .0123456789")) == 0 {
			b = b[i+1:]
		}
	}
	return bytes.Trim(b, " \t:[]-")
}

// kernel reads a line of the Linux kernel's packet log: KEY=value, and flags
// as words of their own. What stands in brackets is the packet that a message
// of ICMP is about.
func (d *decoder) kernel(before, b []byte, r *flow.Record) error {
	var src, dst, srcPort, dstPort, kind, code []byte
	fragment := false
	for len(b) > 0 {
		word := b
		if i := bytes.IndexByte(b, ' '); i >= 0 {
			word, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		if len(word) == 0 {
			continue
		}
		if word[0] == '[' {
			break
		}
		i := bytes.IndexByte(word, '=')
		if i < 0 {
			switch string(word) {
			case "SYN":
				r.SrcFlags |= flow.SYN
			case "ACK":
				r.SrcFlags |= flow.ACK
			case "FIN":
				r.SrcFlags |= flow.FIN
			case "RST":
				r.SrcFlags |= flow.RST
			case "PSH":
				r.SrcFlags |= flow.PSH
			case "URG":
				r.SrcFlags |= flow.URG
			case "ECE":
				r.SrcFlags |= flow.ECE
			case "CWR":
				r.SrcFlags |= flow.CWR
			default:
				fragment = fragment || bytes.HasPrefix(word, []byte("FRAG:")) && string(word) != "FRAG:0"
			}
			continue
		}
		value := word[i+1:]
		switch string(word[:i]) {
		case "SRC":
			src = value
		case "DST":
			dst = value
		case "SPT":
			srcPort = value
		case "DPT":
			dstPort = value
		case "TYPE":
			kind = value
		case "CODE":
			code = value
		case "PROTO":
			if p, ok := flow.ParseProto(value); ok {
				r.Proto = p
				r.Has |= flow.HasProto
			}
		case "LEN":
			if r.Has&flow.HasSrcBytes != 0 {
				continue // that of UDP
			}
			if v, err := parse.Uint(value); err == nil {
				r.SrcBytes = v
				r.Has |= flow.HasSrcBytes
			}
		}
	}
	if src == nil || dst == nil {
		return errShort
	}
	if err := ends(r, src, dst); err != nil {
		return err
	}
	r.SrcPkts = 1
	r.Has |= flow.HasSrcPkts
	switch {
	case srcPort != nil && dstPort != nil:
		if err := ports(r, srcPort, dstPort); err != nil {
			return err
		}
	case (r.Proto == flow.TCP || r.Proto == flow.UDP) && !fragment:
		return errShort
	}
	switch {
	case r.Proto == flow.TCP && srcPort != nil:
		r.Has |= flow.HasFlags
	case r.Proto == flow.ICMP || r.Proto == flow.ICMPv6:
		icmp(r, kind, code)
	}
	if r.Has&flow.HasFlags == 0 {
		r.SrcFlags = 0
	}
	tag := prefix(before)
	if !d.tag.known || string(d.tag.text) != string(tag) {
		d.tag.judge(tag)
	}
	switch d.tag.verdict {
	case stopped:
		r.State = flow.StateDenied
	case passed:
		r.State = allowed(r)
	default:
		return nil
	}
	r.RawState = d.intern.Symbol(tag)
	r.Has |= flow.HasState
	return nil
}

// A tag is the last prefix that was read, and what it says: few rules log most
// of the lines.
type tag struct {
	text    []byte
	verdict verdict
	known   bool
}

func (t *tag) judge(text []byte) {
	t.text, t.verdict, t.known = append(t.text[:0], text...), unsaid, true
	for _, v := range verdicts {
		if contains(text, v.word) {
			t.verdict = v.verdict
			return
		}
	}
}
