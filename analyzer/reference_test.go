package analyzer_test

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// The five core detectors once more, slow and obvious: no batches, no
// numbering, no incremental percentile. The property test compares the engine
// with this.

// A row is a flow of a test trace.
type row struct {
	at       int64 // nanoseconds since 1970
	proto    string
	state    string
	src, dst netip.Addr
	sport    uint16
	dport    uint16
	up, down uint64
}

// settings are the parameters of a reference run.
type settings struct {
	lateness   int64
	list       []netip.Prefix
	percentile int // thousandths
	minHosts   int
	minPorts   int
	limit      int
	separate   bool
	window     int64
	features   []string
	fence      int // thousandths
}

var popular = []uint16{80, 8080, 443, 22, 53, 123, 143, 993}

// reference returns the alerts on a trace, a line each, in order.
func reference(rows []row, s settings) []string {
	ref := &ref{s: s, firstUse: map[string]bool{}, users: map[string]int{}, merged: map[netip.Addr]*known{}, asDst: map[netip.Addr]*known{}, windows: map[int64][]int{}}
	ref.rows = rows
	if !s.separate {
		ref.asDst = ref.merged
	}
	var watermark int64
	for i, r := range rows {
		n := i + 1
		ref.basic(n, r)
		ref.blacklist(n, r)
		ref.portActivity(n, r)
		ref.portFanout(n, r)
		if i == 0 || r.at > watermark {
			watermark = r.at
		}
		closedBefore := watermark - s.lateness // windows that end by then are over
		ref.closeWindows(closedBefore)
		start := floorDiv(r.at, s.window) * s.window
		if start+s.window > closedBefore {
			ref.windows[start] = append(ref.windows[start], i)
		}
	}
	ref.closeWindows(1 << 62)
	return ref.out
}

type known struct {
	ports    map[uint16]bool
	up, down uint64
	flows    int
	many     bool
	over     bool
}

type ref struct {
	s        settings
	rows     []row
	out      []string
	firstUse map[string]bool
	users    map[string]int
	merged   map[netip.Addr]*known
	asDst    map[netip.Addr]*known
	windows  map[int64][]int // start → rows
}

func (f *ref) alert(format string, args ...any) { f.out = append(f.out, fmt.Sprintf(format, args...)) }

func (f *ref) basic(n int, r row) {
	if r.dport == 0 || r.dport == 81 || r.dport == 82 {
		f.alert("basic interesting-port row=%d port=%d", n, r.dport)
	}
	if r.dst == netip.MustParseAddr("255.255.255.255") {
		zero := netip.MustParseAddr("0.0.0.0")
		if !(r.proto == "udp" && r.src == zero && r.sport == 68 && r.dport == 67) {
			kind := "local-gateway"
			if r.src == zero {
				kind = "dhcp"
			}
			f.alert("basic broadcast-destination row=%d kind=%s", n, kind)
		}
	}
	if r.up == 0 && r.down == 0 {
		f.alert("basic zero-bytes row=%d", n)
	}
	if private(r.src) && private(r.dst) {
		f.alert("basic private-pair row=%d", n)
	}
}

func private(a netip.Addr) bool {
	for _, p := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"} {
		if netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}

func (f *ref) blacklist(n int, r row) {
	for _, end := range []struct {
		role string
		ip   netip.Addr
	}{{"src", r.src}, {"dst", r.dst}} {
		for _, p := range f.s.list {
			if p.Contains(end.ip) {
				f.alert("blacklist blacklisted row=%d %s=%s", n, end.role, end.ip)
				break
			}
		}
	}
}

func (f *ref) portActivity(n int, r row) {
	if slices.Contains(popular, r.dport) {
		return
	}
	for _, end := range []struct {
		role string
		ip   netip.Addr
	}{{"dst", r.dst}, {"src", r.src}} {
		key := fmt.Sprint(r.dport, end.role, end.ip)
		group := fmt.Sprint(r.dport, end.role)
		if !f.firstUse[key] {
			f.firstUse[key] = true
			f.alert("port-activity first-use row=%d port=%d %s=%s before=%d", n, r.dport, end.role, end.ip, f.users[group])
			f.users[group]++
		}
	}
}

