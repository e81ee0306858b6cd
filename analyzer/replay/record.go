package replay

import (
	"bytes"
	"errors"
	"fmt"

	"seine/detectors"
	"seine/flow"
)

// record reads a flow. It has what its object has.
func (r *Replay) record(c *cursor, f *flow.Record) error {
	var src, dst, file bool
	err := c.members(func(key string) (err error) {
		text := func(has flow.Fields) flow.Symbol {
			var s string
			if s, err = c.string(); err == nil {
				f.Has |= has
			}
			return r.names.symbol(s)
		}
		number := func(has flow.Fields, most uint64) (v uint64) {
			v, err = c.uint(most)
			f.Has |= has
			return v
		}
		switch key {
		case "ts":
			f.Has |= flow.HasStart
			f.Start, err = c.moment()
		case "duration":
			f.Has |= flow.HasDuration
			f.Duration, err = c.seconds()
		case "protocol":
			f.Has |= flow.HasProto
			f.Proto, err = c.protocol()
		case "state":
			f.RawState = text(flow.HasState)
			f.State = stateOf(r.names.Text(f.RawState))
		case "src_ip":
			src = true
			f.Src, err = c.addr()
		case "dst_ip":
			dst = true
			f.Dst, err = c.addr()
		case "src_port":
			f.SrcPort = uint16(number(flow.HasSrcPort, 65535))
		case "dst_port":
			f.DstPort = uint16(number(flow.HasDstPort, 65535))
		case "src_bytes":
			f.SrcBytes = number(flow.HasSrcBytes, 1<<64-1)
		case "dst_bytes":
			f.DstBytes = number(flow.HasDstBytes, 1<<64-1)
		case "src_pkts":
			f.SrcPkts = number(flow.HasSrcPkts, 1<<64-1)
		case "dst_pkts":
			f.DstPkts = number(flow.HasDstPkts, 1<<64-1)
		case "src_flags":
			f.Has |= flow.HasFlags
			f.SrcFlags, err = c.flags()
		case "dst_flags":
			f.Has |= flow.HasFlags
			f.DstFlags, err = c.flags()
		case "icmp_type":
			f.ICMPType = uint8(number(flow.HasICMP, 255))
		case "icmp_code":
			f.ICMPCode = uint8(number(flow.HasICMP, 255))
		case "service":
			f.Service = text(flow.HasService)
		case "label":
			f.Label = text(flow.HasLabel)
		case "uid":
			var s string
			s, err = c.string()
			f.Has |= flow.HasUID
			f.UID = uidOf(s)
		case "file":
			var s string
			s, err = c.string()
			f.File, file = r.names.file(s), true
		case "row":
			f.Row = number(0, 1<<64-1)
		default:
			c.raw()
		}
		return err
	})
	if err != nil {
		return err
	}
	if src != dst {
		return errEnds
	}
	if !file {
		f.File = r.names.file("")
	}
	if src {
		f.Has |= flow.HasAddrs
	}
	return nil
}

var errEnds = errors.New("src_ip and dst_ip go together")

// stateOf is the state that a word means if it is one of Seine's own.
func stateOf(word string) flow.State {
	for s := flow.StateUnknown + 1; s.String() != "unknown"; s++ {
		if s.String() == word {
			return s
		}
	}
	return flow.StateUnknown
}

// uidOf packs an identifier so that it is written as it was read. Bytes that
// were no UTF-8 were written as U+FFFD, which takes more room than they did.
func uidOf(text string) flow.UID {
	u := flow.MakeUID([]byte(text))
	if runes(u.String()) != text {
		if short := flow.MakeUID(bytes.ReplaceAll([]byte(text), []byte("\ufffd"), []byte{0xff})); runes(short.String()) == text {
			return short
		}
	}
	return u
}

// runes writes each byte that is no UTF-8 as U+FFFD.
func runes(s string) string { return string([]rune(s)) }

func (c *cursor) annotation() (n detectors.Annotation, err error) {
	err = c.members(func(key string) (err error) {
		switch key {
		case "ip":
			n.IP, err = c.addr()
		case "key":
			n.Key, err = c.string()
		case "value":
			n.Value, err = c.string()
		case "source":
			n.Source, err = c.string()
		default:
			c.raw()
		}
		return err
	})
	return n, err
}

func (c *cursor) chart() (ch detectors.Chart, err error) {
	err = c.members(func(key string) (err error) {
		switch key {
		case "kind":
			ch.Kind, err = c.chartKind()
		case "title":
			ch.Title, err = c.string()
		case "x":
			ch.X, err = c.axis()
		case "y":
			ch.Y, err = c.axis()
		case "values":
			ch.Values, err = c.floats(detectors.MaxChart)
		case "mark":
			ch.HasMark = true
			ch.Mark, err = c.float()
		case "mark_label":
			ch.MarkLabel, err = c.string()
		case "level":
			ch.HasLevel = true
			ch.Level, err = c.float()
		case "level_label":
			ch.LevelLabel, err = c.string()
		default:
			c.raw()
		}
		return err
	})
	return ch, err
}

func (c *cursor) chartKind() (detectors.ChartKind, error) {
	text, err := c.string()
	for _, k := range []detectors.ChartKind{detectors.Bars, detectors.Timeline, detectors.Matrix} {
		if text == k.String() {
			return k, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%q is none of bars, timeline, matrix", shorten(text))
	}
	return 0, err
}

func (c *cursor) axis() (a detectors.Axis, err error) {
	err = c.members(func(key string) (err error) {
		switch key {
		case "name":
			a.Name, err = c.string()
		case "unit":
			a.Unit, err = c.string()
		case "labels":
			a.Labels, err = c.texts()
		case "at":
			a.At, err = c.floats(maxLabels)
		default:
			c.raw()
		}
		return err
	})
	return a, err
}

func (c *cursor) floats(most int) (all []float64, err error) {
	err = c.elements(most, func() error {
		v, err := c.float()
		all = append(all, v)
		return err
	})
	return all, err
}
