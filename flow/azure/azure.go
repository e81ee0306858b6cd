// Package azure reads the flow logs of Azure: virtual network flow logs and
// those of network security groups, JSON documents with tuples of text inside.
package azure

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/jsonstream"
)

//go:embed README.md
var doc string

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort |
	flow.HasBytes | flow.HasPkts | flow.HasState

// Format describes Azure flow logs.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "azure",
		Title:  "Azure flow logs, JSON: virtual network (version 4) and network security group (1 and 2)",
		Doc:    doc,
		Ext:    []string{".json", ".jsonl"},
		Fields: fields,
		Stitch: stitching,
		Match:  match,
		Open:   open,
	}
}

// stitching is how tuples relate to connections: what goes on is told every
// five minutes, with what it counts since the tuple before. A connection may
// stand in the logs of a subnet, of a network card and of the virtual network.
var stitching = flow.Stitching{Pieces: true, Copies: true, Gap: 305 * flow.Second, Auto: true}

func match(head []byte) (int, string) {
	found, err := find(head)
	switch {
	case found:
		return 95, ""
	case errors.Is(err, jsonstream.ErrSyntax):
		return 0, "not JSON"
	}
	return 0, "JSON without flowTuples, flowLogVersion, or an Azure category of flow logs"
}

// find looks for what only an Azure flow log has.
func find(head []byte) (bool, error) {
	r := jsonstream.NewReader(bytes.NewReader(head))
	kind, _, err := r.Next()
	if err == nil && kind != jsonstream.Object && kind != jsonstream.Array {
		return false, jsonstream.ErrSyntax
	}
	category := false
	for ; err == nil; _, _, err = next(r, &category) {
		if category {
			return true, nil
		}
	}
	return false, err
}

// next reads a token, and tells whether it is a sign of an Azure flow log.
func next(r *jsonstream.Reader, sign *bool) (kind jsonstream.Kind, text []byte, err error) {
	kind, text, err = r.Next()
	switch {
	case err != nil || r.Depth() > 12:
	case kind == jsonstream.Key && (string(text) == "flowTuples" || string(text) == "flowLogVersion" && r.Depth() <= 3):
		*sign = true
	case kind == jsonstream.String && r.Depth() <= 3:
		*sign = string(text) == "FlowLogFlowEvent" || string(text) == "NetworkSecurityGroupFlowEvent"
	}
	return kind, text, err
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	stream, err := src.Reader()
	if err != nil {
		return nil, err
	}
	src.Fields, src.Stitch = fields, stitching
	src.Mapping = []string{
		"azure: the strings in flowTuples, counted from 1 through the file",
		"ts        ← value 1, in ms or s by its size",
		"src_ip    ← value 2", "dst_ip    ← value 3", "src_port  ← value 4", "dst_port  ← value 5",
		"protocol  ← value 6, a number, T or U",
		"state     ← values 8 and 9: D, A, B, C, E",
		"src_pkts  ← value 10", "src_bytes ← value 11", "dst_pkts  ← value 12", "dst_bytes ← value 13",
		"not used: value 7 (direction), encryption, rule, ACL, MAC",
	}
	r := &reader{src: src, intern: flow.NewInterner(src.Options.Symbols)}
	if jsonrows.ByLine(head) {
		r.line = &lineReader{in: bufio.NewReaderSize(stream, 64<<10)}
		stream = r.line
	}
	r.tokens = jsonstream.NewReader(stream)
	return r, nil
}