func (f *ref) portFanout(n int, r row) {
	for _, end := range []struct {
		role     string
		ip       netip.Addr
		up, down uint64
		all      map[netip.Addr]*known
	}{{"src", r.src, r.up, r.down, f.merged}, {"dst", r.dst, r.down, r.up, f.asDst}} {
		h := end.all[end.ip]
		if h == nil {
			h = &known{ports: map[uint16]bool{}}
			end.all[end.ip] = h
		}
		h.ports[r.dport] = true
		h.up += end.up
		h.down += end.down
		h.flows++
		var counts []int
		for _, k := range end.all {
			counts = append(counts, len(k.ports))
		}
		sort.Ints(counts)
		const den = 100_000
		i, rem := f.s.percentile*(len(counts)-1)/den, f.s.percentile*(len(counts)-1)%den
		scaled := den * counts[i]
		if rem > 0 {
			scaled += (counts[i+1] - counts[i]) * rem
		}
		if !h.many && !slices.Contains(popular, r.dport) && den*len(h.ports) > scaled &&
			len(counts) >= f.s.minHosts && len(h.ports) >= f.s.minPorts {
			h.many = true
			f.alert("port-fanout too-many-ports row=%d %s=%s ports=%d threshold=%.6g hosts=%d flows=%d up=%d down=%d",
				n, end.role, end.ip, len(h.ports), float64(scaled)/den, len(counts), h.flows, h.up, h.down)
		}
		if !h.over && len(h.ports) > f.s.limit {
			h.over = true
			f.alert("port-fanout over-100-ports row=%d %s=%s ports=%d flows=%d up=%d down=%d", n, end.role, end.ip, len(h.ports), h.flows, h.up, h.down)
		}
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (f *ref) closeWindows(watermark int64) {
	var due []int64
	for start := range f.windows {
		if start+f.s.window <= watermark {
			due = append(due, start)
		}
	}
	slices.Sort(due)
	for _, start := range due {
		f.judge(start, f.windows[start])
		delete(f.windows, start)
	}
}

func (f *ref) judge(start int64, rows []int) {
	type pair struct{ src, dst netip.Addr }
	type values struct {
		ports map[uint16]bool
		v     map[string]uint64
	}
	var order []pair
	pairs := map[pair]*values{}
	for _, i := range rows {
		r := f.rows[i]
		k := pair{r.src, r.dst}
		p := pairs[k]
		if p == nil {
			p = &values{map[uint16]bool{}, map[string]uint64{}}
			pairs[k] = p
			order = append(order, k)
		}
		p.ports[r.dport] = true
		p.v["dst_ports"] = uint64(len(p.ports))
		p.v["connections"]++
		p.v["src_bytes"] += r.up
		p.v["dst_bytes"] += r.down
	}
	if len(order) < 2 {
		return
	}
	fired := map[pair][]string{}
	for _, feature := range f.s.features {
		var sorted []int64
		for _, k := range order {
			sorted = append(sorted, int64(pairs[k].v[feature]))
		}
		slices.Sort(sorted)
		quartile := func(k int) int64 { // times 4
			i, rem := k*(len(sorted)-1)/4, k*(len(sorted)-1)%4
			q := 4 * sorted[i]
			if rem > 0 {
				q += (sorted[i+1] - sorted[i]) * int64(rem)
			}
			return q
		}
		q1, q3 := quartile(1), quartile(3)
		for _, k := range order {
			v := 4 * int64(pairs[k].v[feature])
			reach := int64(f.s.fence) * (q3 - q1)
			if 1000*v < 1000*q1-reach || 1000*v > 1000*q3+reach {
				fired[k] = append(fired[k], feature)
			}
		}
	}
	for _, k := range order {
		if fs := fired[k]; fs != nil {
			v := pairs[k].v
			f.alert("iqr-outlier outlier window=%d src=%s dst=%s features=%s dst_ports=%d connections=%d src_bytes=%d dst_bytes=%d",
				start, k.src, k.dst, strings.Join(fs, ","), v["dst_ports"], v["connections"], v["src_bytes"], v["dst_bytes"])
		}
	}
}
