package json

import (
	"bytes"
	"errors"
	"strconv"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/jsonscan"
)

var errNoAddr = errors.New("no source and destination address")

// A decoder reads objects by the layout.
type decoder struct {
	*layout
	scan   *jsonscan.Scanner
	fill   *columns.Filler
	number []byte
}

// Decode implements lines.Decoder.
func (d *decoder) Decode(text []byte, r *flow.Record) error {
	if text[0] == 0xef {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if err := d.scan.Scan(text); err != nil {
		return err
	}
	d.fill.Begin(r)
	ends := 0
	for i, f := range d.fields {
		kind := d.scan.Kind(i)
		if kind != jsonscan.String && kind != jsonscan.Number {
			continue
		}
		v := d.scan.Text(i)
		if kind == jsonscan.Number {
			v = plain(v, kind, &d.number)
		}
		if err := d.fill.Set(f, v, r); err != nil {
			return err
		}
		switch {
		case f == columns.SrcIP || f == columns.DstIP:
			ends++
		case len(v) == 0 && d.fill.Exact: // here a text can be there and be empty
			r.Has |= empty(f)
		}
	}
	if d.scan.Found() > 0 {
		if err := d.lately(r); err != nil {
			return err
		}
	}
	if ends != 2 {
		return errNoAddr
	}
	return d.fill.Finish(r)
}

// lately sets the fields that the first objects lack: of several names of one
// the best known.
func (d *decoder) lately(r *flow.Record) error {
	set := columns.None
	for i := range d.late.Len() {
		f, unit := d.late.Name(i)
		kind := d.scan.Kind(d.first + i)
		if f == set || kind != jsonscan.String && kind != jsonscan.Number {
			continue
		}
		set = f
		if err := d.fill.SetIn(f, unit, plain(d.scan.Text(d.first+i), kind, &d.number), r); err != nil {
			return err
		}
	}
	return nil
}

// empty tells what an object has that gives an empty text.
func empty(f columns.Field) flow.Fields {
	switch f {
	case columns.Service:
		return flow.HasService
	case columns.Label:
		return flow.HasLabel
	case columns.UID:
		return flow.HasUID
	}
	return 0
}

// plain writes a number without an exponent, which only JSON has.
func plain(v []byte, kind jsonscan.Kind, buf *[]byte) []byte {
	if kind != jsonscan.Number || !bytes.ContainsAny(v, "eE") || len(v) > 40 {
		return v
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f > 1e20 || f < -1e20 {
		return v
	}
	if buf == nil {
		return strconv.AppendFloat(nil, f, 'f', -1, 64)
	}
	*buf = strconv.AppendFloat((*buf)[:0], f, 'f', -1, 64)
	return *buf
}
