package table

import (
	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
)

// LocalTime notes that times name no zone, unless the user has told one.
func LocalTime(src *flow.Source, column string) {
	if zone := src.Options.Location; zone == nil || zone.String() == "UTC" {
		src.Note(column + " is local time and names no zone: read as UTC unless --tz names another")
	}
}

// NetFlowPorts reads ports, or type and code of ICMP where NetFlow has them:
// in the destination port, as type.code or as type·256 + code. A number below
// 256 is a type whose code, .0, was lost: no message of type 0 has a code.
func NetFlowPorts(src, dst []byte, r *flow.Record) error {
	if !ICMP(r) {
		return Ports(src, dst, r)
	}
	dst = parse.Trim(dst)
	if parse.Unset(dst) {
		return nil
	}
	typ, code, field := 0, 0, 0
	for i, c := range dst {
		switch {
		case c-'0' <= 9 && field == 0:
			typ = typ*10 + int(c-'0')
		case c-'0' <= 9:
			code = code*10 + int(c-'0')
		case c == '.' && field == 0 && i > 0:
			field = 1
		default:
			return Fail(columns.DstPort, dst, parse.ErrPort)
		}
		if typ > 0xffff || field == 1 && typ > 0xff || code > 0xff {
			return Fail(columns.DstPort, dst, parse.ErrPort)
		}
	}
	if field == 0 && typ > 0xff {
		typ, code = typ>>8, typ&0xff
	}
	SetICMP(r, uint8(typ), uint8(code))
	return nil
}

// Flags stores the TCP flags of the side that a row tells of.
func Flags(v []byte, r *flow.Record) {
	if r.Proto != flow.TCP {
		return
	}
	if f, ok := parse.Flags(v); ok {
		r.SrcFlags = f
		r.Has |= flow.HasFlags
	}
}
