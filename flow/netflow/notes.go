package netflow

import (
	"fmt"
	"slices"
	"strings"

	"seine/flow"
)

// A tally counts what the notes tell at the end.
type tally struct {
	versions uint8 // bit p for protocol p
	twice    bool  // flows are metered at ingress and at egress
	rates    uint64

	sampled, clock, negative, old, noBoot, untimed, undated uint64
	addressless, events, counters, foreign, paired, refused uint64
	waited, misfits                                         uint64
	lost                                                    struct{ sets, bytes uint64 }
	lostIDs                                                 []uint16 // the first few
	others, fragments                                       uint64   // packets
}

// lose counts a set of data that no template was found for.
func (t *tally) lose(id uint16, bytes int) {
	t.lost.sets++
	t.lost.bytes += uint64(bytes)
	if len(t.lostIDs) < 8 && !slices.Contains(t.lostIDs, id) {
		t.lostIDs = append(t.lostIDs, id)
	}
}

// note tells src what was met in so many rows.
func (t *tally) note(src *flow.Source, rows uint64) {
	var names []string
	for p := netflow5; p <= sflow5; p++ {
		if t.versions&(1<<p) != 0 {
			names = append(names, p.String())
		}
	}
	if len(names) > 0 {
		src.Note("export by " + strings.Join(names, ", "))
	}
	if t.twice {
		src.Note("flows are metered at ingress and at egress: what passes through the exporter may be counted twice")
	}
	for _, n := range []struct {
		count uint64
		text  string
	}{
		{t.paired, "records tell both directions of a flow"},
		{t.sampled, "records are of sampled traffic: bytes and packets are multiplied by the sampling rate and so are estimates, and short flows are missing"},
		{t.lost.sets, "sets of data have no template in this input and could not be read (" + t.lostData() + "): exporters repeat templates every few minutes, so begin the capture earlier, or give the files of one capture as one"},
		{t.waited, "sets of data came before their template, and were read once it had come"},
		{t.misfits, "of the sets that waited do not fit the template that came"},
		{t.refused, "templates were more than are kept at a time, and their data could not be read"},
		{t.undated, "datagrams are dated before 1990 or after 2100: the time of their capture is taken for that of their export"},
		{t.untimed, "records carry no time that can be used: that of their export is taken"},
		{t.noBoot, "records tell times by the exporter's uptime, and when it started is not told: they are held to end when they were exported"},
		{t.clock, "records end more than an hour off their export, a fault of the exporter's clock: times are moved so that the first ends when it is exported"},
		{t.old, "records begin more than a week before they end: the start is not believed, the end is taken for it"},
		{t.negative, "records end before they start: duration taken as 0"},
		{t.addressless, "records have no addresses and were skipped"},
		{t.events, "records are events of a firewall or of address translation, not flows, and were skipped"},
		{t.counters, "sFlow samples are counters of interfaces and were skipped"},
		{t.foreign, "sFlow samples hold no IP packet and were skipped"},
		{t.others, "packets of the capture are no flow export and were skipped"},
		{t.fragments, "packets are fragments of larger ones, which are not put together"},
	} {
		if n.count > 0 {
			src.Note(fmt.Sprintf("%d %s", n.count, n.text))
		}
	}
}

func (t *tally) lostData() string {
	ids := make([]string, len(t.lostIDs))
	for i, id := range t.lostIDs {
		ids[i] = fmt.Sprint(id)
	}
	return fmt.Sprintf("%d bytes, templates %s", t.lost.bytes, strings.Join(ids, ", "))
}
