// Package nfcapd reads the binary files of nfdump, which nfcapd and its kin
// write, through the program nfdump itself: the layout has changed with every
// generation and is packed in four ways, and whoever has such files has the
// program too. It is asked for a line a record, in words that versions 1.6 and
// 1.7 share.
package nfcapd

import (
	_ "embed"
	"encoding/binary"
	"fmt"

	"seine/flow"
)

//go:embed README.md
var doc string

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasFlags | flow.HasICMP

// Format describes the binary files of nfdump.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "nfcapd",
		Title:  "binary files of nfdump (nfcapd.*), read through the program nfdump",
		Doc:    doc,
		Ext:    []string{".nfcapd"},
		Fields: fields,
		Stitch: flow.Stitching{Pieces: true, Halves: true, Silence: true, Auto: true},
		Match:  match,
		Open:   open,
	}
}

// Magic number of the files, and the generations of their layout: 1 is that
// of nfdump 1.5 and 1.6, 2 that of 1.7, and 3 that of later ones.
const (
	magic     = 0xa50c
	maxLayout = 3
)

func match(head []byte) (int, string) {
	if len(head) < 4 {
		return 0, "no magic number of nfdump"
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint16(head) != magic {
			continue
		}
		if v := order.Uint16(head[2:]); v == 0 || v > maxLayout {
			return 0, fmt.Sprintf("a binary file of nfdump in layout %d, which is not known; \"nfdump -r FILE -o json\" may read it", v)
		}
		return 100, ""
	}
	return 0, "no magic number of nfdump"
}

func open(src *flow.Source) (flow.Reader, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	name, spooled, err := file(src)
	if err != nil {
		return nil, err
	}
	c, err := start(program, name, spooled)
	if err != nil {
		return nil, err
	}
	text := flow.StreamSource(src.Name, c.out, src.Options)
	text.File = src.File
	rows, err := decode(src, text)
	if err != nil {
		c.stop()
		return nil, err
	}
	return newReader(src, text, rows, c), nil
}
