package awsvpc

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
)

// documented are the columns in the order of the documentation; the versions
// end after 14, 21, 25, 29, 39, 40, 41, 42 and 54 of them.
var documented = strings.Fields(`
	version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
	vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr
	region az-id sublocation-type sublocation-id
	pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path
	ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id
	ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id
	reject-reason
	resource-id
	encryption-status
	instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2 interface-type
	next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id next-hop-interface-type`)

var versionEnds = []int{14, 21, 25, 29, 39, 40, 41, 42, 54}

// A column is one that Seine uses.
type column uint8

const (
	start column = iota
	end
	srcAddr
	dstAddr
	pktSrcAddr
	pktDstAddr
	srcPort
	dstPort
	protocol
	packets
	octets
	action
	tcpFlags
	logStatus
	columnCount
)

var columnNames = [columnCount]string{
	"start", "end", "srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr", "srcport", "dstport",
	"protocol", "packets", "bytes", "action", "tcp-flags", "log-status",
}

// canonical tells what each column becomes.
var canonical = [columnCount]struct {
	field columns.Field
	has   flow.Fields
}{
	{columns.Start, flow.HasStart}, {columns.End, flow.HasDuration},
	{columns.SrcIP, flow.HasAddrs}, {columns.DstIP, flow.HasAddrs},
	{columns.SrcIP, flow.HasAddrs}, {columns.DstIP, flow.HasAddrs},
	{columns.SrcPort, flow.HasSrcPort}, {columns.DstPort, flow.HasDstPort},
	{columns.Proto, flow.HasProto}, {columns.SrcPkts, flow.HasSrcPkts}, {columns.SrcBytes, flow.HasSrcBytes},
	{columns.State, flow.HasState}, {columns.SrcFlags, flow.HasFlags}, {},
}

// maxColumns is more than any version has.
const maxColumns = 96

// A layout tells where the columns are.
type layout struct {
	header []byte // the header line; nil without one
	names  []string
	given  bool             // by --fields
	tabbed bool             // only what stands behind the last tab is the row
	at     [columnCount]int // token of each column, or -1
	broken error            // why rows cannot be read by it
}

var (
	errNoHeader = errors.New("no header of AWS flow log fields, and no row in their default order (--input-format awsvpc --fields names the columns of another)")
	errMissing  = errors.New("AWS flow log header without")
)

// detect finds the layout of the text that starts with head.
func detect(head []byte, opt *flow.Options) (*layout, error) {
	given, err := fieldNames(opt.Columns)
	if err != nil {
		return nil, err
	}
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	var first []byte
	for tries := 0; len(head) > 0 && tries < 50; tries++ {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		line = parse.Trim(bytes.TrimSuffix(line, []byte("\r")))
		if len(line) == 0 || len(line) > 16<<10 {
			continue
		}
		if isHeader(line) {
			l := &layout{header: line, names: strings.Fields(string(line))}
			return l, l.place(opt.Map)
		}
		if l := headerless(line, given); l != nil {
			return l, l.place(opt.Map)
		}
		if first == nil {
			first = line
		}
	}
	if first != nil && len(opt.Map) > 0 { // the user says where the columns are
		l := &layout{}
		for i := range strings.Fields(string(first)) {
			l.names = append(l.names, fmt.Sprintf("column%d", i+1))
		}
		return l, l.place(opt.Map)
	}
	if given != nil && first != nil {
		return nil, fmt.Errorf("--fields names %d columns, and none of the first rows has as many (the first has %d)",
			len(given), len(strings.Fields(string(first))))
	}
	return nil, errNoHeader
}

// isHeader reports whether line names AWS's columns: four at least, all but a
// few of them known, since versions to come will add some.
func isHeader(line []byte) bool {
	names := strings.Fields(string(line))
	known := 0
	for _, n := range names {
		if slices.Contains(documented, n) {
			known++
		}
	}
	return known >= 4 && 4*known >= 3*len(names)
}

// place finds the columns by their names and by the user's overrules.
func (l *layout) place(overrides map[string]string) error {
	if len(l.names) > maxColumns {
		return fmt.Errorf("%d columns, at most %d can be", len(l.names), maxColumns)
	}
	for c := range l.at {
		l.at[c] = slices.Index(l.names, columnNames[c])
	}
	keys := make([]string, 0, len(overrides))
	for k := range overrides {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if err := l.override(k, overrides[k]); err != nil {
			return fmt.Errorf("--map %s=%s: %w", k, overrides[k], err)
		}
	}
	switch {
	case l.at[start] < 0:
		return fmt.Errorf("%w start", errMissing)
	case l.at[srcAddr] < 0 && l.at[pktSrcAddr] < 0:
		return fmt.Errorf("%w srcaddr or pkt-srcaddr", errMissing)
	case l.at[dstAddr] < 0 && l.at[pktDstAddr] < 0:
		return fmt.Errorf("%w dstaddr or pkt-dstaddr", errMissing)
	}
	return nil
}

// override lets the user say which column, by name or number, carries a field.
func (l *layout) override(field, col string) error {
	i := slices.Index(l.names, col)
	if i < 0 {
		n, err := strconv.Atoi(col)
		if err != nil || n < 1 || n > len(l.names) {
			return fmt.Errorf("no such column (columns: %s)", strings.Join(l.names, ", "))
		}
		i = n - 1
	}
	f := columns.ByName(field)
	if f == columns.None {
		return fmt.Errorf("%q is no field (known: %s)", field, strings.Join(columns.Names(), ", "))
	}
	done := false
	for c := range columnCount {
		if canonical[c].field != f {
			continue
		}
		if l.at[c] = -1; !done { // the first of two takes it, the other goes
			l.at[c], done = i, true
		}
	}
	if !done {
		return fmt.Errorf("an AWS flow log has no field %s", field)
	}
	return nil
}

// fields is what the columns can carry.
func (l *layout) fields() (has flow.Fields) {
	for c := range columnCount {
		if l.at[c] >= 0 {
			has |= canonical[c].has
		}
	}
	return has
}

// explain describes the columns in use.
func (l *layout) explain() []string {
	how := "no header, documented order"
	switch {
	case l.header != nil:
		how = "names by the header"
	case l.given:
		how = "no header, order by --fields"
	}
	out := []string{fmt.Sprintf("awsvpc: %d columns, %s; times in seconds since 1970", len(l.names), how)}
	used := make([]bool, len(l.names))
	for c := range columnCount {
		if i := l.at[c]; i >= 0 {
			used[i] = true
			to := "(no flow unless OK)"
			if canonical[c].has != 0 {
				to = canonical[c].field.String()
			}
			out = append(out, fmt.Sprintf("%-9s ← column %d %q", to, i+1, l.names[i]))
		}
	}
	var rest []string
	for i, n := range l.names {
		if !used[i] {
			rest = append(rest, strconv.Quote(n))
		}
	}
	if len(rest) > 0 {
		out = append(out, "not used: "+strings.Join(rest, ", "))
	}
	return out
}
